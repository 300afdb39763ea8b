"""Runs of plans between their rows and `ioc.domain.plan_run`: read, written, and told as records of their world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.plan import Plan, Value
from ioc.domain.plan_run import Known, State, StepState
from ioc.services import outbox
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import MessageRow
from ioc.store.plan_tables import PlanRunRow, PlanStepRow
from ioc.store.response_tables import ResponseRow

RECORD: Final = "plan_step"  # the source of E12
COUNTED: Final = frozenset({"open", "done", "failed", "replaced"})  # what was owed


def rows_of(unit: Session, run_id: str) -> dict[str, PlanStepRow]:
    """The steps of a run, by id."""
    return {row.step_id: row for row in unit.scalars(select(PlanStepRow).where(PlanStepRow.run_id == run_id))}


def state_of(row: PlanRunRow, rows: Mapping[str, PlanStepRow]) -> State:
    """The run as the state machine has it."""
    values: dict[str, Value] = {}
    for each in rows.values():
        values |= json.loads(each.said)
    return State(
        cast(Any, row.phase), row.level, json.loads(row.facts), row.response, values,
        frozenset(each.step_id for each in rows.values() if each.receipts),
        {
            each.step_id: StepState(
                cast(Any, each.phase), each.opened_ms, each.due_ms, each.ended_ms, each.by_name, each.why, each.late,
                each.called,
            )
            for each in rows.values()
        },
        frozenset(f"{each.step_id}:{kind}" for each in rows.values() for kind in each.fired.split(",") if kind),
        row.why,
    )  # fmt: skip


def write(  # noqa: PLR0917 - what a run is kept in
    unit: Session, plan: Plan, row: PlanRunRow, rows: Mapping[str, PlanStepRow], state: State, now_ms: int
) -> None:
    """Bring the rows to a state, and tell the record of each step whose clock or end is another."""
    row.phase, row.why, row.level, row.response = state.phase, state.why[:200], state.level, state.response
    row.facts = json.dumps(dict(state.facts), ensure_ascii=False, sort_keys=True)
    row.ended_ms = None if state.phase == "running" else row.ended_ms or now_ms
    for name, each in state.steps.items():
        kept = rows[name]
        before = (kept.phase in COUNTED and kept.due_ms, kept.ended_ms)
        kept.phase, kept.opened_ms, kept.due_ms, kept.ended_ms = each.phase, each.opened_ms, each.due_ms, each.ended_ms
        kept.by_name, kept.why, kept.late, kept.called = each.by, each.why[:200], each.late, each.called
        kept.receipts = name in state.receipts
        kept.fired = ",".join(kind for kind in ("act", "late", "refused") if f"{name}:{kind}" in state.fired)
        names = [evidence.name for evidence in plan.steps[name].evidence]
        said = {key: state.values[key] for key in names if key in state.values}
        kept.said = json.dumps(said, ensure_ascii=False, sort_keys=True)
        if (kept.phase in COUNTED and kept.due_ms, kept.ended_ms) != before:
            _tell(unit, row, kept, now_ms)
    unit.flush()


def known(unit: Session, row: PlanRunRow, dossier: DossierRow | None, plan: Plan) -> Known:
    """What is known of the incident of a run now."""
    response = unit.get(ResponseRow, (row.world, plan.response), populate_existing=True) if plan.response else None
    facts: dict[str, Any] = json.loads(dossier.facts) if dossier else {}
    if dossier is not None:
        facts |= {"class": dossier.class_, "region": dossier.region, "stage": dossier.stage}
    level = dossier.level if dossier else response.level if response else 0
    return Known(level, facts, response.level if response else 0, answered(unit, row))


def answered(unit: Session, row: PlanRunRow) -> frozenset[str]:
    """The steps of a run whose messages nobody has to answer any more."""
    asked = (
        select(MessageRow.cause)
        .where(*of_run(row.id, row.dossier_id), MessageRow.asks)
        .group_by(MessageRow.cause)
        .having(func.count() == func.count(func.coalesce(MessageRow.answered_ms, MessageRow.stopped_ms)))
    )
    return frozenset(cause.split(":")[2] for cause in unit.scalars(asked) if cause.endswith(":act"))


def of_run(run_id: str, dossier_id: str | None) -> tuple[Any, ...]:
    """The messages of a run: those of its incident are found by its index."""
    same = MessageRow.dossier_id == dossier_id if dossier_id else MessageRow.dossier_id.is_(None)
    return same, MessageRow.cause.startswith(f"plan:{run_id}:")


def _tell(unit: Session, row: PlanRunRow, step: PlanStepRow, now_ms: int) -> None:
    owed = step.phase in COUNTED
    fields = {
        "step_id": f"{row.id}:{step.step_id}", "changed_at": now_ms, "incident": row.dossier_id or row.id,
        "due": step.due_ms if owed else None, "done_at": step.ended_ms if step.phase == "done" else None,
    }  # fmt: skip
    outbox.put(unit, row.world, RECORD, f"{row.id}:{step.step_id}", now_ms, fields, now_ms)
