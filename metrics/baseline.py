"""The seasonal band: between which ends 95 of 100 values of a series lie at this time of this type of day.

The middle is the profile of the series (`metrics.profile`), the ends follow the misses (`metrics.interval`). What is
judged never had a part in the band that judges it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics import memory
from metrics.interval import Interval
from metrics.profile import COLD_DAYS, Profile
from metrics.season import Season

VERSION = 1
COLD_WIDTH = 3.0  # a cold band with no day behind it is so many times as wide

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """`expected`, `low`, `high` in the unit of the series; `cold`: learnt from too little, therefore wide; (series,).

    A series that never had a value has no band: NaN, and cold.
    """

    expected: Numbers
    low: Numbers
    high: Numbers
    cold: NDArray[np.bool_]


class Baseline:
    """The seasonal band of `series` series with a value each `step_ms`."""

    def __init__(self, step_ms: int, series: int) -> None:
        self.season = Season(step_ms)
        self.profile = Profile(self.season, series)
        self.interval = Interval((series,))

    def band(self, time_ms: int) -> Band:
        """The band at an instant (ms UTC), from what has been learnt so far."""
        return self._band(*self._place(time_ms))[0]

    def bands(self, times_ms: Sequence[int]) -> Band:
        """The bands at several instants, from what has been learnt so far: each array (instants, series)."""
        times = np.array(times_ms, np.int64)
        return self._bands(self.season.slot(times), self.season.day_type(times))[0]

    def step(self, time_ms: int, values: Numbers) -> Band:
        """The band at an instant, then learn the values (series,) of that instant; NaN: none."""
        slot, kind = self._place(time_ms)
        band, unit = self._band(slot, kind)
        below, above = self.interval.ends()
        with np.errstate(invalid="ignore"):
            error = (values - band.expected) / unit
            self.interval.learn(np.isfinite(error), error < -below, error > above)
        self.profile.learn(slot, kind, values)
        return band

    def saved(self) -> dict[str, NDArray[Any]]:
        """The memory as plain arrays, a copy."""
        return memory.saved("baseline", VERSION, self._arrays())

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a memory. Raises `metrics.memory.UnknownMemoryVersion`, `DamagedMemory`."""
        memory.restore("baseline", VERSION, self._arrays(), arrays)

    def _place(self, time_ms: int) -> tuple[int, int]:
        time = np.array([time_ms], np.int64)
        return int(self.season.slot(time)[0]), int(self.season.day_type(time)[0])

    def _band(self, slot: int, kind: int) -> tuple[Band, Numbers]:
        """The band, and its unit: the mean absolute error that is expected here."""
        band, unit = self._bands(np.array([slot]), np.array([kind], np.int8))
        return Band(band.expected[0], band.low[0], band.high[0], band.cold[0]), unit[0]

    def _bands(self, slots: NDArray[np.int64], kinds: NDArray[np.int8]) -> tuple[Band, Numbers]:
        """The same of several, (instants, series) each."""
        profile = self.profile
        shape, of_type, of_slot, days = profile.shapes(slots, kinds)
        expected = profile.level + profile.spread * (shape + of_type + of_slot)
        unit = profile.spread * profile.noises(slots)
        below, above = self.interval.ends()
        cold = days < COLD_DAYS
        width = unit * np.where(cold, 1 + (COLD_WIDTH - 1) / (1 + days) ** 2, 1.0)
        doubt = profile.doubt(1.0)
        low, high = expected - np.maximum(width * below, doubt), expected + np.maximum(width * above, doubt)
        return Band(expected, low, high, cold), unit

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.profile.arrays(), **self.interval.arrays()}
