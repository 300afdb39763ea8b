"""Runs of plans for the desk: each as a checklist with what is done, late, under way and next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ioc.domain.audience import Audience
from ioc.domain.plan import Plan, Step
from ioc.domain.plan_run import BY_PERSON, UNDO_MS
from ioc.domain.plan_start import offered
from ioc.packs.plan_library import kept_plan
from ioc.queries.dossiers import may_see
from ioc.services.plan_library import in_force
from ioc.services.plan_state import of_run
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import MessageRow
from ioc.store.plan_tables import PlanEventRow, PlanRunRow, PlanStepRow
from ioc.store.tables import PersonRow
from ioc.store.unit import Store

MOST: Final = 200
Json = dict[str, Any]


def runs(
    store: Store, audiences: Mapping[str, Audience], *, world: str, now_ms: int, dossier_id: str = "",
    state: str = "", within: frozenset[str] | None = None, most: int = MOST,
) -> list[Json]:  # fmt: skip
    """Runs of a world, those that go on first, then the newest; of one incident where it is named."""
    asked = select(PlanRunRow).where(PlanRunRow.world == world)
    if dossier_id:
        asked = asked.where(PlanRunRow.dossier_id == dossier_id)
    if state:
        asked = asked.where((PlanRunRow.phase == "running") == (state == "running"))
    asked = asked.order_by(PlanRunRow.ended_ms.is_not(None), PlanRunRow.started_ms.desc()).limit(most)
    return _read(store, audiences, asked, now_ms, within)


def run(
    store: Store, audiences: Mapping[str, Audience], run_id: str, *, now_ms: int, within: frozenset[str] | None = None
) -> Json | None:
    """One run with its history; None where there is none that the asker may see."""
    found = _read(store, audiences, select(PlanRunRow).where(PlanRunRow.id == run_id), now_ms, within)
    if not found:
        return None
    with store.read() as unit:
        events = unit.scalars(
            select(PlanEventRow).where(PlanEventRow.run_id == run_id).order_by(PlanEventRow.number)
        ).all()
        names = _titles(unit, {each.by_name for each in events})
    found[0]["events"] = [
        {
            "number": each.number, "event": each.event, "step": each.step_id,
            "by": names.get(each.by_name, each.by_name),
            "at": each.at_ms, "said": json.loads(each.said), "effects": [key for key in each.effects.split(",") if key],
        }
        for each in events
    ]  # fmt: skip
    return found[0]


def offers(store: Store, dossier_id: str) -> list[Json]:
    """The plans that may be started for an incident, those for its class and level first."""
    with store.read() as unit:
        row = unit.get(DossierRow, dossier_id)
        plans = in_force(unit)
    if row is None:
        return []
    found = [
        {"id": name, "zh": each.plan.zh, "en": each.plan.en, "version": each.version,
         "fits": offered(each.plan, row.class_, row.level)}
        for name, each in plans.items()
    ]  # fmt: skip
    return sorted(found, key=lambda each: not each["fits"])


def _read(
    store: Store, audiences: Mapping[str, Audience], asked: Select[PlanRunRow], now_ms: int,
    within: frozenset[str] | None,
) -> list[Json]:  # fmt: skip
    with store.read() as unit:
        rows = unit.scalars(asked).all()
        dossiers = {
            each.id: each
            for each in unit.scalars(select(DossierRow).where(DossierRow.id.in_({row.dossier_id for row in rows})))
        }
        rows = [row for row in rows if may_see(_region(dossiers.get(row.dossier_id or "")), within)]
        steps: dict[str, dict[str, PlanStepRow]] = {}
        for step in unit.scalars(select(PlanStepRow).where(PlanStepRow.run_id.in_([row.id for row in rows]))):
            steps.setdefault(step.run_id, {})[step.step_id] = step
        names = _titles(unit, {row.by_name for row in rows} | {s.by_name for of in steps.values() for s in of.values()})
        told = {row.id: _receipts(unit, row) for row in rows}
    return [
        _run(row, dossiers.get(row.dossier_id or ""), steps[row.id], audiences, names, told[row.id], now_ms)
        for row in rows
    ]


def _region(row: DossierRow | None) -> str:
    return row.region if row else ""


def _titles(unit: Session, names: set[str]) -> Mapping[str, str]:
    rows = unit.execute(select(PersonRow.name, PersonRow.title).where(PersonRow.name.in_(names)))
    return {name: title for name, title in rows if title}


def _receipts(unit: Session, row: PlanRunRow) -> Mapping[str, tuple[int, int]]:
    """Step -> (how many have answered, how many were asked)."""
    found: dict[str, tuple[int, int]] = {}
    asked = select(MessageRow.cause, MessageRow.answered_ms).where(*of_run(row.id, row.dossier_id), MessageRow.asks)
    for cause, answered in unit.execute(asked):
        _, _, step, kind = cause.split(":")[:4]
        if kind == "act":
            done, whole = found.get(step, (0, 0))
            found[step] = (done + (answered is not None), whole + 1)
    return found


def _run(  # noqa: PLR0917 - what a run is made of
    row: PlanRunRow, dossier: DossierRow | None, steps: Mapping[str, PlanStepRow], audiences: Mapping[str, Audience],
    names: Mapping[str, str], told: Mapping[str, tuple[int, int]], now_ms: int,
) -> Json:  # fmt: skip
    plan = kept_plan(row.body)
    values: dict[str, Any] = {}
    for each in steps.values():
        values |= json.loads(each.said)
    lines = [
        _step(plan, plan.steps[name], steps[name], audiences, names, told.get(name), values, row, now_ms)
        for name in _ordered(plan)
    ]
    return {
        "id": row.id, "plan": row.plan_id, "version": row.version, "zh": plan.zh, "en": plan.en, "world": row.world,
        "dossier": row.dossier_id, "title": dossier.title if dossier else "", "phase": row.phase, "why": row.why,
        "cause": row.cause, "by": names.get(row.by_name, row.by_name), "started": row.started_ms, "ended": row.ended_ms,
        "number": row.number, "done": sum(each["phase"] in {"done", "replaced"} for each in lines),
        "owed": sum(each["phase"] != "omitted" for each in lines), "late": sum(each["overdue"] for each in lines),
        "steps": lines,
    }  # fmt: skip


def _ordered(plan: Plan) -> Sequence[str]:
    """The steps as they are written, each in reserve behind the one that it stands in for."""
    found: list[str] = []
    for name, step in plan.steps.items():
        if name not in plan.reserve:
            found.append(name)
            found += [one for one in dict.fromkeys((step.late.step, step.refused.step)) if one]
    return list(dict.fromkeys([*found, *plan.steps]))


def _step(  # noqa: PLR0917
    plan: Plan, step: Step, row: PlanStepRow, audiences: Mapping[str, Audience], names: Mapping[str, str],
    told: tuple[int, int] | None, values: Mapping[str, Any], run_row: PlanRunRow, now_ms: int,
) -> Json:  # fmt: skip
    owner = audiences.get(step.owner)
    known = {each.name: each for one in plan.steps.values() for each in one.evidence}
    undo = row.phase in BY_PERSON and bool(row.by_name) and now_ms - (row.ended_ms or 0) <= UNDO_MS
    return {
        "id": step.id, "zh": step.zh, "en": step.en, "phase": row.phase, "opened": row.opened_ms, "due": row.due_ms,
        "ended": row.ended_ms, "late": row.late, "why": row.why, "by": names.get(row.by_name, row.by_name),
        "overdue": row.phase == "open" and row.due_ms is not None and row.due_ms <= now_ms,
        "owner": {"id": step.owner, "zh": owner.zh if owner else step.owner, "en": owner.en if owner else step.owner},
        "after": list(step.after), "for": plan.reserve.get(step.id), "action": step.action.kind,
        "within": step.owed_ms(run_row.level), "waits": step.waits, "called": row.called,
        "receipts": {"answered": told[0], "asked": told[1]} if told else None,
        "response": {"plan": plan.response, "level": step.action.level} if step.action.kind == "response" else None,
        "evidence": [
            {
                "name": each.name, "zh": each.zh, "en": each.en, "kind": each.kind, "unit": each.unit,
                "least": each.least, "most": each.most, "required": each.required,
                "choices": [{"id": one, "zh": zh, "en": en} for one, zh, en in each.choices],
            }
            for each in step.typed
        ],
        "takes": [_named(known[name], values.get(name)) for name in step.takes if name in known],
        "said": [_named(known[name], value) for name, value in json.loads(row.said).items() if name in known],
        "may_undo": undo and run_row.phase == "running",
    }  # fmt: skip


def _named(of: Any, value: Any) -> Json:
    zh, en = next(((one, two) for choice, one, two in of.choices if choice == value), (value, value))
    return {"name": of.name, "zh": of.zh, "en": of.en, "unit": of.unit, "value_zh": zh, "value_en": en}
