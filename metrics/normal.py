"""The normal of a line of windows: for many series their band, the hours to come and their anomalies, window by window.

The band and the detector take in every window. The forecast has steps of a quarter of an hour or, where the grid is
coarser, of the grid: a finer grid would make it remember more and see no further. It takes in the windows that end at
its steps, so that what it forecasts are values of windows, not means of several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics import memory
from metrics.anomaly import STATE_VERSION, Detector, UnknownStateVersion, slot_of
from metrics.anomaly_watch import NONE, Turns, Watch
from metrics.baseline import Band, Baseline
from metrics.clock import LOCAL_OFFSET_MS
from metrics.forecast import Forecaster
from metrics.memory import DamagedMemory, UnknownMemoryVersion
from metrics.window import DAY_MS, HOUR_MS, MINUTE_MS

VERSION = 1
STEP_MS = 15 * MINUTE_MS  # the least step of the forecast
PAUSE_MS = DAY_MS  # a longer gap is not played through window by window
AHEAD_MS = (STEP_MS, 2 * STEP_MS, *(hours * HOUR_MS for hours in range(1, 7)))

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The values (series,) of the window that ends at `end`, NaN: none, as judged by what was known before.

    `score` 0..1 as of `metrics.anomaly.Judgement`; `turns`: anomalies that began or are over.
    """

    end: int
    values: Numbers
    band: Band
    score: Numbers
    turns: Turns


class Normal:
    """What is normal for `series` series with a window each `grid_ms`, which divides a day."""

    def __init__(self, grid_ms: int, series: int) -> None:
        self.grid_ms, self.series = grid_ms, series
        self.step_ms = next(step for step in range(grid_ms, DAY_MS + 1, grid_ms) if step >= STEP_MS and fits(step))
        ahead = sorted({-(-each // self.step_ms) for each in AHEAD_MS})
        self.ahead_ms = np.array(ahead, np.int64) * self.step_ms
        self._baseline = Baseline(grid_ms, series)
        self._forecaster = Forecaster(self.step_ms, series, ahead)
        self._detector = Detector(series)
        self.watch = Watch(grid_ms, series)
        self.forecast = np.full((3, len(ahead), series), np.nan)  # value, low, high: the newest
        self.origin = np.full((), NONE, np.int64)  # the window end that the newest forecast stands on
        self.newest = np.full((), NONE, np.int64)  # the end of the newest window

    @property
    def newest_ms(self) -> int | None:
        """The end of the newest window that was taken in, None while there was none."""
        return int(self.newest) if self.newest > NONE else None

    def follow(self, end: int, values: Numbers) -> list[Judged]:
        """Judge the window that ends at `end` (ms UTC), then learn from it; windows that were left out since the
        newest one are taken for empty, and judged before."""
        newest, nothing = self.newest_ms, np.full(self.series, np.nan)
        left_out: range | tuple[()] = ()
        if newest is not None and end - newest <= PAUSE_MS:
            left_out = range(newest + self.grid_ms, end, self.grid_ms)
        elif newest is not None:
            self._forecaster.pause()
        return [*(self._step(each, nothing) for each in left_out), self._step(end, values)]

    def _step(self, end: int, values: Numbers) -> Judged:
        last = end - 1  # the last millisecond of a window says in which season it lies
        band = self._baseline.step(last, values)
        found = self._detector.step(values, int(slot_of(np.array([last + LOCAL_OFFSET_MS]))[0]))
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            inside = (values >= band.low) & (values <= band.high)
        # what is normal is not known yet: nothing is worth an alarm
        self.newest[...] = end
        turns = self.watch.step(end, known, found.alarm & ~band.cold, inside)
        if (end + LOCAL_OFFSET_MS) % self.step_ms == 0:
            said = self._forecaster.step(last, values)
            self.forecast[...] = said.expected, said.low, said.high
            self.origin[...] = end
        return Judged(end, values, band, found.score, turns)

    def bands(self, ends: Sequence[int]) -> list[Band]:
        """The bands of windows to come, from what is known now."""
        found = self._baseline.bands([end - 1 for end in ends])
        return [Band(*row) for row in zip(found.expected, found.low, found.high, found.cold, strict=True)]

    def saved(self) -> dict[str, NDArray[Any]]:
        """The memory as plain arrays, a copy."""
        kept = {**self._baseline.saved(), **self._forecaster.saved()}
        kept |= {f"detector/{name}": array for name, array in self._detector.state().items()}
        return kept | memory.saved("normal", VERSION, self._arrays())

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a memory. Raises `metrics.memory.UnknownMemoryVersion`, `DamagedMemory`."""
        memory.restore("normal", VERSION, self._arrays(), arrays)
        self._baseline.restore(arrays)
        self._forecaster.restore(arrays)
        prefix = "detector/"
        try:
            self._detector = Detector.restored(
                {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            )
        except UnknownStateVersion as error:
            found = arrays[prefix + "version"]
            raise UnknownMemoryVersion("detector", int(found.flat[0]) if found.size else None, STATE_VERSION) from error
        except (KeyError, ValueError) as error:
            raise DamagedMemory("detector") from error

    def _arrays(self) -> dict[str, NDArray[Any]]:
        watch = {f"watch_{name}": array for name, array in self.watch.arrays().items()}
        return {"forecast": self.forecast, "origin": self.origin, "newest": self.newest, **watch}


def fits(step_ms: int) -> bool:
    """Whether the step divides a day, so that a time of day is a step."""
    return DAY_MS % step_ms == 0
