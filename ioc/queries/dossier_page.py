"""One dossier as its page shows it: facts, the ladder of its life cycle, clock, what may be done, steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.deadline import Deadline, deadline
from ioc.domain.deadline_words import Words, explain
from ioc.domain.life_cycle import BACK, STAYS, LifeCycle, Move
from ioc.packs.handling import Handling
from ioc.queries.dossiers import Line, Wish, dossiers, may_see
from ioc.queries.messages import Message, of_dossier
from ioc.queries.proposals import OfficeProposal, office
from ioc.security.masking import masked
from ioc.services.clocks import newest
from ioc.services.refusals import UnknownDossier
from ioc.store.dossier_tables import DossierRow, DossierStepRow
from ioc.store.tables import PersonRow
from ioc.store.unit import Store

SHOWN: Final = 500  # steps of a page; the newest


@dataclass(frozen=True, slots=True)
class Step:
    """What was done: `number` is the version that the dossier had then."""

    number: int
    move: str
    left: str
    entered: str
    by: str
    title: str
    at_ms: int
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rung:
    """A stage of the ladder. `since_ms`: when it was entered last, None for never; `owed_ms`: what it may take."""

    id: str
    since_ms: int | None
    owed_ms: int
    now: bool


@dataclass(frozen=True, slots=True)
class DossierView:
    """A dossier. `clock` None: no clock runs; `words`: the same, told. `moves`: what the reader
    may do now, and where each leads."""

    line: Line
    facts: Mapping[str, Any]
    owner_title: str
    ladder: tuple[Rung, ...]
    clock: Deadline | None
    moves: tuple[tuple[Move, str], ...]
    may_claim: bool
    steps: tuple[Step, ...]
    words: tuple[Words, ...]
    messages: tuple[Message, ...]
    office: OfficeProposal | None


def dossier_view(
    store: Store, tables: Handling, dossier_id: str, *, permissions: Iterable[str],
    within: frozenset[str] | None = None, now_ms: int,
) -> DossierView:  # fmt: skip
    """One dossier, for somebody with these permissions who may see these regions. Personal data are masked.

    Raises UnknownDossier, also for one that the reader may not see.
    """
    have = frozenset(permissions)
    with store.read() as unit:
        row = unit.get(DossierRow, dossier_id)
        if row is None or not may_see(row.region, within) or row.kind not in tables.cycles:
            raise UnknownDossier(dossier_id)
        cycle = tables.cycles[row.kind]
        steps = _steps(unit, row.id)
        clock = _clock(unit, row, tables, now_ms)
        calendar = tables.calendar(row.kind, row.stage)
        words = explain(clock, calendar, now_ms) if clock is not None and calendar is not None else ()
        titles = _titles(unit, {row.owner, *(step.by for step in steps)})
        before, facts = row.before, json.loads(row.facts)
        proposed = office(unit, row.id)
    page = dossiers(store, tables, Wish(row.world, ids=[row.id], within=within), now_ms)
    if not page.lines:
        raise UnknownDossier(dossier_id)
    line = page.lines[0]
    ladder = _ladder(cycle, line, steps)
    return DossierView(
        line=line, facts=masked(facts), owner_title=titles.get(line.owner, line.owner), ladder=ladder,
        clock=clock, moves=open_moves(cycle, line, before, have),
        may_claim=not line.owner and line.ended_ms is None and "incident.handle" in have,
        steps=tuple(
            Step(each.number, each.move, each.left, each.entered, each.by, titles.get(each.by, each.by), each.at_ms,
                 masked(each.said))
            for each in steps
        ),
        words=words, messages=of_dossier(store, dossier_id), office=proposed,
    )  # fmt: skip


def open_moves(cycle: LifeCycle, line: Line, before: str, have: frozenset[str]) -> tuple[tuple[Move, str], ...]:
    """The moves that somebody may make now, each with the stage that it leads to; none that would be refused."""
    found = []
    for move in cycle.open_moves(line.stage, have, held=line.held):
        to = {STAYS: line.stage, BACK: before}.get(move.to, move.to)
        if not to or (move.id == "resume" and not line.held):
            continue
        found.append((move, to))
    return tuple(found)


def _steps(unit: Session, dossier_id: str) -> list[Step]:
    rows = unit.scalars(
        select(DossierStepRow)
        .where(DossierStepRow.dossier_id == dossier_id)
        .order_by(DossierStepRow.number.desc())
        .limit(SHOWN)
    ).all()
    return [
        Step(row.number, row.move, row.left, row.entered, row.by_name, row.by_name, row.at_ms, json.loads(row.said))
        for row in reversed(rows)
    ]


def _titles(unit: Session, names: Iterable[str]) -> dict[str, str]:
    wanted = [name for name in names if name]
    rows = unit.execute(select(PersonRow.name, PersonRow.title).where(PersonRow.name.in_(wanted)))
    return {name: title or name for name, title in rows}


def _clock(unit: Session, row: DossierRow, tables: Handling, now_ms: int) -> Deadline | None:
    """The clock of the stage that it is at."""
    stage = tables.cycles[row.kind].stages.get(row.stage)
    if stage is None or stage.calendar not in tables.calendars:
        return None
    clock = newest(unit, row.id)
    if clock is None or clock.stage != row.stage:
        return None
    return deadline(clock.owed_ms, clock.segments, tables.calendars[stage.calendar], now_ms)


def _ladder(cycle: LifeCycle, line: Line, steps: Iterable[Step]) -> tuple[Rung, ...]:
    """The stages in their order; of the final ones only that which it came to, or the first while it is open."""
    since: dict[str, int] = {}
    for step in steps:
        if step.entered != step.left:
            since[step.entered] = step.at_ms
    finals = [stage.id for stage in cycle.stages.values() if stage.final]
    shown = line.stage if line.stage in finals else finals[0] if finals else ""
    return tuple(
        Rung(stage.id, since.get(stage.id), stage.within_ms, stage.id == line.stage)
        for stage in cycle.stages.values()
        if not stage.final or stage.id == shown
    )
