"""What the wall of emergency command tells beside its numbers: the steps of plans that go on, who ordered which
response and when, and the moments of the night. It names no person but by title, and nothing that anybody entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import redis
from sqlalchemy import select

from ioc.domain.attention import Finding
from ioc.domain.audience import Audience
from ioc.queries.dossiers import may_see
from ioc.queries.matters import About, matters
from ioc.queries.plan_runs import runs
from ioc.services.responses import standing, steps
from ioc.store.tables import PersonRow
from ioc.store.unit import Store

MOST_RUNS: Final = 4
MOST_MOMENTS: Final = 60
BACK_MS: Final = 24 * 3_600_000
LEVELS: Final = (None, "blue", "yellow", "orange", "red")
TOLD: Final = ("id", "zh", "en", "phase", "opened", "due", "ended", "late", "overdue", "for")
Json = dict[str, Any]


def plan_steps(
    store: Store, audiences: Mapping[str, Audience], world: str, now_ms: int, within: frozenset[str] | None
) -> list[Json]:
    """The runs of plans that go on, each with its steps in the order of its plan."""
    going = runs(store, audiences, world=world, now_ms=now_ms, state="running", within=within, most=MOST_RUNS)
    return [
        {
            "id": run["id"], "plan": run["plan"], "zh": run["zh"], "en": run["en"], "started": run["started"],
            "done": run["done"], "owed": run["owed"], "late": run["late"],
            "steps": [
                {key: step[key] for key in TOLD}
                | {"owner": {key: step["owner"][key] for key in ("zh", "en")}, "receipts": step["receipts"]}
                for step in run["steps"] if step["phase"] != "omitted"
            ],
        }
        for run in going
    ]  # fmt: skip


def orders(store: Store, world: str) -> list[Json]:
    """The responses that stand by an order of somebody: plan, level, since when, by whom (the title of the account)."""
    stands = [row for row in standing(store, world) if row.level]
    with store.read() as unit:
        asked = select(PersonRow.name, PersonRow.title).where(PersonRow.name.in_({row.by_name for row in stands}))
        titles = {name: title for name, title in unit.execute(asked) if title}
    return [
        {"plan": row.plan, "level": row.level, "since": row.since_ms, "by": titles.get(row.by_name, "")}
        for row in stands
    ]


def moments(
    client: redis.Redis, store: Store, world: str, now_ms: int, within: frozenset[str] | None
) -> list[Json]:  # fmt: skip
    """What happened within a day, the newest first: incidents and warnings that stand, orders of responses. Raises
    RedisError."""
    found = [_matter(*each) for each in matters(client, world, now_ms) if may_see(each[0].region, within)]
    for row in standing(store, world):
        found += [_order(row.plan, each.level, each.at_ms) for each in steps(store, row.plan, world)]
    lately = [each for each in found if now_ms - BACK_MS <= each["at"] <= now_ms]
    return sorted(lately, key=lambda each: -each["at"])[:MOST_MOMENTS]


def _matter(finding: Finding, about: About) -> Json:
    zh, en = about.name
    named = finding.kind == "warning" and about.label
    return {
        "kind": finding.kind, "at": finding.begun_ms, "lv": finding.level, "r": finding.region,
        "zh": about.label if named else zh, "en": about.label if named else en,
    }  # fmt: skip


def _order(plan: str, level: int, at_ms: int) -> Json:
    return {"kind": "response", "at": at_ms, "lv": LEVELS[level], "r": "", "plan": plan, "level": level}
