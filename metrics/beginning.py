"""The beginning of an indicator that counts readings beside something else: none of its windows ends before them.

Registered pumps that nobody has heard of yet are not pumps that stand still: 0 of 45 would be a claim about a time of
which nothing is known. So windows end at the earliest when each of its sources of readings has been there for one
period, in which every entity has its turn. A feed that falls silent later is another matter: that is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from metrics.intake import Intake
from metrics.plan import IndicatorPlan
from metrics.watermark import BEGINNING


def begin_ms(plan: IndicatorPlan, intakes: Mapping[str, Intake]) -> int | None:
    """The earliest end of a window, BEGINNING where nothing stands in its way; None while a source that it counts has
    never been heard. Only readings with a declared period, counted beside another source, have such a beginning."""
    begin = BEGINNING
    if len(plan.watched) < 2:
        return begin
    for name in plan.watched:
        source, first = intakes[name].source, intakes[name].first_ms
        if source.kind != "readings" or not source.period_ms or source.indicator_of:
            continue
        if first is None:
            return None
        begin = max(begin, first + source.period_ms)
    return begin
