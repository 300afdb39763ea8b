"""The theme link library in force: what the packs ship, and over it the newest version of what was changed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.packs.listing import listing
from ioc.store.tables import LibraryEntryRow, SystemHealthRow
from ioc.store.unit import Store

KINDS = ("capability", "situation", "system")
Key = tuple[str, str, str]  # scene, kind, id


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the library: `version` 0 is as shipped; `body` as in links.toml, None where it was removed."""

    scene: str
    kind: str
    id: str
    body: Mapping[str, Any] | None
    version: int = 0
    by: str = ""
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What was last found of a linked system; times in ms UTC."""

    entry: str
    state: str
    detail: str
    checked_ms: int
    seen_ms: int | None
    dead_since_ms: int | None


@cache
def seed() -> Mapping[Key, Mapping[str, Any]]:
    """Every entry of the shipped packs, in their order."""
    return {
        (row["scene"], row["kind"], row["id"]): {key: row[key] for key in row if key not in {"scene", "kind"}}
        for row in listing()["links"]
        if row["kind"] in KINDS
    }


def library(store: Store) -> Mapping[Key, Entry]:
    """All entries in force, those that were removed too (their body is None)."""
    with store.read() as unit:
        return entries(unit)


def entries(unit: Session) -> dict[Key, Entry]:
    """The same within a unit."""
    found = {key: Entry(*key, body) for key, body in seed().items()}
    for row in unit.scalars(select(LibraryEntryRow).order_by(LibraryEntryRow.version)):
        body = None if row.body is None else json.loads(row.body)
        found[row.scene, row.kind, row.name] = Entry(
            row.scene, row.kind, row.name, body, row.version, row.by_name, row.at_ms
        )
    return found


def of_kind(found: Mapping[Key, Entry], kind: str) -> list[Entry]:
    """The entries of a kind that are there."""
    return [entry for entry in found.values() if entry.kind == kind and entry.body is not None]


def history(store: Store, key: Key) -> list[Entry]:
    """All versions of an entry, the newest first; the shipped one last, where there is one."""
    scene, kind, name = key
    wanted = select(LibraryEntryRow).where(
        LibraryEntryRow.scene == scene, LibraryEntryRow.kind == kind, LibraryEntryRow.name == name
    )
    with store.read() as unit:
        rows = unit.scalars(wanted.order_by(LibraryEntryRow.version.desc())).all()
    changed = [
        Entry(*key, None if row.body is None else json.loads(row.body), row.version, row.by_name, row.at_ms)
        for row in rows
    ]
    return [*changed, *([Entry(*key, seed()[key])] if key in seed() else [])]


def health(store: Store) -> Mapping[tuple[str, str], Health]:
    """(scene, system) -> what was last found."""
    with store.read() as unit:
        return {
            (row.scene, row.name): Health(
                row.entry, row.state, row.detail, row.checked_ms, row.seen_ms, row.dead_since_ms
            )
            for row in unit.scalars(select(SystemHealthRow))
        }
