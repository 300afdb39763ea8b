"""Deadlines of dossiers: when each stage is or was due, and why, segment by segment in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from ioc.domain.deadline import Deadline, deadline
from ioc.domain.deadline_words import Words, explain
from ioc.packs.handling import Handling
from ioc.services import clocks
from ioc.services.refusals import UnknownDossier
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store
from metrics.calendar import Calendar


@dataclass(frozen=True, slots=True)
class StageClock:
    """The clock of a stage that a dossier is at or was at. `since_ms` .. `until_ms` (None: still there)."""

    visit: int
    stage: str
    stage_zh: str
    stage_en: str
    since_ms: int
    until_ms: int | None
    deadline: Deadline
    words: tuple[Words, ...]


def of_dossier(store: Store, tables: Handling, dossier_id: str, now_ms: int) -> tuple[StageClock, ...]:
    """All clocks of a dossier, the first first. Raises UnknownDossier."""
    with store.read() as unit:
        kind = unit.scalar(select(DossierRow.kind).where(DossierRow.id == dossier_id))
        if kind is None:
            raise UnknownDossier(dossier_id)
        found = clocks.all_of(unit, dossier_id)
    told = []
    for clock in found:
        calendar = tables.calendar(kind, clock.stage) or Calendar.always()
        due = deadline(clock.owed_ms, clock.segments, calendar, now_ms)
        stage = tables.cycles[kind].stages.get(clock.stage)
        told.append(
            StageClock(
                clock.visit, clock.stage, stage.zh if stage else clock.stage, stage.en if stage else clock.stage,
                clock.segments[0].start_ms, clock.segments[-1].end_ms, due, explain(due, calendar, now_ms),
            )
        )  # fmt: skip
    return tuple(told)


def running(store: Store, tables: Handling, world: str, now_ms: int) -> Mapping[str, Deadline]:
    """The deadline of the stage that each open dossier of a world is at; those without a clock are left out."""
    with store.read() as unit:
        rows = unit.execute(
            select(DossierRow.id, DossierRow.kind).where(DossierRow.world == world, DossierRow.ended_ms.is_(None))
        ).all()
        found = clocks.newest_of(unit, select(DossierRow.id).where(
            DossierRow.world == world, DossierRow.ended_ms.is_(None)
        ))  # fmt: skip
    told = {}
    for dossier_id, kind in rows:
        clock = found.get(dossier_id)
        if clock is not None and not clock.stopped:
            calendar = tables.calendar(kind, clock.stage) or Calendar.always()
            told[dossier_id] = deadline(clock.owed_ms, clock.segments, calendar, now_ms)
    return told
