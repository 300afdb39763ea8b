"""The stated error of the approximate aggregates: what a published value may differ by when it is computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured import Answer, Mask, Measured, Measuring, RegionForm

RANKS = 1.0  # percent of the ranks that a percentile may be off
COUNTED = 0.06  # three standard errors of a count of different values
APPROXIMATE = frozenset({"percentile_approx", "distinct_approx"})


def is_approximate(indicator: Indicator) -> bool:
    """Whether a measure of its own is."""
    return any(measure.agg in APPROXIMATE for measure in indicator.measures)


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
                measures[measure.name] = Measured(found.value * (1 + self.side * COUNTED), found.known, found.rows)
        return replace(answer, measures=measures)

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """As metrics.measured.Measuring."""
        return self.program.stale(source, ends)

    def _bent(self, measure: Measure) -> Measure:
        if measure.agg != "percentile_approx":
            return measure
        p = 50.0 if measure.p is None else measure.p
        return replace(measure, p=min(100.0, max(0.0, p + self.side * RANKS)))
