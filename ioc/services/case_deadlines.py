"""The deadlines of a case as its record tells them: by when it is filed, handled and closed.

Each follows from the clocks of its stages (ioc.domain.deadline). Of a stage that has not begun it is counted on from
the one before, by what each may take. While it is held it is counted as if it went on now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from ioc.domain.deadline import Segment, deadline
from ioc.domain.life_cycle import LifeCycle
from ioc.packs.handling import Handling, handling
from ioc.services import clocks
from ioc.services.clocks import Clock
from ioc.store.dossier_tables import DossierRow

TO_HANDLE: Final = ("filed", "dispatched", "handling")  # from filing to handled
TO_CLOSE: Final = ("handled", "checked")  # from handled to closed


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Times in ms; None where nobody can say yet."""

    file_by: int | None = None
    handle_by: int | None = None
    close_by: int | None = None


def deadlines(unit: Session, row: DossierRow, filed: int | None, now_ms: int) -> Deadlines:
    """Of a case that was filed then (None: not yet), within the unit of its change."""
    tables = handling()
    cycle = tables.cycles.get(row.kind)
    if cycle is None:
        return Deadlines()
    told = clocks.all_of(unit, row.id)
    first = next((clock for clock in told if clock.stage == cycle.first.id), None)
    file_by = None if first is None else _due(tables, row.kind, first, now_ms)
    if filed is None:
        return Deadlines(file_by)
    handle_by = _handle_by(tables, cycle, row, told, filed, now_ms)
    close_by = None if handle_by is None else _on(tables, cycle, row, TO_CLOSE, handle_by)
    return Deadlines(file_by, handle_by, close_by)


def _handle_by(  # noqa: PLR0917 - what the deadline depends on
    tables: Handling, cycle: LifeCycle, row: DossierRow, told: Sequence[Clock], filed: int, now_ms: int
) -> int | None:
    handling_clock = next((clock for clock in reversed(told) if clock.stage == TO_HANDLE[-1]), None)
    if handling_clock is None:
        return _on(tables, cycle, row, TO_HANDLE, filed)
    return _due(tables, row.kind, handling_clock, now_ms)


def _due(tables: Handling, kind: str, clock: Clock, now_ms: int) -> int | None:
    """When what the clock owes is used up; while it is held as if it went on now."""
    calendar = tables.calendar(kind, clock.stage)
    if calendar is None:
        return None
    segments = clock.segments
    last = segments[-1]
    if last.end_ms is None and not last.running:
        segments = (*segments[:-1], Segment(last.start_ms, now_ms, running=False), Segment(now_ms, None, running=True))
    elif last.end_ms is not None and not last.running:  # it was left while it was held
        segments = (*segments, Segment(last.end_ms, None, running=True))
    elif last.end_ms is not None:  # it was left before it was due: due is when it would have been
        segments = (*segments[:-1], Segment(last.start_ms, None, running=True))
    return deadline(clock.owed_ms, segments, calendar, now_ms).due_ms


def _on(tables: Handling, cycle: LifeCycle, row: DossierRow, stages: Sequence[str], start_ms: int) -> int | None:
    """`start_ms` and what these stages may take one after the other."""
    at: int | None = start_ms
    for name in stages:
        stage, calendar = cycle.stages.get(name), tables.calendar(row.kind, name)
        if at is None or stage is None or calendar is None:
            return None
        at = deadline(stage.owed_ms(row.level), (Segment(at, None, running=True),), calendar, at).due_ms
    return at
