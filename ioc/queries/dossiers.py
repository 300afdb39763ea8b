"""Dossiers as a list: what is open or has ended, worst or most urgent first, narrowed, a page at a time.

When something is due follows from the segments of its clock: it is computed for all that fits, not stored. Clocks with
one running segment, which most are, are computed as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import Session

from ioc.domain.deadline import deadline
from ioc.packs.handling import Handling
from ioc.services.clocks import newest_of
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store
from metrics.calendar import NEVER

PAGE: Final = 50
MOST: Final = 200
FEW: Final = 100  # so many are named in a question, of more all that are open are asked for
Sort = Literal["level", "due"]
State = Literal["open", "ended"]
Clock = Literal["none", "running", "held", "overdue"]


@dataclass(frozen=True, slots=True)
class Line:
    """A dossier in a list. `due_ms` None: no clock runs. `clock`: how it stands with what its stage may take."""

    id: str
    kind: str
    stage: str
    version: int
    title: str
    class_: str
    level: int
    region: str
    lon: float | None
    lat: float | None
    owner: str
    org: str
    held: bool
    received_ms: int
    changed_ms: int
    ended_ms: int | None
    due_ms: int | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for; empty is everything. `region`: with all below it; `org`: the Chinese name of an office;
    `overdue`: of what is open that alone whose clock has run out; `ids`: these, whatever else is asked for.

    `within`: the regions (with all below) that the reader may see, None for all.
    """

    world: str
    state: State = "open"
    kind: str = ""
    level: int | None = None
    stage: str = ""
    region: str = ""
    owner: str = ""
    org: str = ""
    overdue: bool = False
    text: str = ""
    sort: Sort = "level"
    start: int = 0
    limit: int = PAGE
    ids: Sequence[str] | None = None
    within: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in their order; `total` fit the wish, `counts` of all open ones by (kind, stage) and (level)."""

    lines: tuple[Line, ...]
    total: int
    stages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    levels: Mapping[int, int] = field(default_factory=dict)


def dossiers(store: Store, tables: Handling, wish: Wish, now_ms: int) -> Page:
    """A page of what is looked for. What ended is told newest first, what is open by level or by what is due next."""
    with store.read() as unit:
        stages, levels = _counts(unit, wish) if wish.ids is None else ({}, {})
        asked = _narrowed(select(DossierRow), wish)
        if wish.state == "ended" and wish.ids is None:
            total = int(unit.scalar(select(func.count()).select_from(asked.subquery())) or 0)
            asked = asked.order_by(DossierRow.ended_ms.desc(), DossierRow.id).offset(wish.start).limit(wish.limit)
            rows = unit.scalars(asked).all()
            return Page(tuple(_line(row, None, "none") for row in rows), total, stages, levels)
        rows = unit.scalars(asked).all()
        dues = _dues(unit, rows, tables, now_ms)
    found = (_line(row, *dues.get(row.id, (None, "none"))) for row in rows)
    if wish.overdue and wish.ids is None:
        found = (line for line in found if line.clock == "overdue")
    lines = sorted(found, key=ORDER[wish.sort])
    return Page(tuple(lines[wish.start : wish.start + wish.limit]), len(lines), stages, levels)


def may_see(region: str, within: frozenset[str] | None) -> bool:
    """Whether somebody who may see these regions (None: all) may see what is of a region; what is of none is the
    whole district's."""
    return within is None or any(region.startswith(code) for code in within)


def _by_level(line: Line) -> tuple[Any, ...]:
    return (-line.level, _due(line), line.received_ms, line.id)


def _by_due(line: Line) -> tuple[Any, ...]:
    return (_due(line), -line.level, line.received_ms, line.id)


ORDER: Final[Mapping[str, Callable[[Line], tuple[Any, ...]]]] = {"level": _by_level, "due": _by_due}


def _due(line: Line) -> int:
    return NEVER if line.due_ms is None else line.due_ms


