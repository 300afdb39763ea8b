"""Clocks of dossiers as they are stored: one per visit of a stage, written within the unit of what turns it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from ioc.domain.deadline import Segment, hold, resume, stop
from ioc.domain.life_cycle import Stage
from ioc.store.dossier_tables import DossierSegmentRow
from ioc.store.ready import Ready

# Of the table and not of its class, and made once: a transition asks for its clock several times.
_TABLE = DossierSegmentRow.__table__.c
_SEGMENTS = select(
    _TABLE.dossier_id, _TABLE.visit, _TABLE.stage, _TABLE.owed_ms, _TABLE.start_ms, _TABLE.end_ms, _TABLE.running,
    _TABLE.why,
)  # fmt: skip
_NEWEST = Ready(
    _SEGMENTS.where(
        _TABLE.dossier_id == bindparam("dossier"),
        _TABLE.visit
        == select(func.max(_TABLE.visit))
        .where(_TABLE.dossier_id == bindparam("dossier"))
        .correlate(None)
        .scalar_subquery(),
    ).order_by(_TABLE.number)
)
_ADD = Ready(insert(DossierSegmentRow.__table__), *_TABLE.keys())  # type: ignore[arg-type]
_CHANGE = Ready(
    update(DossierSegmentRow.__table__)  # type: ignore[arg-type]
    .where(_TABLE.dossier_id == bindparam("of"), _TABLE.visit == bindparam("at"), _TABLE.number == bindparam("nth"))
    .values({name: bindparam(name) for name in ("owed_ms", "start_ms", "end_ms", "running", "why")})
)

MOST_WHY = 200  # characters of why a clock is held


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the `visit`-th stage that a dossier entered; `owed_ms` with what was granted."""

    dossier_id: str
    visit: int
    stage: str
    owed_ms: int
    segments: tuple[Segment, ...]

    @property
    def stopped(self) -> bool:
        return self.segments[-1].end_ms is not None


def newest(unit: Session, dossier_id: str) -> Clock | None:
    """The newest clock of a dossier; None before the first."""
    return next(iter(_clocks(_NEWEST.rows(unit, {"dossier": dossier_id}))), None)


def newest_of(unit: Session, dossier_ids: Collection[str] | Select[str]) -> Mapping[str, Clock]:
    """The newest clock of each of these dossiers, named or asked for by a query."""
    visits = (
        select(DossierSegmentRow.dossier_id, func.max(DossierSegmentRow.visit).label("visit"))
        .where(DossierSegmentRow.dossier_id.in_(dossier_ids))
        .group_by(DossierSegmentRow.dossier_id)
        .subquery()
    )
    asked = _SEGMENTS.join(
        visits, (DossierSegmentRow.dossier_id == visits.c.dossier_id) & (DossierSegmentRow.visit == visits.c.visit)
    ).order_by(DossierSegmentRow.dossier_id, DossierSegmentRow.number)
    return {clock.dossier_id: clock for clock in _clocks(unit.execute(asked))}


def all_of(unit: Session, dossier_id: str) -> tuple[Clock, ...]:
    """Every clock that a dossier had, the first first."""
    asked = _SEGMENTS.where(DossierSegmentRow.dossier_id == dossier_id).order_by(
        DossierSegmentRow.visit, DossierSegmentRow.number
    )
    return _clocks(unit.execute(asked))


def begin(  # noqa: PLR0917 - what a clock is
    unit: Session, dossier_id: str, stage: Stage, level: int, now_ms: int, before: Clock | None
) -> Clock | None:
    """The clock of a stage begins, after the newest one before; a stage without a calendar has none: that one stays."""
    if not stage.calendar:
        return before
    visit = before.visit + 1 if before else 1
    segments = (Segment(now_ms, None, running=True),)
    return _write(unit, None, Clock(dossier_id, visit, stage.id, stage.owed_ms(level), segments))


def end(unit: Session, clock: Clock | None, now_ms: int) -> Clock | None:
    """The stage is left: its clock, the newest of the dossier, stops, if it has one that goes."""
    if clock is None or clock.stopped:
        return clock
    return _write(unit, clock, _with(clock, clock.owed_ms, stop(clock.segments, now_ms)))


def turn(unit: Session, clock: Clock | None, *, held: bool, why: str, now_ms: int) -> Clock | None:
    """Hold the clock of the stage that the dossier is at, or let it go on."""
    if clock is None or clock.stopped:
        return clock
    segments = hold(clock.segments, now_ms, why[:MOST_WHY]) if held else resume(clock.segments, now_ms)
    return _write(unit, clock, _with(clock, clock.owed_ms, segments))


def grant(unit: Session, clock: Clock | None, more_ms: int) -> Clock | None:
    """The stage may take so much more, or less where it is negative: an extension, or a level with another time."""
    if clock is None or clock.stopped or not more_ms:
        return clock
    return _write(unit, clock, _with(clock, max(0, clock.owed_ms + more_ms), clock.segments))


def _with(clock: Clock, owed_ms: int, segments: Sequence[Segment]) -> Clock:
    return Clock(clock.dossier_id, clock.visit, clock.stage, owed_ms, tuple(segments))


def _clocks(rows: Iterable[Any]) -> tuple[Clock, ...]:
    found: dict[tuple[str, int], Clock] = {}
    for name, visit, stage, owed_ms, start_ms, end_ms, running, why in rows:
        before = found[name, visit].segments if (name, visit) in found else ()
        segments = (*before, Segment(start_ms, end_ms, running, why))
        found[name, visit] = Clock(name, visit, stage, owed_ms, segments)
    return tuple(found.values())


def _write(unit: Session, before: Clock | None, clock: Clock) -> Clock:
    """Write what is another than before: the segments that began, and those that changed."""
    known = () if before is None else _rows(before)
    for number, row in enumerate(_rows(clock)):
        if number >= len(known):
            where = {"dossier_id": clock.dossier_id, "visit": clock.visit, "number": number, "stage": clock.stage}
            _ADD.run(unit, row | where)
        elif row != known[number]:
            _CHANGE.run(unit, row | {"of": clock.dossier_id, "at": clock.visit, "nth": number})
    return clock


def _rows(clock: Clock) -> Sequence[dict[str, Any]]:
    return [
        {
            "owed_ms": clock.owed_ms, "start_ms": each.start_ms, "end_ms": each.end_ms, "running": each.running,
            "why": each.why,
        }
        for each in clock.segments
    ]  # fmt: skip
