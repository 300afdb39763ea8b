"""What steps of plans do: messages to whom they name, and scenes on the walls, in the transaction of the step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ioc.domain.audience import About, recipients
from ioc.domain.plan import MESSAGES, Action, Fallback, Plan, Step
from ioc.domain.plan_run import Effect, State
from ioc.domain.plan_values import told
from ioc.domain.response import MARKS
from ioc.domain.screen_right import Right
from ioc.domain.screen_view import View
from ioc.geo.region import shipped
from ioc.packs.handling import Handling
from ioc.queries.screens import read_board
from ioc.services import messages
from ioc.services.messages import Draft
from ioc.services.roster import now_on_duty
from ioc.services.screens import take_in
from ioc.services.telling import NOTICES, ORDERS, about
from ioc.store.dossier_tables import DossierRow
from ioc.store.plan_tables import PlanRunRow
from ioc.store.tables import ScreenClaimRow
from metrics.world import LIVE_WORLD

URGENT: Final = 5  # as ladders
MOST_BODY: Final = 2_000


def carry_out(  # noqa: PLR0917 - what an effect is of
    unit: Session, tables: Handling, plan: Plan, row: PlanRunRow, dossier: DossierRow | None, state: State,
    effects: Sequence[Effect], real_ms: int,
) -> None:  # fmt: skip
    """Do what follows from something that happened. `real_ms`: messages and screens live in the real time."""
    for effect in effects:
        step = plan.steps[effect.step]
        if effect.kind == "act":
            if step.action.kind in MESSAGES:
                _send(unit, tables, plan, row, dossier, state, step, real_ms)
            elif step.action.kind == "scene":
                _show(unit, plan, row, step.action, real_ms)
        else:
            fallback = step.late if effect.kind == "late" else step.refused
            _fall(unit, tables, plan, row, dossier, step, fallback, effect.kind, real_ms)


def free_walls(unit: Session, row: PlanRunRow) -> None:
    """A run that has ended holds no wall."""
    unit.execute(delete(ScreenClaimRow).where(ScreenClaimRow.by_name == holder(row.id)))


def holder(run_id: str) -> str:
    """By which name a run has a screen; no account is called so."""
    return f"plan:{run_id}"


def _send(  # noqa: PLR0917
    unit: Session, tables: Handling, plan: Plan, row: PlanRunRow, dossier: DossierRow | None, state: State, step: Step,
    real_ms: int,
) -> None:  # fmt: skip
    action, words = step.action, _words(dossier, plan, step, state)
    asks = step.wants_receipts or action.kind == "response"
    every_ms, most = tables.reminders
    draft = Draft(
        f"plan:{row.id}:{step.id}:act", "order" if step.wants_receipts else "notice", _audience(action.to),
        f"{step.zh}：{dossier.title if dossier else plan.zh}"[:200],
        f"{told(action.zh, words[0])}\n{told(action.en, words[1])}"[:MOST_BODY], row.world, row.dossier_id,
        urgency=URGENT + state.level, by=action.by or (ORDERS if asks else NOTICES), asks=asks,
        remind_ms=every_ms if asks else 0, remind_most=most if asks else 0,
    )  # fmt: skip
    messages.write(unit, draft, _whom(unit, tables, dossier, action.to or ("leaders",), real_ms), None, real_ms)


def _fall(  # noqa: PLR0917
    unit: Session, tables: Handling, plan: Plan, row: PlanRunRow, dossier: DossierRow | None, step: Step,
    fallback: Fallback, kind: str, real_ms: int,
) -> None:  # fmt: skip
    zh, en = {"late": ("已超时", "is late"), "refused": ("未能完成", "cannot be done")}[kind]
    title = f"预案步骤{zh}：{step.zh}"
    body = f"{plan.zh}：{step.zh}{zh}。{dossier.title if dossier else ''}\n{plan.en}: {step.en} {en}."
    every_ms, most = tables.reminders
    by = fallback.by or NOTICES
    if fallback.tells:
        draft = Draft(
            f"plan:{row.id}:{step.id}:{kind}", "notice", _audience(fallback.tells), title[:200], body, row.world,
            row.dossier_id, urgency=URGENT, by=by,
        )  # fmt: skip
        messages.write(unit, draft, _whom(unit, tables, dossier, fallback.tells, real_ms), None, real_ms)
    if fallback.escalate:
        draft = Draft(
            f"plan:{row.id}:{step.id}:{kind}:escalate", "escalation", fallback.escalate, title[:200],
            f"{body}\n请督办并回执。 Please answer.", row.world, row.dossier_id, urgency=URGENT + 1, by=by,
            asks=True, remind_ms=every_ms, remind_most=most,
        )  # fmt: skip
        messages.write(unit, draft, _whom(unit, tables, dossier, (fallback.escalate,), real_ms), None, real_ms)


def _show(unit: Session, plan: Plan, row: PlanRunRow, action: Action, real_ms: int) -> None:
    """An exercise takes only screens that show it: the city's walls are not its own."""
    board = read_board(unit, real_ms)
    live = row.world == LIVE_WORLD.id
    view = View(scene="" if action.scene == "overview" else action.scene, world="" if live else row.world)
    for name in action.screens or [each.name for each in board.screens.values() if each.wall == each.name]:
        shown = board.shown(name, (), real_ms)
        if shown is not None and (live or shown.view.world == row.world):
            take_in(unit, name, Right.DUTY, view, by=holder(row.id), title=f"预案 {plan.zh}", now_ms=real_ms)


def _whom(unit: Session, tables: Handling, dossier: DossierRow | None, names: Sequence[str], real_ms: int) -> list[str]:
    of = about(unit, dossier, real_ms) if dossier else About(on_duty=now_on_duty(unit, real_ms))
    found: list[str] = []
    for name in names:
        audience = tables.audiences.get(name)
        if audience is not None:
            found += recipients(audience, of, tables.region_of)
        elif ":" in name:
            found.append(name)
    return found or ["role:duty"]


def _audience(names: Sequence[str]) -> str:
    return next((name for name in names if ":" not in name), "")


def _words(
    dossier: DossierRow | None, plan: Plan, step: Step, state: State
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the texts of a step may say, in both languages."""
    facts: dict[str, Any] = json.loads(dossier.facts) if dossier else {}
    level = f"{MARKS[state.level]} 级" if state.level else "未定级"
    common: dict[str, Any] = {
        "title": dossier.title if dossier else plan.zh,
        "address": str(facts.get("address") or facts.get("place") or (dossier.title if dossier else "")),
        "class": dossier.class_ if dossier else "",
    }  # fmt: skip
    at = next((each for each in shipped() if dossier and each.code == dossier.region), None)
    zh = dict(common, level=level, region=at.short_zh if at else "罗湖区")
    en = dict(common, level=MARKS[state.level] or "not graded", region=at.en if at else "Luohu")
    for name in plan.before[step.id]:
        for evidence in plan.steps[name].evidence:
            if evidence.name in state.values:
                value = state.values[evidence.name]
                named = next(((one, two) for choice, one, two in evidence.choices if choice == value), (value, value))
                zh[evidence.name], en[evidence.name] = named
    return zh, en
