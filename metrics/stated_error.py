"""The stated error of the approximate aggregates: what a published value may differ by when it is computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured import Answer, Mask, Measured, Measuring, RegionForm

RANKS = 1.0  # percent of the ranks that a percentile may be off
COUNTED = 5 * 1.04 / 4096**0.5  # five standard errors of a count of different values, 8.1 %: beyond is one in a million
COLLIDED = 6
"""Of few different values this many may have fallen into the register of another: of n values in 4,096 registers about
n (n - 1) / 8192 do, of 64 half a one. That more than six do has, by Poisson's law, a probability of 9e-7 at n = 64 and
less below; from 74 on COUNTED is more."""
APPROXIMATE = frozenset({"percentile_approx", "distinct_approx"})


def is_approximate(indicator: Indicator) -> bool:
    """Whether a measure of its own is."""
    return any(measure.agg in APPROXIMATE for measure in indicator.measures)


def room(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a sketch's count may be from so many different values."""
    found: NDArray[np.float64] = np.where(counted > 0, np.maximum(COLLIDED, counted * COUNTED), 0.0)
    return found


@dataclass(frozen=True, slots=True)
class Bent:
    """A program whose approximate measures are off by as much as they may be: `side` 1 upwards, -1 downwards."""

    program: Measuring
    side: int

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        """As metrics.measured.Measuring."""
        bent = replace(indicator, measures=tuple(map(self._bent, indicator.measures)))
        answer = self.program.measure(bent, ends, regions)
        measures = dict(answer.measures)
        for measure in indicator.measures:
            found = measures[measure.name]
            if measure.agg == "distinct_approx":
                least = np.minimum(found.value, 1.0)  # what was seen at all counts as one at least
                off = np.maximum(found.value + self.side * room(found.value), least)
                measures[measure.name] = Measured(off, found.known, found.rows)
        return replace(answer, measures=measures)

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """As metrics.measured.Measuring."""
        return self.program.stale(source, ends)

    def _bent(self, measure: Measure) -> Measure:
        if measure.agg != "percentile_approx":
            return measure
        p = 50.0 if measure.p is None else measure.p
        return replace(measure, p=min(100.0, max(0.0, p + self.side * RANKS)))
