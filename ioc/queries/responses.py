"""Response levels for the desk: every plan with its level, how it came to it, and what this person may do with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ioc.domain.response import MARKS, Act, ResponsePlan, act_of, open_levels
from ioc.services.responses import said, standing, steps
from ioc.store.unit import Store


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the level, in words."""

    zh: str
    en: str
    by: str
    at_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Response:
    """A plan's response. `mark`: Ⅳ .. Ⅰ, empty where none stands; `may`: what this person may
    do with it, and the level that it has then."""

    plan: str
    zh: str
    en: str
    level: int
    mark: str
    version: int
    since_ms: int | None
    by: str
    may: tuple[tuple[Act, int], ...]
    steps: tuple[Step, ...]


def responses(
    store: Store, plans: Mapping[str, ResponsePlan], permissions: Collection[str], world: str
) -> tuple[Response, ...]:
    """All plans, the highest level first."""
    now = {row.plan: row for row in standing(store, world)}
    found = []
    for plan in plans.values():
        row = now.get(plan.id)
        level = row.level if row else 0
        told = (
            tuple(Step(*said(one), one.by_name, one.at_ms, one.why) for one in steps(store, plan.id, world))
            if row
            else ()
        )
        version, since_ms, by = (row.version, row.since_ms, row.by_name) if row else (0, None, "")
        may = tuple((act_of(level, each), each) for each in open_levels(plan, level, permissions))
        found.append(Response(plan.id, plan.zh, plan.en, level, MARKS[level], version, since_ms, by, may, told))
    return tuple(sorted(found, key=lambda each: -each.level))
