"""The keeper of plans in the duty process: rules begin them, once for an incident; runs go on by what is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import redis
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ioc.domain.plan_start import Matter, rule
from ioc.packs.handling import Handling
from ioc.queries.worlds import worlds
from ioc.services import plan_runs
from ioc.services.plan_library import in_force
from ioc.store.alarm_tables import AlarmCardRow, AlarmRow
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import MessageRow
from ioc.store.plan_tables import PlanRunRow, PlanStepRow
from ioc.store.response_tables import ResponseRow, ResponseStepRow
from ioc.store.unit import Store
from metrics.world import LIVE_WORLD, World

LOOK_MS: Final = 1_000  # rules are asked again so often
CHUNK: Final = 20  # runs and starts of one turn: other keepers wait meanwhile
BY: Final = "system"


class Planner:
    """A keeper of the duty process."""

    name = "plans"

    def __init__(self, store: Store, client: redis.Redis, tables: Handling) -> None:
        self._store, self._client, self._tables = store, client, tables
        self._seen: dict[str, tuple[Any, ...]] = {}  # run -> what was known when it was looked at last
        self._looked_ms = 0

    def turn(self, now_ms: int) -> int:
        """Raises RedisError, SQLAlchemyError. What was not committed is done again."""
        done = 0
        if not self._looked_ms <= now_ms < self._looked_ms + LOOK_MS:
            done += self._begin(now_ms)
            self._looked_ms = now_ms if done < CHUNK else 0
        return done + self._go_on(now_ms)

    # --- rules -----------------------------------------------------------------------------------------------------
    def _begin(self, real_ms: int) -> int:
        """Begin what rules begin. Of two processes that find it at once the key of the table decides."""
        with self._store.read() as unit:
            found = _due(unit)
        begun = 0
        for plan_id, dossier_id, world, once, cause in found[:CHUNK]:
            now_ms = self._world_ms(world, real_ms)
            if now_ms is None:
                continue
            try:
                with self._store.write() as unit:
                    if unit.scalar(select(PlanRunRow.id).where(PlanRunRow.once == once)) is not None:
                        continue
                    dossier = unit.get(DossierRow, dossier_id, with_for_update=True) if dossier_id else None
                    if dossier is not None and (dossier.ended_ms is not None or dossier.merged_into):
                        continue
                    plan_runs.begin_in(
                        unit, self._tables, in_force(unit)[plan_id], dossier, once=once, cause=cause, by=BY,
                        now_ms=now_ms, real_ms=real_ms, world=world,
                    )  # fmt: skip
                    begun += 1
            except IntegrityError:  # another process was faster
                continue
        return begun

    # --- runs ------------------------------------------------------------------------------------------------------
    def _go_on(self, real_ms: int) -> int:
        with self._store.read() as unit:
            known = _known(unit)
        self._seen = {name: self._seen[name] for name, _, _, _ in known if name in self._seen}
        done = 0
        for name, world, due_ms, seen in known:
            now_ms = self._world_ms(world, real_ms)
            if now_ms is None or (self._seen.get(name) == seen and (due_ms is None or now_ms < due_ms)):
                continue
            done += plan_runs.go_on(self._store, self._tables, name, now_ms, real_ms)
            self._seen[name] = seen
            if done >= CHUNK:
                break
        return done

    def _world_ms(self, world: str, real_ms: int) -> int | None:
        """The time of a world; None of one that is no more: nothing happens there."""
        if world == LIVE_WORLD.id:
            return real_ms
        found: World | None = worlds(self._client).get(world)
        return found.clock.now_ms(real_ms) if found else None


def _due(unit: Session) -> list[tuple[str, str | None, str, str, str]]:
    """(plan, dossier, world, once, kind of rule) of everything that a rule begins and that was never begun."""
    rows = unit.execute(
        select(DossierRow.id, DossierRow.world, DossierRow.class_, DossierRow.level, DossierRow.title, DossierRow.facts)
        .where(DossierRow.kind == "incident", DossierRow.ended_ms.is_(None), DossierRow.merged_into == "",
               DossierRow.stage.not_in(plan_runs.OVER))
    ).all()  # fmt: skip
    plans = in_force(unit)
    responses = {(row.world, row.plan): row.level for row in unit.scalars(select(ResponseRow))}
    tied = _tied(unit, responses)
    alarms = _alarms(unit)
    begun = set(unit.execute(select(PlanRunRow.dossier_id, PlanRunRow.plan_id)).all())
    found: list[tuple[str, str | None, str, str, str]] = []
    for name, world, class_, level, title, facts in rows:
        said: Any = json.loads(facts)
        text = f"{title} {said.get('text', '')}"
        matter = Matter(class_, level, text, alarms.get(name, {}), tied.get(name, {}))
        for plan in plans.values():
            start = rule(plan.plan, matter)
            if start is not None and (name, plan.plan.id) not in begun:
                found.append((plan.plan.id, name, world, f"{plan.plan.id}:{name}", start.by))
    once = set(unit.scalars(select(PlanRunRow.once).where(PlanRunRow.dossier_id.is_(None))))
    going = set(unit.execute(select(PlanRunRow.world, PlanRunRow.plan_id).where(PlanRunRow.phase == "running")).all())
    for (world, response), number in _untied(unit, responses).items():
        for plan in plans.values():
            start = rule(plan.plan, Matter(responses={response: responses[world, response]}))
            key = f"{plan.plan.id}:response:{world}:{number}"[:128]
            if start is not None and key not in once and (world, plan.plan.id) not in going:
                found.append((plan.plan.id, None, world, key, start.by))
    return found


def _alarms(unit: Session) -> Mapping[str, Mapping[str, int]]:
    """Dossier -> the worst level of each indicator of its cards."""
    found: dict[str, dict[str, int]] = {}
    asked = (
        select(AlarmCardRow.dossier_id, AlarmRow.indicator, func.max(AlarmRow.level))
        .join(AlarmRow, AlarmRow.card_id == AlarmCardRow.id)
        .join(DossierRow, DossierRow.id == AlarmCardRow.dossier_id)
        .where(DossierRow.ended_ms.is_(None))
        .group_by(AlarmCardRow.dossier_id, AlarmRow.indicator)
    )
    for dossier, indicator, level in unit.execute(asked):
        found.setdefault(dossier, {})[indicator] = level
    return found


def _tied(unit: Session, levels: Mapping[tuple[str, str], int]) -> Mapping[str, Mapping[str, int]]:
    """Dossier -> the responses that were ordered for it and stand."""
    found: dict[str, dict[str, int]] = {}
    asked = select(ResponseStepRow.dossier_id, ResponseStepRow.world, ResponseStepRow.plan)
    for dossier, world, plan in unit.execute(asked.where(ResponseStepRow.dossier_id != "").distinct()):
        if levels.get((world, plan)):
            found.setdefault(dossier, {})[plan] = levels[world, plan]
    return found


def _untied(unit: Session, levels: Mapping[tuple[str, str], int]) -> Mapping[tuple[str, str], int]:
    """(world, response) that stands and was started for no incident -> the number of the step that started it."""
    found: dict[tuple[str, str], int] = {}
    asked = select(ResponseStepRow).where(ResponseStepRow.act == "start").order_by(ResponseStepRow.number)
    for row in unit.scalars(asked):
        key = (row.world, row.plan)
        if levels.get(key):
            found.pop(key, None)
            if not row.dossier_id:
                found[key] = row.number
    return found


def _known(unit: Session) -> list[tuple[str, str, int | None, tuple[Any, ...]]]:
    """(run, world, when a step is late, what is known) of each run that goes on."""
    due: dict[str, int | None] = dict(
        unit.execute(
            select(PlanStepRow.run_id, func.min(PlanStepRow.due_ms))
            .join(PlanRunRow, PlanRunRow.id == PlanStepRow.run_id)
            .where(PlanRunRow.phase == "running", PlanStepRow.phase == "open", PlanStepRow.late.is_(False))
            .group_by(PlanStepRow.run_id)
        ).all()
    )
    responses = dict(
        unit.execute(select(ResponseRow.world, func.sum(ResponseRow.version)).group_by(ResponseRow.world)).all()
    )
    rows = unit.execute(
        select(PlanRunRow.id, PlanRunRow.world, PlanRunRow.number, PlanRunRow.dossier_id, DossierRow.version)
        .outerjoin(DossierRow, DossierRow.id == PlanRunRow.dossier_id)
        .where(PlanRunRow.phase == "running")
    ).all()
    over = func.count(func.coalesce(MessageRow.answered_ms, MessageRow.stopped_ms))
    of_plans = MessageRow.cause.startswith("plan:")
    dossiers = {dossier for *_, dossier, _ in rows if dossier}
    answers: dict[str | None, int] = dict(
        unit.execute(
            select(MessageRow.dossier_id, over)
            .where(MessageRow.dossier_id.in_(dossiers), of_plans)
            .group_by(MessageRow.dossier_id)
        ).all()
    )
    if any(dossier is None for *_, dossier, _ in rows):
        answers[None] = unit.scalar(select(over).where(MessageRow.dossier_id.is_(None), of_plans)) or 0
    return [
        (name, world, due.get(name), (number, version, responses.get(world), answers.get(dossier, 0)))
        for name, world, number, dossier, version in rows
    ]
