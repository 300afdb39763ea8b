"""Live conclusions: the values of windows from their measures, from what stands, and from what is known of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from metrics.conclude import Alike, Codes, Concluded, Given, conclude
from metrics.formula import names
from metrics.intake import Intake
from metrics.measured import Answer, Counts, Mask, Numbers
from metrics.occasion import Moment, Occasion
from metrics.plan import IndicatorPlan
from metrics.reference import Asked, Here, Known, References
from metrics.region import Regions
from metrics.region_fold import fold_up, folded_columns
from metrics.standing import Standing
from metrics.wholeness import is_whole

Rounded = Callable[[Numbers, Mask], Numbers]  # values, shape (members, windows, groups), as published ones


@dataclass(slots=True)
class Told:
    """Conclusions for the members of a family: `value` (rounded), `raw` (before that), `known` and `quality` of shape
    (members, windows, groups), `samples` and `present` of shape (windows, groups)."""

    value: Numbers
    raw: Numbers
    known: Mask
    quality: Codes
    samples: Counts
    present: Mask

    def at(self, place: int) -> Told:
        """Those of one window."""
        some = slice(place, place + 1)
        return Told(
            self.value[:, some], self.raw[:, some], self.known[:, some], self.quality[:, some], self.samples[some],
            self.present[some],
        )  # fmt: skip


class Conclusion:
    """Concludes indicator versions of one family. `standing`: what has been said by all; `always`: groups below this
    code have a value whether or not a row was folded into them."""

    def __init__(self, plans: Sequence[IndicatorPlan], regions: Regions, always: int, standing: Standing) -> None:
        self.plan = plans[0]
        self.regions = regions
        self.standing = standing
        self._always = always
        self._alike = Alike([plan.indicator for plan in plans])
        self._references = references_of(self.plan)

    def conclude(
        self,
        answer: Answer,
        ends: Sequence[int],
        intakes: Mapping[str, Intake],
        occasion: Occasion,
        rounded: Rounded,
    ) -> Told:
        """The values of windows. `rounded` makes them published ones."""
        stale = np.array([self._stale(intakes, end, occasion.moment) for end in ends], np.bool_)
        early = np.array([self._before_start(intakes, end) for end in ends], np.bool_)
        given = Given(answer.groups, ends, answer.measures, answer.present, stale=stale, early=early)
        if self._references or self.plan.indicator.rollup is not None:
            return self._alone(given, occasion, rounded)
        drawn = self._alike.draw(given)
        value = rounded(drawn.value, drawn.known)
        return Told(value, drawn.value, drawn.known, drawn.quality, drawn.samples, answer.present)

    def _alone(self, given: Given, occasion: Occasion, rounded: Rounded) -> Told:
        """One with references or a roll-up: it has no other in its family."""
        indicator, ends, present = self.plan.indicator, given.ends, given.present
        always = np.zeros(present.shape, np.bool_)
        always[:, : self._always] = True
        references: Mapping[str, Known] = {}
        referenced: Sequence[Concluded] = ()
        if self._references:
            form = "tree" if self.plan.has_region else "none"
            asked = Asked(form, indicator.dimensions, indicator.levels)  # type: ignore[arg-type]
            here = Here(indicator, ends, asked, given.groups, given.measures, present | always)
            resolved = References(here, self.standing, self.regions, occasion.entered)
            resolved.resolve()
            references, referenced = resolved.columns, resolved.referenced
            if not indicator.measures:
                for other in referenced:
                    present = present | other.present
        raw = np.zeros(present.shape)

        def rounding(value: Numbers, known: Mask) -> Numbers:
            raw[:] = value
            found: Numbers = rounded(value[None], known[None])[0]
            return found

        own = conclude(
            indicator,
            replace(given, present=present, references=references, referenced=referenced, rounding=rounding),
        )
        if indicator.rollup is None:
            return _told(own, raw)
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
        return _told(folded, raw)

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
                stale = intake.presence.newest_before(end, end - stale_after) is None
            if stale:
                return True
        return False


def references_of(plan: IndicatorPlan) -> frozenset[str]:
    """What its formula asks of others: regions, entries, earlier values, other indicators."""
    own = {one.measure.name for one in plan.measures} | set(plan.indicator.constants or {})
    return names(plan.indicator.formula) - own


def _told(one: Concluded, raw: Numbers) -> Told:
    return Told(one.value[None], raw[None], one.known[None], one.quality[None], one.samples, one.present)
