"""Rehearsals (预演) that people ask for: kept with their sheets, carried out one after the other by a process of their
own (`ioc rehearsals`), which says how far it is and stops when somebody cancels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ioc.security import identity
from ioc.services.audit import record
from ioc.services.refusals import RehearsalRefused, UnknownRehearsal
from ioc.store.rehearsal_table import RehearsalRow
from ioc.store.unit import Store

DAY_MS: Final = 86_400_000
MOST_DAYS: Final = 90
MOST_WAITING: Final = 20
MOST_TEXT: Final = 400
SILENT_MS: Final = 60_000  # a run that said nothing for so long has lost its process, and is begun anew
OPEN: Final = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was asked for and how far it is. `sheet` None: it is not done, or was not read."""

    id: str
    world: str
    indicator: str
    thresholds: str
    from_ms: int
    until_ms: int
    by: str
    asked_ms: int
    state: str
    permille: int
    why: str
    definition: str
    sheet: Mapping[str, Any] | None = None


class Cancelled(Exception):
    """Somebody cancelled the rehearsal that is carried out."""


def ask(
    store: Store, world: str, indicator: str, thresholds: str, days: int, *, by: str, now_ms: int, until_ms: int
) -> Rehearsal:
    """Ask for one over the last `days` before `until_ms`, times of the world. The same question over the same time
    that waits or runs already is not asked twice. Raises RehearsalRefused."""
    if not 1 <= days <= MOST_DAYS:
        raise RehearsalRefused("days", f"须为 1 至 {MOST_DAYS} 天。", f"1 to {MOST_DAYS} days.")
    if not 0 < len(thresholds) <= MOST_TEXT:
        raise RehearsalRefused("thresholds", f"须为 1 至 {MOST_TEXT} 字。", f"1 to {MOST_TEXT} characters.")
    until = until_ms // 60_000 * 60_000
    with store.write() as unit:
        waiting = unit.scalars(select(RehearsalRow).where(RehearsalRow.state.in_(OPEN))).all()
        wanted = (world, indicator, thresholds, until - days * DAY_MS, until)
        for row in waiting:
            if (row.world, row.indicator, row.thresholds, row.from_ms, row.until_ms) == wanted:
                return _told(row)
        if len(waiting) >= MOST_WAITING:
            raise RehearsalRefused("", "排队的预演过多，请稍后再试。", "Too many rehearsals wait; try again later.")
        row = RehearsalRow(
            id=identity.new_id(), world=world, indicator=indicator, thresholds=thresholds,
            from_ms=until - days * DAY_MS, until_ms=until, by_name=by, asked_ms=now_ms, state="waiting", permille=0,
            seen_ms=now_ms, definition="", why="", sheet="",
        )  # fmt: skip
        unit.add(row)
        record(unit, "rehearsal.ask", row.id, now_ms, {"indicator": indicator, "thresholds": thresholds, "days": days},
               world=world)  # fmt: skip
        return _told(row)


def cancel(store: Store, rehearsal_id: str, *, now_ms: int) -> Rehearsal:
    """Stop one that waits or runs; one that is over stays as it is. Raises UnknownRehearsal."""
    with store.write() as unit:
        row = _row(unit, rehearsal_id)
        if row.state in OPEN:
            row.state = "cancelled"
            record(unit, "rehearsal.cancel", row.id, now_ms, world=row.world)
        return _told(row)


def one(store: Store, rehearsal_id: str) -> Rehearsal:
    """One with its sheet. Raises UnknownRehearsal."""
    with store.read() as unit:
        return _told(_row(unit, rehearsal_id), whole=True)


def newest(store: Store, world: str, indicator: str, *, most: int = 20) -> Sequence[Rehearsal]:
    """Those of an indicator, the newest first, without their sheets."""
    with store.read() as unit:
        rows = unit.scalars(
            select(RehearsalRow)
            .where(RehearsalRow.world == world, RehearsalRow.indicator == indicator)
            .order_by(RehearsalRow.asked_ms.desc(), RehearsalRow.id)
            .limit(most)
        )
        return [_told(row) for row in rows]


def claim(store: Store, now_ms: int) -> Rehearsal | None:
    """Take the one that waits longest, or one whose process is gone; None: nothing is to be done."""
    with store.write() as unit:
        row = unit.scalar(
            select(RehearsalRow)
            .where(
                or_(
                    RehearsalRow.state == "waiting",
                    (RehearsalRow.state == "running") & (RehearsalRow.seen_ms < now_ms - SILENT_MS),
                )
            )
            .order_by(RehearsalRow.asked_ms, RehearsalRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.state, row.permille, row.seen_ms = "running", 0, now_ms
        return _told(row)


def progress(store: Store, rehearsal_id: str, permille: int, now_ms: int) -> None:
    """Say how far it is. Raises Cancelled, UnknownRehearsal."""
    with store.write() as unit:
        row = _row(unit, rehearsal_id)
        if row.state != "running":
            raise Cancelled
        row.permille, row.seen_ms = permille, now_ms


def finish(store: Store, rehearsal_id: str, definition: str, sheet: Mapping[str, Any]) -> None:
    """Keep the sheet. Raises Cancelled, UnknownRehearsal."""
    with store.write() as unit:
        row = _row(unit, rehearsal_id)
        if row.state != "running":
            raise Cancelled
        row.state, row.permille, row.definition = "done", 1000, definition
        row.sheet = json.dumps(sheet, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def fail(store: Store, rehearsal_id: str, why: str) -> None:
    """It cannot be carried out; `why` in both languages. Raises UnknownRehearsal."""
    with store.write() as unit:
        row = _row(unit, rehearsal_id)
        if row.state == "running":
            row.state, row.why = "failed", why[:2000]


def _row(unit: Session, rehearsal_id: str) -> RehearsalRow:
    row = unit.get(RehearsalRow, rehearsal_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise UnknownRehearsal(rehearsal_id)
    return row


def _told(row: RehearsalRow, *, whole: bool = False) -> Rehearsal:
    return Rehearsal(
        row.id, row.world, row.indicator, row.thresholds, row.from_ms, row.until_ms, row.by_name, row.asked_ms,
        row.state, row.permille, row.why, row.definition, json.loads(row.sheet) if whole and row.sheet else None,
    )  # fmt: skip
