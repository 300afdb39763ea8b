"""Supplies and shelters: what there is, what is issued and returned, who is taken in; the amount is the sum of its
movements and never below nothing, whoever asks at once. Each change is a row of the source `supply` or `shelter`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.stock import KINDS, MOST, OF, Impossible, change
from ioc.geo.region import shipped
from ioc.security import identity
from ioc.services import means_book, outbox
from ioc.services.audit import record
from ioc.services.means_book import Body
from ioc.services.refusals import BadEntry, MeansRefused
from ioc.services.roster import csv_rows
from ioc.store.means_tables import MeansRow, MovementRow
from ioc.store.unit import Store
from metrics.world import LIVE_WORLD

COLUMNS: Final = ("kind", "zh", "en", "sort", "unit", "region", "place", "lon", "lat", "planned", "least", "amount")
TEXTS: Final[Mapping[str, int]] = {"zh": 64, "en": 64, "sort": 32, "unit": 16, "region": 16, "place": 64}
MOST_NOTE: Final = 200


@dataclass(frozen=True, slots=True)
class Means:
    """A supply or a shelter, but for its amount. `planned`: what shall be there, the room of a shelter; `sort`: what
    kind of supply; `region`: code."""

    id: str
    kind: str
    zh: str
    en: str
    sort: str
    unit: str
    region: str
    place: str
    lon: float | None
    lat: float | None
    planned: int
    least: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement that was asked for. `key`: of the sender's own, so that a form that is sent twice moves once."""

    means_id: str
    movement: str
    amount: int
    key: str
    note: str = ""
    dossier_id: str = ""


def put(
    store: Store, items: Sequence[Means], *, by: str, now_ms: int, amounts: Mapping[int, int] | None = None
) -> tuple[str, ...]:
    """Add supplies and shelters (an empty id) or change them, all or none; the ids of what is new or different.

    `amounts`: line (from 0) -> what was counted there. Raises BadEntry with the line (from 1) of each fault.
    """
    with store.write() as unit:
        changes: dict[str, tuple[Body, Body]] = {}
        faults: list[str] = []
        for line, given in enumerate(items):
            item_id = given.id or identity.new_id()
            before = _read(unit, item_id)
            wrong = [*_faults(given), *_of_before(unit, given, before, item_id)]
            faults += [f"{line + 1}.{fault}" for fault in wrong]
            if wrong:
                continue
            after = {name: value for name, value in asdict(given).items() if name != "id"}
            if before != after:
                _write(unit, item_id, after, now_ms)
                changes[item_id] = (before, after)
            if amounts and line in amounts:
                counted = Moved(item_id, "correct", amounts[line], f"import:{identity.new_id()}", "导入 imported")
                try:
                    _move(unit, counted, by, now_ms)
                except Impossible as refused:
                    faults.append(f"{line + 1}.amount: {refused.zh} {refused.en}")
        if faults:
            raise BadEntry(faults)
        if changes:
            means_book.edit(unit, "means", changes, by, now_ms)
        return tuple(changes)


def remove(store: Store, item_id: str, *, by: str, now_ms: int) -> None:
    """Take a supply or a shelter off the list; its movements stay. Raises MeansRefused."""
    with store.write() as unit:
        before = _read(unit, item_id)
        if before is None:
            raise _unknown()
        _write(unit, item_id, None, now_ms)
        means_book.edit(unit, "means", {item_id: (before, None)}, by, now_ms)


def undo(store: Store, *, by: str, now_ms: int) -> int:
    """Take back the newest edits of the list. Raises NothingToUndo, OutdatedEntry."""
    with store.write() as unit:
        return means_book.undo(
            unit, "means", _read, lambda at, name, body: _write(at, name, body, now_ms), by=by, now_ms=now_ms
        )


def move(store: Store, what: Moved, *, by: str, now_ms: int) -> int:
    """Issue, return, take in ...; the amount after it. Once for a key. Raises MeansRefused that names the field."""
    if len(what.note) > MOST_NOTE or not (what.note.isprintable()):
        raise MeansRefused("note", f"备注至多 {MOST_NOTE} 字。", f"A note of at most {MOST_NOTE} characters.")
    if not 8 <= len(what.key) <= 64 or not what.key.isascii() or not what.key.isprintable():
        raise MeansRefused("key", "键须为 8 至 64 个字符。", "A key of 8 to 64 characters.")
    with store.write() as unit:
        try:
            return _move(unit, what, by, now_ms)
        except Impossible as refused:
            raise MeansRefused("amount", refused.zh, refused.en) from None


def amounts(unit: Session, ids: Iterable[str] | None = None) -> Mapping[str, int]:
    """Sum of the movements by supply or shelter; what never moved is not there."""
    asked = select(MovementRow.means_id, func.sum(MovementRow.delta)).group_by(MovementRow.means_id)
    if ids is not None:
        asked = asked.where(MovementRow.means_id.in_(list(ids)))
    return {name: int(total) for name, total in unit.execute(asked)}


