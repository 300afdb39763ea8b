"""An entry of the hash `outlook`: the band, the forecast and the newest judgement of one series, and its form there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgpack

VERSION = 2
READABLE = (1, 2)  # version 1 has none of the fields that have a default


class UnknownOutlookVersion(ValueError):
    """An entry was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class OutlookEntry:
    """What is normal of a series, what comes, and how its newest window was judged; times are ms UTC, window ends.

    `version`: of the indicator. `band`: (end, expected, low, high, cold) of the window that ends at `at`, of the next
    one, and of those of the forecast; 95 of 100 values lie between low and high, `cold`: learnt from too little,
    therefore wide; the numbers are None while nothing was known. `forecast`: (end, value, low, high), said at
    `forecast_at`. `score` 0..1: how much of an anomaly the window at `at` is. `anomaly`: when the anomaly that stands
    began, None: none does. `corrected`: windows of the indicator that were corrected after they had been judged.
    `origin` as of `metrics.value.Value`.

    `usual`: (end, low, high, cold), the band at the times of the day that ends at `at`, as it is known now. `member`,
    `value`: of which group of the indicator the forecast is, as (dimension, text), and its value at `at`; nothing where
    it is of the whole (`metrics.climb`). `leads`: the whole stands where that group does, as a greatest value does.
    """

    version: int
    at: int
    band: tuple[tuple[int, float | None, float | None, float | None, bool], ...]
    forecast_at: int | None
    forecast: tuple[tuple[int, float, float, float], ...]
    score: float
    anomaly: int | None
    corrected: int
    origin: str
    usual: tuple[tuple[int, float, float, bool], ...] = ()
    member: tuple[tuple[str, str], ...] = ()
    value: float | None = None
    leads: bool = False

    def pack(self) -> bytes:
        """msgpack of the fields by name, and `v`."""
        packed: bytes = msgpack.packb({"v": VERSION} | {name: getattr(self, name) for name in self.__slots__})
        return packed

    @staticmethod
    def unpack(payload: bytes) -> OutlookEntry:
        """Inverse of pack. Raises UnknownOutlookVersion."""
        table: dict[str, Any] = msgpack.unpackb(payload)
        version = table.pop("v", None)
        if version not in READABLE:
            raise UnknownOutlookVersion(f"outlook version {version!r} is not {VERSION}")
        rows = ("band", "forecast", "usual", "member")
        table |= {name: tuple(tuple(row) for row in table[name]) for name in rows if name in table}
        return OutlookEntry(**table)
