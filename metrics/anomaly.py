"""Anomalies of many series at once: each value is judged by the values of its series before it, in one pass.

A value leaves several traces: it is off the time of day's habit, at once or for a while; its spread or its movement
changes; its level moves; it lies where values are rare. Each trace is measured in standard deviations of its own past
(`residuals`), the root of their mean square is the surprise, and `episode` turns surprises into alarms: a surprise
counts only while it is the highest of its episode (refractory period), and less the more often the series did the like
before. What is left is mapped to a score 0..1 whose middle is the one threshold of all series.

The idea of judging residuals by their own distribution, not values by a band: Lavin and Ahmad, "Evaluating real-time
anomaly detection algorithms: the Numenta Anomaly Benchmark" (2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.anomaly_episode import Episodes
from metrics.anomaly_residual import SLOTS, YOUNG, Residuals

__all__ = ["ALARM_SCORE", "SLOTS", "STATE_VERSION", "YOUNG", "Detector", "Judgement", "UnknownStateVersion"]

STATE_VERSION = 2
ALARM_SCORE = 0.5  # one threshold for all series
_NEWS = 0.6
"""What is left of a surprise at the threshold: the middle of those about equally good on the benchmark."""


class UnknownStateVersion(ValueError):
    """A stored state was written by another version of the detector."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One value of each series, judged; all of shape (series,).

    `expected`, `low`, `high`: what the series' past made likely (95 %), NaN before its second value. `score` 0..1, 0
    also for a series without a value; `alarm` where the score reaches `ALARM_SCORE`.
    """

    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    score: NDArray[np.float64]
    alarm: NDArray[np.bool_]


class Detector:
    """The state of `series` series. Serialisable as plain arrays, can grow, draws no random numbers."""

    def __init__(self, series: int) -> None:
        self._residuals = Residuals(series)
        self._episodes = Episodes(series)

    @property
    def series(self) -> int:
        """How many series it holds."""
        return self._residuals.series

    def step(self, values: NDArray[np.float64], slots: NDArray[np.int64] | int) -> Judgement:
        """Judge one value of each series by those before it, then learn it.

        `values` (series,); NaN, infinite or beyond 1e150: no value, nothing is learnt. `slots`: the time of day of
        each value (or of all), 0 .. SLOTS - 1, see `slot_of`. Values that come late or twice are judged in the order
        given.
        """
        found = self._residuals.step(values, slots)
        left = self._episodes.step(found.surprise, found.age, found.known)
        score = left / (left + _NEWS)
        return Judgement(found.expected, found.low, found.high, score, score >= ALARM_SCORE)

    def grow(self, series: int) -> None:
        """Make room for `series` series; the new ones know nothing. Raises ValueError if it holds more already."""
        if series < self.series:
            raise ValueError(f"a detector of {self.series} series cannot become one of {series}")
        self._residuals.grow(series)
        self._episodes.grow(series)

    def state(self) -> dict[str, NDArray[np.float64]]:
        """All that is remembered, as float64 arrays by name; copies. The series are the last axis."""
        kept = {"version": np.array([float(STATE_VERSION)])}
        for part, arrays in self._parts().items():
            kept.update({f"{part}.{name}": array.astype(np.float64) for name, array in arrays.items()})
        return kept

    @classmethod
    def restored(cls, state: Mapping[str, NDArray[np.float64]]) -> Detector:
        """The detector that `state()` was taken from. Raises UnknownStateVersion, KeyError, ValueError (shapes)."""
        version = state["version"].tolist()
        if version != [float(STATE_VERSION)]:
            raise UnknownStateVersion(f"anomaly state of version {version}, this is version {STATE_VERSION}")
        made = cls(int(state["residual.seen"].shape[-1]))
        for part, arrays in made._parts().items():
            for name, array in arrays.items():
                stored = state[f"{part}.{name}"]
                if stored.shape != array.shape:
                    raise ValueError(f"anomaly state {part}.{name}: shape {stored.shape}, expected {array.shape}")
                array[...] = stored
        return made

    def _parts(self) -> dict[str, Mapping[str, NDArray[Any]]]:
        residuals = self._residuals
        return {"residual": residuals.arrays, "band": residuals.interval.arrays(), "episode": self._episodes.arrays}


def slot_of(local_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """The time of day as a slot 0 .. SLOTS - 1, of local time in ms."""
    day_ms = 86_400_000
    return np.asarray(local_ms % day_ms * SLOTS // day_ms, np.int64)