def _narrowed(asked: Select[Any], wish: Wish) -> Select[Any]:
    asked = asked.where(DossierRow.world == wish.world, _seen(wish.within))
    if wish.ids is not None:
        return asked.where(DossierRow.id.in_(list(wish.ids)))
    open_ = DossierRow.ended_ms.is_(None)
    asked = asked.where(open_ if wish.state == "open" else DossierRow.ended_ms.is_not(None))
    for column, value in (
        (DossierRow.kind, wish.kind), (DossierRow.stage, wish.stage), (DossierRow.owner, wish.owner),
        (DossierRow.org, wish.org),
    ):  # fmt: skip
        asked = asked.where(column == value) if value else asked
    if wish.level is not None:
        asked = asked.where(DossierRow.level == wish.level)
    if wish.region:
        asked = asked.where(DossierRow.region.startswith(wish.region, autoescape=True))
    if wish.text.strip():
        text = wish.text.strip()
        columns = (DossierRow.title, DossierRow.owner, DossierRow.org)
        found = [column.icontains(text, autoescape=True) for column in columns]
        asked = asked.where(or_(*found, DossierRow.id.startswith(text.lower(), autoescape=True)))
    return asked


def _seen(within: frozenset[str] | None) -> Any:
    if within is None:
        return DossierRow.id.is_not(None)
    return or_(false(), *(DossierRow.region.startswith(code, autoescape=True) for code in sorted(within)))


def _counts(unit: Session, wish: Wish) -> tuple[dict[str, dict[str, int]], dict[int, int]]:
    """How many are open, by kind and stage and by level, whatever else is looked for."""
    asked = (
        select(DossierRow.kind, DossierRow.stage, DossierRow.level, func.count())
        .where(DossierRow.world == wish.world, DossierRow.ended_ms.is_(None), _seen(wish.within))
        .group_by(DossierRow.kind, DossierRow.stage, DossierRow.level)
    )
    stages: dict[str, dict[str, int]] = {}
    levels: dict[int, int] = {}
    for kind, stage, level, count in unit.execute(asked):
        by_stage = stages.setdefault(kind, {})
        by_stage[stage] = by_stage.get(stage, 0) + count
        levels[level] = levels.get(level, 0) + count
    return stages, levels


def _dues(
    unit: Session, rows: Sequence[DossierRow], tables: Handling, now_ms: int
) -> dict[str, tuple[int | None, Clock]]:
    """When each is due and how its clock stands, of those whose stage has one."""
    newest = newest_of(unit, [row.id for row in rows] if len(rows) <= FEW else _open())
    clocks = {
        row.id: (clock.owed_ms, tables.calendars[by], clock.segments)
        for row in rows
        if (clock := newest.get(row.id)) and clock.stage == row.stage and (by := _calendar(tables, row)) is not None
    }
    plain: dict[int, list[str]] = {}
    found: dict[str, tuple[int | None, Clock]] = {}
    for name, (owed, calendar, segments) in clocks.items():
        if len(segments) == 1 and segments[0].running and segments[0].end_ms is None:
            plain.setdefault(id(calendar), []).append(name)
            continue
        of = deadline(owed, segments, calendar, now_ms)
        found[name] = of.due_ms, of.state
    for names in plain.values():
        calendar = clocks[names[0]][1]
        starts = np.array([clocks[name][2][0].start_ms for name in names], np.int64)
        owed_ms = np.array([clocks[name][0] for name in names], np.int64)
        dues = calendar.after(starts, owed_ms)
        late = calendar.open_ms(starts, np.full(len(names), now_ms, np.int64)) > owed_ms
        for name, due, is_late in zip(names, dues.tolist(), late.tolist(), strict=True):
            found[name] = (None if due == NEVER else due), "overdue" if is_late else "running"
    return found


def _calendar(tables: Handling, row: DossierRow) -> str | None:
    cycle = tables.cycles.get(row.kind)
    stage = cycle.stages.get(row.stage) if cycle else None
    return stage.calendar if stage and stage.calendar in tables.calendars else None


def _open() -> Select[Any]:
    return select(DossierRow.id).where(DossierRow.ended_ms.is_(None))


def _line(row: DossierRow, due_ms: int | None, clock: Clock) -> Line:
    return Line(
        row.id, row.kind, row.stage, row.version, row.title, row.class_, row.level, row.region, row.lon, row.lat,
        row.owner, row.org, row.held, row.received_ms, row.changed_ms, row.ended_ms, due_ms, clock,
    )  # fmt: skip
