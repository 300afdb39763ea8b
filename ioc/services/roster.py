"""The roster: shifts are added, changed, taken away and undone; whoever goes hands over to whoever comes, who signs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.roster import Shift, fault, on_duty
from ioc.security import identity
from ioc.services import means_book
from ioc.services.audit import record
from ioc.services.means_book import Body
from ioc.services.refusals import BadEntry, MeansRefused
from ioc.store.dossier_tables import DossierRow
from ioc.store.means_tables import HandoverRow, ShiftRow
from ioc.store.tables import PersonRow, RoleGrantRow
from ioc.store.unit import Store

ROLES: Final = ("duty", "leader")  # that somebody is on duty in
COLUMNS: Final = ("person", "role", "post", "start", "end", "note")
MOST_ROWS: Final = 2_000
MOST_NOTE: Final = 2_000
MOST_OPEN: Final = 200
LOCAL: Final = timezone(timedelta(hours=8))


def between(unit: Session, start_ms: int, end_ms: int) -> tuple[Shift, ...]:
    """Shifts that touch a stretch of time, in order."""
    rows = unit.scalars(
        select(ShiftRow)
        .where(ShiftRow.end_ms > start_ms, ShiftRow.start_ms < end_ms)
        .order_by(ShiftRow.start_ms, ShiftRow.role, ShiftRow.person)
    )
    return tuple(_shift(row) for row in rows)


def now_on_duty(unit: Session, now_ms: int) -> Mapping[str, tuple[str, ...]]:
    """Role -> accounts that are on duty now; empty where the roster says nothing of now."""
    return on_duty(between(unit, now_ms, now_ms + 1), now_ms)


def put(store: Store, shifts: Sequence[Shift], *, by: str, now_ms: int) -> tuple[str, ...]:
    """Add shifts (an empty id) or change them, all or none. Raises BadEntry with the line (from 1) of each fault."""
    with store.write() as unit:
        roles, faults = roles_of(unit), []
        changes: dict[str, tuple[Body, Body]] = {}
        for line, given in enumerate(shifts, 1):
            shift = Shift(given.id or identity.new_id(), given.person, given.role, given.post, given.start_ms,
                          given.end_ms, given.note)  # fmt: skip
            before = _read(unit, shift.id)
            wrong = fault(shift, between(unit, shift.start_ms, shift.end_ms), roles)
            if given.id and before is None:
                faults.append(f"{line}.id: 没有这一班 there is no such shift")
            elif shift.role not in ROLES:
                faults.append(f"{line}.role: 须为 {'、'.join(ROLES)} one of {', '.join(ROLES)}")
            elif wrong is not None:
                faults.append(f"{line}.{wrong.field}: {wrong.zh} {wrong.en}")
            elif before != _body(shift):
                _write(unit, shift.id, _body(shift))
                changes[shift.id] = (before, _body(shift))
        if faults:
            raise BadEntry(faults)
        if changes:
            means_book.edit(unit, "roster", changes, by, now_ms)
        return tuple(changes)


def remove(store: Store, shift_id: str, *, by: str, now_ms: int) -> None:
    """Take a shift away. Raises MeansRefused where there is none."""
    with store.write() as unit:
        before = _read(unit, shift_id)
        if before is None:
            raise MeansRefused("id", "没有这一班。", "There is no such shift.")
        _write(unit, shift_id, None)
        means_book.edit(unit, "roster", {shift_id: (before, None)}, by, now_ms)


def undo(store: Store, *, by: str, now_ms: int) -> int:
    """Take back the newest edits of the roster. Raises NothingToUndo, OutdatedEntry."""
    with store.write() as unit:
        return means_book.undo(unit, "roster", _read, _write, by=by, now_ms=now_ms)


def read_csv(text: str) -> list[Shift]:
    """Shifts of a table with the columns person, role, post, start, end, note; times as 2026-09-01 08:00, of here.

    Raises BadEntry with line and column of each fault.
    """
    rows = csv_rows(text, COLUMNS, ("person", "role", "start", "end"))
    found, faults = [], []
    for line, row in enumerate(rows, 1):
        times = []
        for name in ("start", "end"):
            try:
                at = datetime.fromisoformat(row[name])
                times.append(int(at.replace(tzinfo=at.tzinfo or LOCAL).astimezone(UTC).timestamp() * 1000))
            except ValueError:
                faults.append(f"{line}.{name}: 须如 2026-09-01 08:00 such as 2026-09-01 08:00")
        if len(times) == 2:
            found.append(Shift("", row["person"], row["role"], row["post"][:64], times[0], times[1], row["note"][:400]))
    if faults:
        raise BadEntry(faults)
    return found


def csv_rows(text: str, columns: Sequence[str], needed: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a table as it was saved or pasted: commas or tabs, the columns named in its first line. Raises
    BadEntry."""
    text = text.removeprefix("\ufeff")
    separator = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        faults = [f"缺列 the column is missing: {name}" for name in needed if name not in names]
        faults += [f"未知列 unknown column: {name[:40]}" for name in names if name not in columns]
        if faults:
            raise BadEntry(faults)
        rows = []
        for line, row in enumerate(reader, 1):
            if None in row or any(value is None for value in row.values()):
                faults.append(f"{line}: 列数不符 wrong number of cells")
                continue
            rows.append({name: (row.get(name) or "").strip() for name in columns})
            if len(rows) > MOST_ROWS:
                raise BadEntry([f"至多 {MOST_ROWS} 行 at most {MOST_ROWS} rows"])
    except csv.Error as error:
        raise BadEntry([f"{reader.line_num}: {error}"]) from None
    if faults or not rows:
        raise BadEntry(faults or ["没有数据行 there are no rows"])
    return rows


