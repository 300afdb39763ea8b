"""Runs of plans: started, their steps done, skipped, failed, taken back, cancelled.

Each of these is one transaction with what follows from it: steps, messages, scenes, records, its event and its entry in
the audit. Of two who do one step the first counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.plan import Plan
from ioc.domain.plan_run import (
    Cancel,
    Complete,
    Effect,
    Event,
    Fail,
    Over,
    Skip,
    State,
    StepRefused,
    TakeBack,
    Tick,
    advance,
    begun,
)
from ioc.domain.plan_values import EvidenceRefused
from ioc.packs.handling import Handling
from ioc.packs.plan_library import kept_plan
from ioc.security import identity
from ioc.services import plan_effects, plan_state
from ioc.services.audit import record
from ioc.services.desk_news import Change, note
from ioc.services.plan_library import InForce, in_force
from ioc.services.refusals import DossierRefused, PlanRefused, UnknownDossier, UnknownPlan
from ioc.store.dossier_tables import DossierRow
from ioc.store.plan_tables import PlanEventRow, PlanRunRow, PlanStepRow
from ioc.store.unit import Store

MOST_WHY: Final = 200
OVER: Final = frozenset({"closed", "reviewed", "evaluated", "void"})  # stages at which an incident asks for no step
WHY: Final[Mapping[str, tuple[str, str]]] = {
    "unknown": ("没有这个步骤。", "There is no such step."),
    "state": ("此步骤现在不能这样办理，可能已被他人办理。", "It cannot be done now; somebody may have been faster."),
    "over": ("此次运行已结束。", "This run has ended."),
    "receipt": ("还有人未回执。", "Not everybody has answered."),
    "undo": ("已过 5 分钟，不能撤销。", "It can be taken back for five minutes only."),
    "gone_on": ("后续步骤已办理，不能撤销。", "What comes after it was done already."),
    "reason": ("须写明理由。", "A reason must be said."),
    "missing": ("还须填写。", "Something must be entered."),
    "type": ("填写的不合规。", "It is of another kind."),
    "range": ("超出范围。", "It is out of its range."),
    "choice": ("须为选项之一。", "It must be one of the choices."),
    "long": ("过长。", "It is too long."),
}  # fmt: skip


def start(
    store: Store, tables: Handling, plan_id: str, dossier_id: str, *, by: str, now_ms: int, real_ms: int
) -> str:  # fmt: skip
    """Begin a plan for an incident by hand; gives the run. Raises UnknownPlan, UnknownDossier, PlanRefused where one of
    this plan goes on for it already."""
    with store.write() as unit:
        found = in_force(unit).get(plan_id)
        if found is None:
            raise UnknownPlan(plan_id)
        dossier = _dossier(unit, dossier_id)
        if dossier.ended_ms is not None or dossier.stage in OVER or dossier.merged_into:
            raise PlanRefused("dossier", "此事件已办结。", "The incident has ended.")
        going = select(PlanRunRow.id).where(
            PlanRunRow.dossier_id == dossier_id, PlanRunRow.plan_id == plan_id, PlanRunRow.phase == "running"
        )
        if unit.scalar(going) is not None:
            raise PlanRefused("plan", "此预案已在为该事件运行。", "This plan goes on for the incident already.")
        row = begin_in(unit, tables, found, dossier, once="", cause="hand", by=by, now_ms=now_ms, real_ms=real_ms)
        return row.id


def begin_in(
    unit: Session, tables: Handling, found: InForce, dossier: DossierRow | None, *, once: str, cause: str, by: str,
    now_ms: int, real_ms: int, world: str = "",
) -> PlanRunRow:  # fmt: skip
    """Begin a run within a unit. `once`: what may start it once, empty where a person may start it again. Raises
    IntegrityError where another process was faster."""
    plan, run_id = found.plan, identity.new_id()
    row = PlanRunRow(
        id=run_id, world=dossier.world if dossier else world, dossier_id=dossier.id if dossier else None,
        plan_id=plan.id, version=found.version, body=found.text, once=once or run_id, cause=cause, by_name=by,
        phase="running", why="", level=0, response=0, facts="{}", number=0, started_ms=now_ms, ended_ms=None,
    )  # fmt: skip
    unit.add(row)
    unit.flush()
    for name in plan.steps:
        unit.add(
            PlanStepRow(
                run_id=run_id, step_id=name, phase="waiting", opened_ms=None, due_ms=None, ended_ms=None, by_name="",
                why="", late=False, called=False, receipts=False, fired="", said="{}",
            )
        )  # fmt: skip
    unit.flush()
    state, effects = advance(plan, begun(plan), plan_state.known(unit, row, dossier, plan), now_ms)
    _keep(unit, tables, plan, row, dossier, state, effects, ("start", "", by, {"cause": cause}), now_ms, real_ms)
    return row


def complete(
    store: Store, tables: Handling, run_id: str, step: str, said: Mapping[str, Any], *, by: str, now_ms: int,
    real_ms: int,
) -> None:  # fmt: skip
    """A step is done, with its evidence. Raises UnknownPlan, PlanRefused that names the field."""
    _person(store, tables, run_id, Complete(step, by, said), ("complete", step, by, dict(said)), now_ms, real_ms)


def skip(
    store: Store, tables: Handling, run_id: str, step: str, why: str, *, by: str, now_ms: int, real_ms: int
) -> None:
    """A step is not needed, and why. Raises as `complete`."""
    _person(store, tables, run_id, Skip(step, by, why[:MOST_WHY]), ("skip", step, by, {"why": why}), now_ms, real_ms)


def fail(
    store: Store, tables: Handling, run_id: str, step: str, why: str, *, by: str, now_ms: int, real_ms: int
) -> None:
    """A step was refused or cannot be done: its fallback follows. Raises as `complete`."""
    _person(store, tables, run_id, Fail(step, by, why[:MOST_WHY]), ("fail", step, by, {"why": why}), now_ms, real_ms)


def take_back(store: Store, tables: Handling, run_id: str, step: str, *, by: str, now_ms: int, real_ms: int) -> None:
    """A step that a person ended is open again, within five minutes. Raises as `complete`."""
    _person(store, tables, run_id, TakeBack(step, by), ("take_back", step, by, {}), now_ms, real_ms)


def cancel(store: Store, tables: Handling, run_id: str, why: str, *, by: str, now_ms: int, real_ms: int) -> None:
    """End a run before its steps are. Raises as `complete`."""
    _person(store, tables, run_id, Cancel(by, why[:MOST_WHY]), ("cancel", "", by, {"why": why}), now_ms, real_ms)


def go_on(store: Store, tables: Handling, run_id: str, now_ms: int, real_ms: int) -> bool:
    """What follows from the time and from what is known now; whether anything did. Nothing of a run that has ended."""
    with store.write() as unit:
        row = _run(unit, run_id)
        if row.phase != "running":
            return False
        plan, dossier = kept_plan(row.body), _dossier(unit, row.dossier_id) if row.dossier_id else None
        rows = plan_state.rows_of(unit, run_id)
        before = plan_state.state_of(row, rows)
        over = dossier is not None and (dossier.ended_ms is not None or dossier.stage in OVER or dossier.merged_into)
        events: list[Event] = [plan_state.known(unit, row, dossier, plan), Over() if over else Tick()]
        state, effects = before, list[Effect]()
        for event in events:
            state, more = advance(plan, state, event, now_ms)
            effects += more
        if state == before and not effects:
            return False
        if state.steps == before.steps and state.phase == before.phase:  # it knows more, nothing happened
            plan_state.write(unit, plan, row, rows, state, now_ms)
            return False
        said: tuple[str, str, str, Mapping[str, Any]] = ("over" if over else "go_on", "", "", {})
        _keep(unit, tables, plan, row, dossier, state, effects, said, now_ms, real_ms)
        return True


def world_of(store: Store, run_id: str) -> tuple[str, str | None]:
    """(world, dossier) of a run. Raises UnknownPlan."""
    with store.read() as unit:
        row = unit.get(PlanRunRow, run_id)
    if row is None:
        raise UnknownPlan(run_id)
    return row.world, row.dossier_id


def _person(  # noqa: PLR0917
    store: Store, tables: Handling, run_id: str, event: Event, said: tuple[str, str, str, Mapping[str, Any]],
    now_ms: int, real_ms: int,
) -> None:  # fmt: skip
    with store.write() as unit:
        row = _run(unit, run_id)
        plan, dossier = kept_plan(row.body), _dossier(unit, row.dossier_id) if row.dossier_id else None
        state = plan_state.state_of(row, plan_state.rows_of(unit, run_id))
        try:
            state, before = advance(plan, state, plan_state.known(unit, row, dossier, plan), now_ms)
            state, after = advance(plan, state, event, now_ms)
        except StepRefused as refused:
            zh, en = WHY[refused.why]
            raise PlanRefused(refused.why, zh, en) from None
        except EvidenceRefused as refused:
            zh, en = WHY[refused.why]
            raise PlanRefused(refused.field, zh, en) from None
        _keep(unit, tables, plan, row, dossier, state, (*before, *after), said, now_ms, real_ms)


def _keep(  # noqa: PLR0917 - everything that holds together
    unit: Session, tables: Handling, plan: Plan, row: PlanRunRow, dossier: DossierRow | None, state: State,
    effects: Sequence[Effect], said: tuple[str, str, str, Mapping[str, Any]], now_ms: int, real_ms: int,
) -> None:  # fmt: skip
    what, step, by, more = said
    plan_state.write(unit, plan, row, plan_state.rows_of(unit, row.id), state, now_ms)
    row.number = int(unit.scalar(select(func.max(PlanEventRow.number)).where(PlanEventRow.run_id == row.id)) or 0) + 1
    unit.add(
        PlanEventRow(
            run_id=row.id, number=row.number, event=what, step_id=step, by_name=by, at_ms=now_ms,
            said=json.dumps(dict(more), ensure_ascii=False, sort_keys=True),
            effects=",".join(each.key for each in effects)[:400],
        )
    )  # fmt: skip
    unit.flush()
    plan_effects.carry_out(unit, tables, plan, row, dossier, state, effects, real_ms)
    if row.phase != "running":
        plan_effects.free_walls(unit, row)
    detail = {
        "plan": row.plan_id, "version": row.version, "run": row.id, "step": step, "said": dict(more),
        "effects": [each.key for each in effects], "phase": row.phase,
    }  # fmt: skip
    record(unit, f"plan.{what}", row.dossier_id or row.id, now_ms, detail, world=row.world)
    note(unit, Change(row.world, "plan", row.dossier_id or row.id, row.number, dossier.region if dossier else ""))


def _run(unit: Session, run_id: str) -> PlanRunRow:
    row = unit.scalar(
        select(PlanRunRow).where(PlanRunRow.id == run_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownPlan(run_id)
    return row


def _dossier(unit: Session, dossier_id: str) -> DossierRow:
    row = unit.scalar(
        select(DossierRow)
        .where(DossierRow.id == dossier_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownDossier(dossier_id)
    if row.kind != "incident":
        raise DossierRefused("kind", "只有突发事件有预案。", "Plans are for incidents.")
    return row
