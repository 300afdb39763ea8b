"""The feed of a derived source: complete values of an indicator, by region as resolved, become its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from metrics.conclude import Concluded
from metrics.conclusion import Told
from metrics.derived_source import rows_of
from metrics.family import Family
from metrics.intake import Intake
from metrics.measured import Mask
from metrics.observation import Batch
from metrics.occasion import Occasion
from metrics.plan import IndicatorPlan, Plan
from metrics.publication import Publication
from metrics.record import Stood
from metrics.region import LEVELS, Region, Regions
from metrics.values import Values
from metrics.wholeness import is_whole


class DerivedFeed:
    """One indicator version whose values are rows of a source. A correction of a window is a correction of its rows:
    they can change for as long as the window can."""

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

    @cached_property
    def family(self) -> _Inner:
        """Whoever says it; made at the first step, when a checkpoint is loaded."""
        return _Inner([self.publication])

    def rows(self, intakes: Mapping[str, Intake], occasion: Occasion) -> list[tuple[int, Batch]]:
        """The complete windows that were concluded since the last call, oldest first, each with all its rows."""
        family = self.family
        family.folded = {}
        family.publish(intakes, occasion)
        found = []
        for end, folded in sorted(family.folded.items()):
            if not family.records[end].completed:
                continue
            if all(is_whole(part, intakes, end) for part in family.plan.measures):
                found.append((end, self._batch(end, folded)))
            else:  # what is computed from a part of a window is no row; what is computed from rows lacks it
                intakes[self.source].begin_at(end)
        return found

    def _batch(self, end: int, folded: Mask) -> Batch:
        stood = self.publication.stood(end)
        assert stood is not None  # noqa: S101  # it was published just now
        split = bool(self.publication.plan.indicator.dimensions)
        at = [place for place, (_, values) in enumerate(stood.groups) if (values is not None) == split]
        rows = Concluded(
            [stood.groups[place] for place in at], stood.value[:, at], stood.known[:, at], stood.samples[:, at],
            stood.quality[:, at], folded[None, at],
        )  # fmt: skip
        return rows_of(self.source, self.publication.plan.indicator, [end], rows)


class _Inner(Family):
    """A family that nobody sees. `folded`: of each window concluded, the groups into which a row was folded."""

    folded: dict[int, Mask]

    def _say(self, told: Told, ends: Sequence[int], stood: Stood | None, occasion: Occasion) -> list[Values]:
        self.folded |= dict(zip(ends, told.present.copy(), strict=True))
        return super()._say(told, ends, stood, occasion)
