"""The ladder of a dossier: what was told, what will happen next if nobody answers, when and why."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ioc.domain.deadline_words import Words, duration, moment
from ioc.domain.escalation import Ladder, Planned
from ioc.packs.handling import Handling
from ioc.services import clocks
from ioc.services.escalations import standing
from ioc.services.refusals import UnknownDossier
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import EscalationStepRow
from ioc.store.unit import Store


@dataclass(frozen=True, slots=True)
class Told:
    """A rung that was told."""

    ladder: str
    rung: str
    zh: str
    en: str
    at_ms: int
    late: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """A rung that comes. `due_ms` None: the clock is held. `silent`: somebody answered, so that it does not come."""

    ladder: str
    rung: str
    zh: str
    en: str
    tells: tuple[Words, ...]
    due_ms: int | None
    silent: bool
    why: Words


def told(store: Store, tables: Handling, dossier_id: str) -> tuple[Told, ...]:
    """The rungs that were told, the first first."""
    with store.read() as unit:
        rows = unit.scalars(
            select(EscalationStepRow)
            .where(EscalationStepRow.dossier_id == dossier_id)
            .order_by(EscalationStepRow.at_ms, EscalationStepRow.due_ms)
        ).all()
    found = []
    for row in rows:
        ladder = tables.ladders.get(row.ladder)
        rung = next((each for each in ladder.rungs if each.id == row.rung), None) if ladder else None
        zh, en = (rung.zh, rung.en) if rung else (row.rung, row.rung)
        found.append(Told(row.ladder, row.rung, zh, en, row.at_ms, row.late))
    return tuple(found)


def coming(store: Store, tables: Handling, dossier_id: str, now_ms: int) -> tuple[Coming, ...]:
    """What comes, the soonest first, those that wait for a held clock last. Raises UnknownDossier."""
    with store.read() as unit:
        row = unit.get(DossierRow, dossier_id)
        if row is None:
            raise UnknownDossier(dossier_id)
        clock = clocks.newest(unit, dossier_id)
        found = [
            _coming(tables, each.ladder, planned, silent=each.silent)
            for each in standing(unit, tables, row, clock, now_ms)
            for planned in each.planned
        ]
    return tuple(sorted(found, key=lambda each: (each.silent, each.due_ms is None, each.due_ms or 0)))


def _coming(tables: Handling, ladder: Ladder, planned: Planned, *, silent: bool) -> Coming:
    rung, age = planned.rung, duration(planned.age_ms)
    if silent:
        why = Words("已有人应答，不再上报", "somebody answered: it is not told")
    elif planned.due_ms is None:
        why = Words(f"挂起中，恢复后满 {age.zh} 时", f"on hold; once it has counted {age.en}")
    else:
        at = moment(planned.due_ms)
        why = Words(
            f"{ladder.zh}：无人应答则于 {at}（计满 {age.zh}）", f"{ladder.en}: unless answered, at {at} ({age.en})"
        )
    names = tuple(Words(tables.audiences[name].zh, tables.audiences[name].en) for name in rung.tells)
    return Coming(ladder.id, rung.id, rung.zh, rung.en, names, planned.due_ms, silent, why)
