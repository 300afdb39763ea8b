"""People and means as their page shows them: shifts, who is on duty now, handovers, supplies and shelters."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.stock import low
from ioc.services import roster
from ioc.services.means import amounts
from ioc.services.means_book import Book
from ioc.store.means_tables import HandoverRow, MeansEditRow, MeansRow, MovementRow
from ioc.store.tables import PersonRow
from ioc.store.unit import Store

SHOWN = 12  # edits and handovers; movements of one thing


def roster_page(store: Store, start_ms: int, end_ms: int, now_ms: int) -> dict[str, Any]:
    """Plain JSON: `shifts` of the stretch, `now` (role -> names), `people` who may be on duty, `handovers`, `edits`."""
    with store.read() as unit:
        roles = roster.roles_of(unit)
        able = {name: sorted(held & set(roster.ROLES)) for name, held in roles.items() if held & set(roster.ROLES)}
        titles = {row.name: row.title or row.name for row in unit.scalars(select(PersonRow))}
        shifts = [
            {"id": each.id, "person": each.person, "title": titles.get(each.person, each.person), "role": each.role,
             "post": each.post, "start": each.start_ms, "end": each.end_ms, "note": each.note,
             "now": each.at(now_ms)}
            for each in roster.between(unit, start_ms, end_ms)
        ]  # fmt: skip
        handovers = unit.scalars(select(HandoverRow).order_by(HandoverRow.made_ms.desc()).limit(SHOWN)).all()
        return {
            "at": now_ms, "from": start_ms, "to": end_ms, "shifts": shifts,
            "now": {role: [titles.get(name, name) for name in names]
                    for role, names in roster.now_on_duty(unit, now_ms).items()},
            "people": [{"name": name, "title": titles.get(name, name), "roles": able[name]} for name in sorted(able)],
            "handovers": [
                {"id": row.id, "giver": row.giver, "giver_title": titles.get(row.giver, row.giver), "taker": row.taker,
                 "taker_title": titles.get(row.taker, row.taker), "note": row.note, "open": json.loads(row.open),
                 "made": row.made_ms, "signed": row.signed_ms}
                for row in handovers
            ],
            "edits": edits(unit, "roster"),
        }  # fmt: skip


def means_page(store: Store, now_ms: int) -> dict[str, Any]:
    """Plain JSON: `items` with their amounts, low ones marked, and the newest `edits`."""
    with store.read() as unit:
        rows = unit.scalars(
            select(MeansRow).where(MeansRow.removed_ms.is_(None)).order_by(MeansRow.kind, MeansRow.sort, MeansRow.zh)
        ).all()
        there = amounts(unit)
        return {"at": now_ms, "items": [_item(row, there.get(row.id, 0)) for row in rows],
                "edits": edits(unit, "means")}  # fmt: skip


def movements(store: Store, item_id: str) -> list[dict[str, Any]]:
    """What came and went of one thing, the newest first."""
    with store.read() as unit:
        rows = unit.scalars(
            select(MovementRow)
            .where(MovementRow.means_id == item_id)
            .order_by(MovementRow.number.desc())
            .limit(SHOWN * 4)
        )
        return [
            {"number": row.number, "movement": row.movement, "delta": row.delta, "note": row.note,
             "dossier": row.dossier_id, "by": row.by_name, "at": row.at_ms}
            for row in rows
        ]  # fmt: skip


def edits(unit: Session, book: Book) -> list[dict[str, Any]]:
    """The newest edits of a book by batch: who, when, how many, of what, whether it was taken back."""
    rows = unit.scalars(
        select(MeansEditRow).where(MeansEditRow.book == book).order_by(MeansEditRow.number.desc()).limit(500)
    ).all()
    gone = {row.undoes for row in rows if row.undoes}
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        body = json.loads(row.after or row.before or "{}")
        kind = "added" if row.before is None else "removed" if row.after is None else "changed"
        known = found.setdefault(
            row.batch, {"batch": row.batch, "by": row.by_name, "at": row.at_ms, "edits": 0, "kind": kind,
                        "what": body.get("person") or body.get("zh") or "", "undo": bool(row.undoes),
                        "undone": row.batch in gone},
        )  # fmt: skip
        known["edits"] += 1
    return list(found.values())[:SHOWN]


def _item(row: MeansRow, amount: int) -> dict[str, Any]:
    return {
        "id": row.id, "kind": row.kind, "zh": row.zh, "en": row.en, "sort": row.sort, "unit": row.unit,
        "region": row.region, "place": row.place, "lon": row.lon, "lat": row.lat, "planned": row.planned,
        "least": row.least, "amount": amount, "low": row.kind == "supply" and low(amount, row.least),
        "left": row.planned - amount if row.kind == "shelter" else None,
    }  # fmt: skip
