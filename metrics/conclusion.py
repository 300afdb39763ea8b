"""Live conclusions: the values of windows from their measures, from what stands, and from what is known of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from metrics.conclude import Concluded, Given, conclude
from metrics.formula import names
from metrics.intake import Intake
from metrics.measured import Answer, Mask, Numbers
from metrics.occasion import Moment, Occasion
from metrics.plan import IndicatorPlan
from metrics.reference import Asked, Here, Known, References
from metrics.region import Regions
from metrics.region_fold import fold_up, folded_columns
from metrics.standing import Standing
from metrics.wholeness import is_whole

Rounded = Callable[[Numbers, Mask, int], Numbers]  # values of one window as published ones


class Conclusion:
    """Concludes one indicator version. `standing` is given when all publications are there; `always`: groups below
    this code have a value whether or not a row was folded into them."""

    def __init__(self, plan: IndicatorPlan, regions: Regions, always: int) -> None:
        self.plan = plan
        self.regions = regions
        self.standing: Standing | None = None
        self._always = always
        indicator = plan.indicator
        self._references = names(indicator.formula) - {one.measure.name for one in plan.measures}
        self._references -= set(indicator.constants or {})

    def conclude(
        self,
        answer: Answer,
        ends: Sequence[int],
        intakes: Mapping[str, Intake],
        occasion: Occasion,
        rounded: Rounded,
    ) -> tuple[Concluded, Numbers]:
        """The values of windows, and what they were before they were rounded; arrays of shape (windows, groups)."""
        indicator = self.plan.indicator
        present = answer.present
        always = np.zeros(present.shape, np.bool_)
        always[:, : self._always] = True
        references: Mapping[str, Known] = {}
        referenced: Sequence[Concluded] = ()
        if self._references:
            assert self.standing is not None  # noqa: S101  # the state has given it
            form = "tree" if self.plan.has_region else "none"
            asked = Asked(form, indicator.dimensions, indicator.levels)  # type: ignore[arg-type]
            here = Here(indicator, ends, asked, answer.groups, answer.measures, present | always)
            resolved = References(here, self.standing, self.regions, occasion.entered)
            resolved.resolve()
            references, referenced = resolved.columns, resolved.referenced
            if not indicator.measures:
                for other in referenced:
                    present = present | other.present
        raw = np.zeros(present.shape)

        def rounding(value: Numbers, known: Mask) -> Numbers:
            raw[:] = value
            return np.stack([rounded(value[at], known[at], end) for at, end in enumerate(ends)])

        stale = np.array([self._stale(intakes, end, occasion.moment) for end in ends], np.bool_)
        early = np.array([self._before_start(intakes, end) for end in ends], np.bool_)
        own = conclude(
            indicator,
            Given(answer.groups, ends, answer.measures, present, references, referenced, stale, early, rounding),
        )
        if indicator.rollup is None:
            return own, raw
        level, grouped = indicator.rollup.level, self.plan.has_region
        columns = folded_columns(own.groups, self.regions, level, grouped=grouped)
        inside = [
            at for at, (code, _) in enumerate(own.groups) if code in self.regions and self.regions[code].level == level
        ]
        below = Concluded(
            [own.groups[at] for at in inside], own.value[:, inside], own.known[:, inside], own.samples[:, inside],
            own.quality[:, inside], own.present[:, inside],
        )  # fmt: skip
        folded = fold_up(indicator, own, columns, below, self.regions)
        raw[:, columns] = folded.value[:, columns]
        return folded, raw

    def _before_start(self, intakes: Mapping[str, Intake], end: int) -> bool:
        """Whether a window of a measure begins before its source is complete, or before its state is whole."""
        for part in self.plan.measures:
            since = intakes[part.measure.source].source.since_ms
            if since is not None and part.window.kind != "all" and part.window.first(end) < since:
                return True
            if not is_whole(part, intakes, end):
                return True
        return False

    def _stale(self, intakes: Mapping[str, Intake], end: int, moment: Moment) -> bool:
        """Whether a source of a measure has no row in [end - stale_after, end); of an open window: asked now."""
        for name in self.plan.watched:
            intake = intakes[name]
            stale_after = intake.source.stale_after_ms
            if stale_after is None:
                continue
            if end > max(moment.clock_ms, moment.mark_ms):
                stale = intake.watermark.newest_ms < min(end, moment.clock_ms) - stale_after
            else:
                stale = intake.newest_before(end, end - stale_after) is None
            if stale:
                return True
        return False
