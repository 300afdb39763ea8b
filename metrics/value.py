"""A published value: what the engine says of one indicator, group and window, and its form on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import Literal

import msgpack

VERSION = 1
Quality = Literal["complete", "provisional", "stale", "no_data"]
Level = Literal["blue", "yellow", "orange", "red"]


class UnknownValueVersion(ValueError):
    """Values were written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value as published.

    `region` is a region code, or empty: the ungrouped total when the definition has no regions, else the rows whose
    region is unknown. `dims` are the values of the extra dimensions, in declared order, each as (name, value). Times
    are ms UTC, the window is [start, end). `value` is None exactly when `quality` is `no_data`. `same_time_1d` is the
    complete value one local day earlier, None where there is none. `origin` is the least real of the sources it was
    computed from (simulated < recorded < real).
    """

    indicator: str
    version: int
    region: str
    dims: tuple[tuple[str, str], ...]
    window_start: int
    window_end: int
    value: float | None
    quality: Quality
    samples: int
    revision: int = 0
    level: Level | None = None
    same_time_1d: float | None = None
    origin: str = "real"

    @property
    def series(self) -> str:
        """The name of the line this value belongs to, e.g. `T2r|440303|road=深南东路`."""
        return _series(self.indicator, self.region, self.dims)


_row = attrgetter(*(spec.name for spec in fields(Value)))  # ten times as fast as `astuple`, which copies


def series_id(indicator: str, region: str, dims: Sequence[tuple[str, str]] = ()) -> str:
    """`indicator|region|name=value,...`: unique, because ids and codes hold neither `|` nor `=`."""
    return f"{indicator}|{region}|{','.join(f'{name}={value}' for name, value in dims)}"


_series = lru_cache(maxsize=1 << 16)(series_id)  # a value is asked for it three times on its way; when full, some 20 MB


def pack_values(values: Iterable[Value]) -> bytes:
    """msgpack of [version, [row, ...]]; a row lists the fields of Value in order."""
    packed: bytes = msgpack.packb([VERSION, [_row(value) for value in values]])
    return packed


def unpack_values(payload: bytes) -> list[Value]:
    """Inverse of pack_values. Raises UnknownValueVersion when another version wrote the payload."""
    version, rows = msgpack.unpackb(payload)
    if version != VERSION:
        raise UnknownValueVersion(f"value version {version!r} is not {VERSION}")
    return [
        Value(indicator, number, region, tuple((name, text) for name, text in dims), *rest)
        for indicator, number, region, dims, *rest in rows
    ]
