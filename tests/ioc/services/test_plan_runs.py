"""Runs of plans: what follows holds with what it follows from; rules begin a plan once for an incident."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from ioc.domain.response import ResponsePlan
from ioc.packs.handling import handling
from ioc.queries.audit import verify
from ioc.queries.screens import board
from ioc.services import deliveries, dossiers, messages, plan_runs, responses
from ioc.services.dossiers import Received
from ioc.services.plan_keeper import Planner
from ioc.services.refusals import PlanRefused
from ioc.store.message_tables import MessageRow
from ioc.store.outbox_table import OutboxRow
from ioc.store.plan_tables import PlanEventRow, PlanRunRow, PlanStepRow
from ioc.store.unit import Store
from metrics.clock import WorldClock
from metrics.world import World

T = 1_788_192_000_000
MINUTE = 60_000
REAL = T + 90 * 24 * 60 * MINUTE  # when the exercise is played
TABLES = handling()
CYCLE = TABLES.cycles["incident"]
LOOKED: dict[str, Any] = {"depth_cm": 38, "trapped": 2, "road": "翠竹路"}


class NoBus:
    """The live world needs none."""


def planner(store: Store) -> Planner:
    return Planner(store, NoBus(), TABLES)  # type: ignore[arg-type]


def flooded(store: Store, title: str = "东门老街内涝", **more: Any) -> dossiers.Dossier:
    what = Received("incident", title, T, **{"class_": "natural", "level": 2, "region": "440303003", **more})
    return dossiers.receive(store, CYCLE, what, by="li", now_ms=T)


def run_of(store: Store, dossier_id: str) -> PlanRunRow:
    with store.read() as unit:
        return unit.scalars(select(PlanRunRow).where(PlanRunRow.dossier_id == dossier_id)).one()


def phases(store: Store, run_id: str) -> dict[str, str]:
    with store.read() as unit:
        rows = unit.scalars(select(PlanStepRow).where(PlanStepRow.run_id == run_id))
        return {row.step_id: row.phase for row in rows}


def sent(store: Store, run_id: str) -> dict[str, list[str]]:
    """Cause without the run -> to whom."""
    found: dict[str, list[str]] = {}
    with store.read() as unit:
        for row in unit.scalars(select(MessageRow).where(MessageRow.cause.startswith(f"plan:{run_id}:"))):
            found.setdefault(row.cause.split(":", 2)[2], []).append(row.recipient)
    return {cause: sorted(whom) for cause, whom in found.items()}


def do(store: Store, run_id: str, step: str, at: int, **said: Any) -> None:
    plan_runs.complete(store, TABLES, run_id, step, said, by="li", now_ms=T + at, real_ms=T + at)


def test_a_rule_begins_a_plan_once_for_an_incident_whatever_number_of_keepers_look(store: Store):
    found = flooded(store)
    flooded(store, "路灯不亮", level=1)
    keepers = [planner(store) for _ in range(4)]
    threads = [threading.Thread(target=one.turn, args=(T + 1,)) for one in keepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    planner(store).turn(T + 5_000)
    with store.read() as unit:
        rows = unit.scalars(select(PlanRunRow)).all()
    assert [(row.dossier_id, row.plan_id, row.cause) for row in rows] == [(found.id, "flood", "incident")]
    assert phases(store, rows[0].id)["verify"] == "open"
    assert verify(store)[1] == []


def test_a_step_its_messages_and_its_record_hold_together_and_data_go_on_to_later_steps(store: Store):
    found = flooded(store)
    planner(store).turn(T)
    run = run_of(store, found.id)
    do(store, run.id, "verify", MINUTE, **LOOKED)
    assert {name for name, phase in phases(store, run.id).items() if phase == "open"} == {
        "respond", "drain", "close_road", "evacuate",
    }  # fmt: skip
    assert sent(store, run.id) == {
        "respond:act": ["role:leader"], "drain:act": ["org:水务局"], "close_road:act": ["org:交警大队"],
        "evacuate:act": ["post:subdistrict:440303003", "role:duty"],
    }  # fmt: skip
    with store.read() as unit:
        body = unit.scalar(select(MessageRow.body).where(MessageRow.recipient == "org:交警大队")) or ""
        records = unit.scalars(select(OutboxRow).where(OutboxRow.source == "plan_step")).all()
    assert body.startswith("翠竹路 积水 38 cm，请封闭并设绕行。")
    newest = {row.entity: json.loads(row.fields) for row in records}
    assert newest[f"{run.id}:verify"]["done_at"] == str(T + MINUTE)
    assert newest[f"{run.id}:drain"]["due"] == str(T + MINUTE + 10 * MINUTE)
    shown = board(store, T + MINUTE).shown("main", (), T + MINUTE)
    assert shown is not None
    assert (shown.view.scene, shown.title) == ("emergency", "预案 防汛应急预案")
    assert verify(store)[1] == []


def test_receipts_end_an_order_and_the_response_ends_the_step_that_asked_for_it(store: Store):
    found = flooded(store)
    keeper = planner(store)
    keeper.turn(T)
    run = run_of(store, found.id)
    do(store, run.id, "verify", MINUTE, **LOOKED)
    with store.read() as unit:
        ids = unit.scalars(select(MessageRow.id).where(MessageRow.recipient == "org:水务局")).all()
    messages.answer(store, ids[0], by="li", now_ms=T + 2 * MINUTE)
    plan: ResponsePlan = TABLES.plans["flood"]
    responses.order(
        store, plan, 1, why="积水", version=0, permissions=["response.order"], by="wang", now_ms=T + 2 * MINUTE,
        dossier_id=found.id,
    )  # fmt: skip
    keeper.turn(T + 2 * MINUTE)
    now = phases(store, run.id)
    assert (now["drain"], now["drain_call"], now["respond"], now["notice"]) == ("done", "omitted", "done", "open")


def test_what_is_late_is_told_once_and_the_step_in_reserve_takes_its_place(store: Store):
    found = flooded(store)
    keeper = planner(store)
    keeper.turn(T)
    run = run_of(store, found.id)
    do(store, run.id, "verify", 0, **LOOKED)
    for minute in (9, 10, 11, 12):
        keeper.turn(T + minute * MINUTE)
        planner(store).turn(T + minute * MINUTE)
    assert phases(store, run.id)["drain_call"] == "open"
    assert sent(store, run.id)["drain:late"] == ["role:leader"]
    do(store, run.id, "drain_call", 13 * MINUTE, pumps=3)
    assert (phases(store, run.id)["drain"], phases(store, run.id)["drain_call"]) == ("replaced", "done")


def test_of_a_hundred_who_do_one_step_the_first_counts(store: Store):
    found = flooded(store)
    planner(store).turn(T)
    run = run_of(store, found.id)
    outcomes: list[str] = []

    def one() -> None:
        try:
            do(store, run.id, "verify", MINUTE, **LOOKED)
            outcomes.append("done")
        except PlanRefused as refused:
            outcomes.append(refused.field)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["state"] * 19
    assert {cause: len(whom) for cause, whom in sent(store, run.id).items()}["drain:act"] == 1


def test_an_incident_that_is_closed_ends_its_runs_and_frees_the_walls(store: Store):
    found = flooded(store)
    keeper = planner(store)
    keeper.turn(T)
    run = run_of(store, found.id)
    do(store, run.id, "verify", 0, **LOOKED)
    dossiers.act(
        store, CYCLE, found.id, "void", {"reason": "误报"}, version=found.version, permissions=["incident.handle"],
        by="li", now_ms=T + MINUTE,
    )  # fmt: skip
    keeper.turn(T + MINUTE)
    ended = run_of(store, found.id)
    assert (ended.phase, ended.ended_ms) == ("cancelled", T + MINUTE)
    assert board(store, T + MINUTE).claims == ()
    keeper.turn(T + 60 * MINUTE)
    assert run_of(store, found.id).number == ended.number
    with pytest.raises(PlanRefused):
        do(store, run.id, "drain", 2 * MINUTE)


def test_evidence_that_is_missing_and_a_step_that_nobody_may_take_back_are_refused_by_name(store: Store):
    found = flooded(store)
    planner(store).turn(T)
    run = run_of(store, found.id)
    with pytest.raises(PlanRefused) as refused:
        do(store, run.id, "verify", MINUTE, depth_cm=10)
    assert refused.value.field == "trapped"
    do(store, run.id, "verify", MINUTE, **LOOKED)
    plan_runs.take_back(store, TABLES, run.id, "verify", by="li", now_ms=T + 2 * MINUTE, real_ms=T + 2 * MINUTE)
    do(store, run.id, "verify", 3 * MINUTE, depth_cm=5, trapped=0)
    assert phases(store, run.id)["close_road"] == "omitted"
    assert len(sent(store, run.id)["drain:act"]) == 1
    with pytest.raises(PlanRefused) as refused:
        plan_runs.take_back(store, TABLES, run.id, "verify", by="li", now_ms=T + 9 * MINUTE, real_ms=T + 9 * MINUTE)
    assert refused.value.field == "undo"


def test_by_hand_a_plan_is_started_beside_what_goes_on_and_again_after_it_has_ended(store: Store):
    found = flooded(store, "东门停电", class_="accident", level=0)
    planner(store).turn(T)
    times: dict[str, Any] = {"by": "li", "now_ms": T, "real_ms": T}
    first = plan_runs.start(store, TABLES, "crowd", found.id, **times)
    with pytest.raises(PlanRefused):
        plan_runs.start(store, TABLES, "crowd", found.id, **times)
    plan_runs.cancel(store, TABLES, first, "误启动", **times)
    assert plan_runs.start(store, TABLES, "crowd", found.id, **times) != first
    with store.read() as unit:
        assert unit.scalar(select(func.count()).select_from(PlanEventRow).where(PlanEventRow.run_id == first)) == 2


def test_an_exercise_takes_no_wall_of_the_city(store: Store):
    found = flooded(store, world="rain")
    run_id = plan_runs.start(store, TABLES, "flood", found.id, by="li", now_ms=T, real_ms=T)
    do(store, run_id, "verify", MINUTE, **LOOKED)
    assert phases(store, run_id)["wall"] == "done"
    assert board(store, T + MINUTE).claims == ()
    with store.read() as unit:
        assert set(unit.scalars(select(MessageRow.world))) == {"rain"}


class Bus:
    """Knows one exercise, that runs at sixty times the real time."""

    def hgetall(self, _key: str) -> dict[str, str]:
        world = World("rain", "exercise", WorldClock(event_ms=T, real_ms=REAL, speed=60.0))
        return {world.id: world.to_json()}


def test_in_an_exercise_steps_are_late_by_its_clock_and_messages_are_written_by_that_of_people(store: Store):
    found = flooded(store, world="rain")
    keeper = Planner(store, Bus(), TABLES)  # type: ignore[arg-type]
    keeper.turn(REAL)
    run = run_of(store, found.id)
    plan_runs.complete(store, TABLES, run.id, "verify", LOOKED, by="li", now_ms=T, real_ms=REAL)
    keeper.turn(REAL + 9_000)  # nine minutes of the exercise: the pumps have ten
    assert phases(store, run.id)["drain_call"] == "waiting"
    keeper.turn(REAL + 10_000)
    assert phases(store, run.id)["drain_call"] == "open"
    with store.read() as unit:
        told = unit.execute(
            select(MessageRow.world, MessageRow.made_ms).where(MessageRow.cause.contains("drain"))
        ).all()
        asked = unit.scalars(select(OutboxRow.at_ms).where(OutboxRow.entity == f"{run.id}:drain_call")).all()
    assert sorted(told)[0] == ("rain", REAL)
    assert sorted(told)[-1] == ("rain", REAL + 10_000)
    assert list(asked)[-1] == T + 10 * MINUTE
    asked_of: list[str] = []

    def ways(_recipient: str, _kinds: Sequence[str], world: str) -> tuple[str, ...]:
        asked_of.append(world)
        return ("letters",)

    deliveries.remind(store, ways, MINUTE, 3, REAL + 10_000)
    assert set(asked_of) == {"rain"}  # so that only channels that take exercises are named


def test_an_exercise_that_is_gone_goes_on_no_more(store: Store):
    found = flooded(store, world="storm")
    Planner(store, Bus(), TABLES).turn(REAL)  # type: ignore[arg-type]
    with store.read() as unit:
        assert unit.scalar(select(func.count()).select_from(PlanRunRow).where(PlanRunRow.dossier_id == found.id)) == 0
