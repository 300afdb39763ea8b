"""The feed of a derived source: complete values of an indicator, by region as resolved, become its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metrics.conclude import Concluded
from metrics.derived_source import rows_of
from metrics.intake import Intake
from metrics.observation import Batch
from metrics.occasion import Occasion
from metrics.plan import IndicatorPlan, Plan
from metrics.publication import Publication
from metrics.region import LEVELS, Region, Regions


class DerivedFeed:
    """One indicator version whose values are rows of a source. A correction of a window does not reach the rows that
    were made of it: a reading is what was first said."""

    def __init__(self, part: IndicatorPlan, plan: Plan, source: str) -> None:
        flat = [
            Region(code, "", region.level, region.zh, region.en, region.attributes)
            for code, region in plan.regions.items()
        ]
        indicator = replace(part.indicator, levels=LEVELS, thresholds=None, rollup=None)
        self.source = source
        self.publication = Publication(
            replace(part, indicator=indicator, inner=True), replace(plan, regions=Regions(flat)), {}
        )

    def rows(self, intakes: Mapping[str, Intake], occasion: Occasion) -> list[Batch]:
        """The rows of the windows that are complete since the last call, oldest first."""
        publication = self.publication
        completed = {end for end, record in publication.records.items() if record.completed}
        publication.publish(intakes, occasion)
        now = {end for end, record in publication.records.items() if record.completed}
        return [self._batch(end) for end in sorted(now - completed)]

    def _batch(self, end: int) -> Batch:
        stood = self.publication.stood(end)
        assert stood is not None  # noqa: S101  # it was published just now
        split = bool(self.publication.plan.indicator.dimensions)
        at = [place for place, (_, values) in enumerate(stood.groups) if (values is not None) == split]
        folded = Concluded(
            [stood.groups[place] for place in at], stood.value[:, at], stood.known[:, at], stood.samples[:, at],
            stood.quality[:, at], (stood.present & (stood.samples > 0))[:, at],
        )  # fmt: skip
        return rows_of(self.source, self.publication.plan.indicator, [end], folded)
