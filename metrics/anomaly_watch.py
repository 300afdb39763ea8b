"""The watch over anomalies: which of them stand, when one is told, and when it is over; arrays of shape (series,).

Two must agree: the detector calls a value an anomaly, and that value, or one within `CALM_MS` of it, lies outside of
its band. An anomaly is told once. While it stands nothing more is told of its series; it is over when the values have
lain in their band for `CALM_MS`, at the latest `LONGEST_MS` after the detector's last word. For how long what follows
is an echo and no news at all is the detector's (`metrics.anomaly_episode`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.window import DAY_MS, HOUR_MS

NONE = -(2**62)  # no anomaly stands
CALM_MS = HOUR_MS  # of known values in the band, one behind the other
CALM_STEPS = 3  # but not fewer values
LONGEST_MS = DAY_MS  # a level that stays where it went is no anomaly any more

Mask = NDArray[np.bool_]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Turns:
    """What changed at one instant: the places that began, those that are over, and when these had begun."""

    began: NDArray[np.intp]
    over: NDArray[np.intp]
    begun: Times


class Watch:
    """The anomalies of `series` series with a value each `step_ms`."""

    def __init__(self, step_ms: int, series: int) -> None:
        self.begun = np.full(series, NONE, np.int64)
        self.newest = np.full(series, NONE, np.int64)  # when the detector spoke last
        self.calm = np.zeros(series, np.int64)  # values in the band, one behind the other
        self._enough = max(CALM_STEPS, -(-CALM_MS // step_ms))

    @property
    def standing(self) -> Mask:
        """Where an anomaly stands."""
        found: Mask = self.begun > NONE
        return found

    def step(self, end: int, known: Mask, anomalous: Mask, inside: Mask) -> Turns:
        """The values of an instant (ms UTC): which are known, which the detector calls anomalies, which lie in
        their band."""
        stood = self.standing
        self.calm[known] += 1
        self.calm[known & (~inside | anomalous)] = 0
        self.newest[known & anomalous] = end
        over = stood & ((self.calm >= self._enough) | (end - self.newest >= LONGEST_MS))
        began = known & ~inside & (end - self.newest < CALM_MS) & ~stood
        turns = Turns(np.flatnonzero(began), np.flatnonzero(over), self.begun[over])
        self.begun[over] = NONE
        self.begun[began] = end
        return turns

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The memory."""
        return {"begun": self.begun, "newest": self.newest, "calm": self.calm}