def hand_over(store: Store, taker: str, note: str, *, world: str, by: str, now_ms: int) -> str:
    """Hand over to somebody, with what is open by itself. Raises MeansRefused that names the field."""
    note = note.strip()
    if not 0 < len(note) <= MOST_NOTE:
        raise MeansRefused("note", f"交接事项 1 至 {MOST_NOTE} 字。", f"A note of 1 to {MOST_NOTE} characters.")
    with store.write() as unit:
        if taker == by or taker not in roles_of(unit):
            raise MeansRefused("taker", "须为另一位在册人员。", "It must be somebody else who has an account.")
        rows = unit.scalars(
            select(DossierRow)
            .where(DossierRow.world == world, DossierRow.ended_ms.is_(None), DossierRow.merged_into == "")
            .order_by(DossierRow.level.desc(), DossierRow.received_ms)
            .limit(MOST_OPEN)
        )
        open_ = [{"id": row.id, "kind": row.kind, "title": row.title, "level": row.level, "stage": row.stage,
                  "owner": row.owner} for row in rows]  # fmt: skip
        made = HandoverRow(
            id=identity.new_id(), world=world, giver=by, taker=taker, note=note,
            open=json.dumps(open_, ensure_ascii=False), made_ms=now_ms, signed_ms=None,
        )  # fmt: skip
        unit.add(made)
        record(unit, "roster.hand_over", made.id, now_ms, {"to": taker, "open": len(open_)}, world=world)
        unit.flush()
        return made.id


def sign(store: Store, handover_id: str, *, by: str, now_ms: int) -> None:
    """The taker says that they have taken over; signed once. Raises MeansRefused."""
    with store.write() as unit:
        row = unit.get(HandoverRow, handover_id, with_for_update=True, populate_existing=True)
        if row is None or row.taker != by:
            raise MeansRefused("id", "没有等您签收的交接。", "No handover waits for you.")
        if row.signed_ms is None:
            row.signed_ms = now_ms
            record(unit, "roster.sign", row.id, now_ms, {"from": row.giver}, world=row.world)


def roles_of(unit: Session) -> Mapping[str, frozenset[str]]:
    """Account -> the roles on duty that it holds; people who may not sign in are not there."""
    rows = unit.execute(
        select(PersonRow.name, RoleGrantRow.role)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(PersonRow.disabled_ms.is_(None))
    )
    found: dict[str, set[str]] = {}
    for name, role in rows:
        found.setdefault(name, set()).add(str(role))
    return {name: frozenset(roles) for name, roles in found.items()}


def _read(unit: Session, shift_id: str) -> Body:
    row = unit.get(ShiftRow, shift_id)
    return None if row is None else _body(_shift(row))


def _write(unit: Session, shift_id: str, body: Body) -> None:
    row = unit.get(ShiftRow, shift_id)
    if body is None:
        if row is not None:
            unit.delete(row)
    elif row is None:
        unit.add(ShiftRow(id=shift_id, **body))
    else:
        for name, value in body.items():
            setattr(row, name, value)
    unit.flush()


def _body(shift: Shift) -> dict[str, Any]:
    return {"person": shift.person, "role": shift.role, "post": shift.post, "start_ms": shift.start_ms,
            "end_ms": shift.end_ms, "note": shift.note}  # fmt: skip


def _shift(row: ShiftRow) -> Shift:
    return Shift(row.id, row.person, row.role, row.post, row.start_ms, row.end_ms, row.note)
