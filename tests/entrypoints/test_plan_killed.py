"""Two processes that carry a plan are killed at every commit: no step is lost, nothing is told or done twice."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from ioc.packs.handling import handling
from ioc.packs.plan_library import shipped_plans
from ioc.queries.audit import verify
from ioc.services import dossiers, messages, plan_runs, responses
from ioc.services.dossiers import Received
from ioc.services.plan_keeper import Planner
from ioc.services.refusals import PlanRefused, ResponseRefused
from ioc.store import schema
from ioc.store.audit_table import AuditRow
from ioc.store.message_tables import MessageRow
from ioc.store.plan_tables import PlanEventRow, PlanRunRow, PlanStepRow
from ioc.store.unit import Store

pytestmark = pytest.mark.service

T = 1_788_192_000_000
MINUTE = 60_000
TABLES = handling()
PLAN = shipped_plans()["flood"].plan
MOST_ROUNDS = 80


class NoBus:
    """The live world needs none."""


def now_of(store: Store) -> int:
    """The time goes on by a minute with each thing that happens, whoever does it."""
    with store.read() as unit:
        return T + MINUTE * int(unit.scalar(select(func.count()).select_from(PlanEventRow)) or 0)


def work(store: Store) -> bool:
    """One turn of a duty process and of an officer; whether the run has ended. The pumps are never answered for: their
    order comes to be late, and the step in reserve is done."""
    now = now_of(store)
    Planner(store, NoBus(), TABLES).turn(now)  # type: ignore[arg-type]
    with store.read() as unit:
        run = unit.scalar(select(PlanRunRow))
        if run is None:
            return False
        steps = {row.step_id: row.phase for row in unit.scalars(select(PlanStepRow))}
        waiting = unit.scalars(
            select(MessageRow.id).where(
                MessageRow.asks, MessageRow.answered_ms.is_(None), MessageRow.cause.not_like("%:drain:act")
            )
        ).all()
    if run.phase != "running":
        return True
    for message in waiting[:1]:
        messages.answer(store, message, by="li", now_ms=now)
    if steps["respond"] == "open":
        with contextlib.suppress(ResponseRefused):
            responses.order(
                store, TABLES.plans["flood"], 1, why="积水", version=0, permissions=["response.order"], by="wang",
                now_ms=now, dossier_id=run.dossier_id or "",
            )  # fmt: skip
    for name in (name for name, phase in steps.items() if phase == "open" and name not in {"respond", "drain"}):
        said = {
            each.name: 30 if each.kind == "number" else each.choices[0][0] if each.choices else "翠竹路"
            for each in PLAN.steps[name].typed
        }
        try:
            plan_runs.complete(store, TABLES, run.id, name, said, by="li", now_ms=now, real_ms=now)
        except PlanRefused:
            continue
        break
    return False


def victim(url: str, before: int, after: int) -> None:
    """Work until the commit at which this process is killed. Never returns."""
    seen = [0]

    def writes(unit: Session) -> bool:
        return not unit.get_bind().get_execution_options().get("ioc_read", False)  # type: ignore[union-attr]

    def about_to(unit: Session) -> None:
        if writes(unit):
            seen[0] += 1
            if seen[0] == before:
                os.kill(os.getpid(), signal.SIGKILL)

    def has(unit: Session) -> None:
        if seen[0] == after:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, "before_commit", about_to)
    event.listen(Session, "after_commit", has)
    store = Store(url)
    for _ in range(200):
        if work(store):
            break
    os._exit(0)


def test_killed_at_every_commit_a_plan_comes_to_its_end_with_nothing_lost_or_twice(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/ioc.sqlite3"
    store = Store(url)
    schema.upgrade(store)
    what = Received("incident", "东门老街内涝", T, class_="natural", level=3, region="440303003")
    found = dossiers.receive(store, TABLES.cycles["incident"], what, by="li", now_ms=T)
    store.close()
    killed = 0
    for turn in range(MOST_ROUNDS):
        children = []
        for before, after in ((0, 1), (2, 0)) if turn % 2 else ((1, 0), (0, 2)):
            child = os.fork()
            if not child:
                victim(url, before, after)
            children.append(child)
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        killed += ends.count(-signal.SIGKILL)
        if ends == [0, 0]:
            break
    store = Store(url)
    with store.read() as unit:
        run = unit.scalars(select(PlanRunRow)).one()
        steps = {row.step_id: row.phase for row in unit.scalars(select(PlanStepRow))}
        told = Counter(cause.split(":", 2)[2] for cause in unit.scalars(select(MessageRow.cause)))
        events = [(row.event, row.step_id, row.effects) for row in unit.scalars(select(PlanEventRow))]
        audited = unit.scalars(select(AuditRow.action).where(AuditRow.action.startswith("plan."))).all()
    assert (run.phase, run.dossier_id, killed > len(events)) == ("done", found.id, True)
    assert set(steps.values()) <= {"done", "replaced", "omitted"}
    assert (steps["drain"], steps["drain_call"], steps["sum"]) == ("replaced", "done", "done")
    effects = Counter(key for _, _, keys in events for key in keys.split(",") if key)
    assert set(effects.values()) == {1}
    assert {key for key in effects if key.endswith((":late", ":act"))} >= {"drain:act", "drain:late", "wall:act"}
    assert told["drain:act"] == told["drain:late"] == 1
    assert Counter((event_, step) for event_, step, _ in events if step).most_common(1)[0][1] == 1
    assert Counter(audited) == Counter(f"plan.{event_}" for event_, _, _ in events)
    assert verify(store)[1] == []
    store.close()