def read_csv(text: str) -> tuple[list[Means], dict[int, int]]:
    """A table with the columns of `COLUMNS`, and what was counted by line. Raises BadEntry with line and column."""
    rows = csv_rows(text, COLUMNS, ("kind", "zh", "planned"))
    found, counted, faults = [], {}, []
    for line, row in enumerate(rows):
        numbers: dict[str, Any] = {}
        for name in ("planned", "least", "amount", "lon", "lat"):
            try:
                text_ = row[name].replace(",", "")
                empty = None if name in {"lon", "lat", "amount"} else 0
                numbers[name] = empty if not text_ else float(text_) if name in {"lon", "lat"} else int(text_)
            except ValueError:
                faults.append(f"{line + 1}.{name}: 须为数值 a number is needed")
        if len(numbers) == 5:
            if numbers["amount"] is not None:
                counted[line] = numbers["amount"]
            texts = {name: row[name] for name in TEXTS}
            found.append(
                Means(
                    id="",
                    kind=row["kind"],
                    **texts,
                    lon=numbers["lon"],
                    lat=numbers["lat"],
                    planned=numbers["planned"],
                    least=numbers["least"],
                )
            )
    if faults:
        raise BadEntry(faults)
    return found, counted


def _move(unit: Session, what: Moved, by: str, now_ms: int) -> int:
    row = unit.get(MeansRow, what.means_id, with_for_update=True, populate_existing=True)
    if row is None or row.removed_ms is not None:
        raise _unknown()
    now = amounts(unit, [row.id]).get(row.id, 0)
    key = f"{row.id}:{by}:{what.key}"[:128]
    if unit.scalar(select(MovementRow.number).where(MovementRow.key == key)) is not None:
        return now
    most = row.planned if row.kind == "shelter" else MOST
    delta = change(row.kind, what.movement, what.amount, now, most)  # type: ignore[arg-type]
    unit.add(
        MovementRow(
            means_id=row.id, movement=what.movement, delta=delta, note=what.note, dossier_id=what.dossier_id[:32],
            by_name=by, at_ms=now_ms, key=key,
        )
    )  # fmt: skip
    detail = {"movement": what.movement, "delta": delta, "amount": now + delta, "dossier": what.dossier_id[:32]}
    record(unit, "means.move", row.id, now_ms, detail)
    _tell(unit, row.id, now_ms)
    return now + delta


def _tell(unit: Session, item_id: str, now_ms: int) -> None:
    """The row of the source of its kind, as it stands; what was taken off the list is nothing of nothing."""
    unit.flush()
    row = unit.get(MeansRow, item_id)
    if row is None:
        return
    gone = row.removed_ms is not None
    amount, planned = (0, 0) if gone else (amounts(unit, [row.id]).get(row.id, 0), row.planned)
    if row.kind == "supply":
        fields: dict[str, Any] = {
            "supply": row.id, "changed_at": now_ms, "kind": row.sort or row.zh, "stock": amount, "planned": planned,
        }  # fmt: skip
    else:
        point = None if row.lon is None or row.lat is None else f"{row.lon:.7f} {row.lat:.7f}"
        fields = {
            "shelter": row.id, "changed_at": now_ms, "capacity": planned, "occupied": amount, "zh": row.zh,
            "en": row.en or None, "community": row.region or None, "point": point,
        }  # fmt: skip
    outbox.put(unit, LIVE_WORLD.id, row.kind, row.id, now_ms, fields, now_ms)


def _faults(item: Means) -> Iterable[str]:
    if item.kind not in KINDS:
        yield f"kind: 须为 {'、'.join(KINDS)} one of {', '.join(KINDS)}"
    if not item.zh:
        yield "zh: 缺名称 the name is missing"
    for name, most in TEXTS.items():
        text = getattr(item, name)
        if not isinstance(text, str) or len(text) > most or not text.isprintable():
            yield f"{name}: 至多 {most} 字 a text of at most {most} characters"
    if item.region and item.region not in shipped():
        yield "region: 没有这个区域 there is no such region"
    for name, low, high in (("planned", 1 if item.kind == "shelter" else 0, MOST), ("least", 0, MOST)):
        value = getattr(item, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            yield f"{name}: 须为 {low} 至 {high} 的整数 a whole number of {low} to {high}"
    for name, bound in (("lon", 180.0), ("lat", 90.0)):
        place = getattr(item, name)
        if place is not None and not (isinstance(place, int | float) and math.isfinite(place) and abs(place) <= bound):
            yield f"{name}: 不是坐标 this is no position"


def _of_before(unit: Session, item: Means, before: Body, item_id: str) -> Iterable[str]:
    if item.id and before is None:
        yield "id: 没有这一项 there is no such entry"
    elif before is not None and before["kind"] != item.kind:
        yield "kind: 类别不可更改 it cannot become another kind"
    elif item.kind == "shelter" and before is not None and isinstance(item.planned, int):
        there = amounts(unit, [item_id]).get(item_id, 0)
        if item.planned < there:
            yield f"planned: 现有 {there} 人 {there} people are there"


def _read(unit: Session, item_id: str) -> Body:
    row = unit.get(MeansRow, item_id, populate_existing=True)
    if row is None or row.removed_ms is not None:
        return None
    return {name: getattr(row, name) for name in Means.__slots__ if name != "id"}


def _write(unit: Session, item_id: str, body: Body, now_ms: int) -> None:
    row = unit.get(MeansRow, item_id)
    if body is None:
        if row is not None:
            row.removed_ms = now_ms
    elif row is None:
        unit.add(MeansRow(id=item_id, removed_ms=None, **body))
    else:
        row.removed_ms = None
        for name, value in body.items():
            setattr(row, name, value)
    _tell(unit, item_id, now_ms)


def _unknown() -> MeansRefused:
    return MeansRefused("id", "没有这一项。", "There is no such entry.")


MOVEMENTS: Final = {kind: tuple(known) for kind, known in OF.items()}
