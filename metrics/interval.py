"""Intervals that keep their promise: the two ends follow what really happened until the stated share falls between.

Each end is a quantile tracked online in units that the caller gives (adaptive conformal inference: I. Gibbs, E. Candès,
2021; the quantile tracking of A. Angelopoulos, E. Candès, R. Tibshirani, 2023). An end moves out by a factor when a
value falls beyond it and back by a much smaller one when not; over n values the share of misses differs from the stated
one by at most |change of the logarithm| / (gain n), whatever the distribution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 0.95
GAIN = 0.06  # an end moves out 6 % at a miss: it finds a change within a day or two, and trembles by about 2 %
YOUNG_GAIN = 0.3  # added to the gain of the first values
YOUNG = 30.0  # values after which the added gain is halved
START = 3.0  # where ends begin, in mean absolute errors; 97.5 % of a normal error lie below 2.46
LIMITS = (-7.0, 7.0)  # of the logarithm: an error that is always zero must not lead to underflow


class Interval:
    """The ends below and above for an array of series; `shape` is any shape, `start` in the caller's units."""

    def __init__(self, shape: tuple[int, ...], start: float = START) -> None:
        self.below = np.full(shape, np.log(start), np.float32)
        self.above = np.full(shape, np.log(start), np.float32)
        self.seen = np.zeros(shape, np.float32)

    def ends(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How far the interval reaches below and above the expected value, in the caller's units."""
        return np.exp(self.below), np.exp(self.above)

    def learn(self, known: NDArray[np.bool_], below: NDArray[np.bool_], above: NDArray[np.bool_]) -> None:
        """Which values are known, and which of them fell below or above the ends that were stated for them."""
        tail = np.float32((1 - SHARE) / 2)
        gain = known * (np.float32(GAIN) + np.float32(YOUNG_GAIN) / (1 + self.seen / np.float32(YOUNG)))
        self.below += gain * (below - tail)
        self.above += gain * (above - tail)
        np.clip(self.below, *LIMITS, out=self.below)
        np.clip(self.above, *LIMITS, out=self.above)
        self.seen += known

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The memory: three arrays of the shape."""
        return {"below": self.below, "above": self.above, "seen": self.seen}
