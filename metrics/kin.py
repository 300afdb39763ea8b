"""Kin: which publications are of one shape, so that one family says them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence, Set

from metrics.conclusion import references_of
from metrics.publication import Publication


def kin(publications: Sequence[Publication], derived: Set[str]) -> list[list[Publication]]:
    """Publications that read the same measures of the same windows, and stand where the others do; each where its first
    one stood, so that what others refer to still comes before them. `derived`: sources that are values of indicators.
    """
    versions = Counter(one.plan.indicator.id for one in publications)
    found: dict[Hashable, list[Publication]] = {}
    for at, one in enumerate(publications):
        alone = versions[one.plan.indicator.id] > 1 or _is_alone(one) or bool(derived & set(one.plan.reads))
        found.setdefault(at if alone else (_shape(one), _progress(one)), []).append(one)
    return list(found.values())


def _is_alone(one: Publication) -> bool:
    """Whether something of it depends on more than its measures, its formula and its limits."""
    indicator = one.plan.indicator
    judged_on_z = indicator.thresholds is not None and indicator.thresholds.on == "z"
    return judged_on_z or one.outlook is not None or indicator.rollup is not None or bool(references_of(one.plan))


def _shape(one: Publication) -> Hashable:
    plan, indicator = one.plan, one.plan.indicator
    return (
        id(one.deriver.groups), one.deriver.shape, tuple(part.measure.name for part in plan.measures), indicator.window,
        indicator.levels, indicator.min_samples, indicator.samples, indicator.valid_from_ms, plan.until_ms,
        plan.sources, plan.watched, plan.patience_ms, plan.inner,
    )  # fmt: skip


def _progress(one: Publication) -> Hashable:
    agenda = one.agenda
    return (
        agenda.cursor_ms, agenda.started, frozenset(agenda.waiting),
        frozenset((end, record.completed) for end, record in one.records.items()),
    )  # fmt: skip
