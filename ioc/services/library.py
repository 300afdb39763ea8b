"""Changes of the theme link library: each is a new version with who and when, in one transaction; none is ever lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ioc.packs.listing import listing
from ioc.packs.schema import CapabilityTable, SituationTable, SystemTable
from ioc.queries.library import Entry, Key, entries, of_kind, seed
from ioc.security.permission import Permission
from ioc.services.audit import record
from ioc.services.refusals import BadEntry, EntryInUse, NothingToUndo, OutdatedEntry
from ioc.store.tables import LibraryEntryRow
from ioc.store.unit import Store

MODELS: Mapping[str, type[BaseModel]] = {
    "capability": CapabilityTable,
    "situation": SituationTable,
    "system": SystemTable,
}
LONGEST = 8_000  # characters of an entry: names, an address, and lists of ids
LONGEST_ID = 64


def change(store: Store, key: Key, body: Mapping[str, Any], version: int, *, by: str, now_ms: int) -> Entry:
    """Add an entry or change it; `version` is the one that was looked at (0: as shipped, or not there yet).

    Raises BadEntry with every fault, OutdatedEntry when somebody else was faster.
    """
    with store.write() as unit:
        found = entries(unit)
        checked = _checked(found, key, body)
        return _add(unit, found, key, json.dumps(checked, ensure_ascii=False, sort_keys=True), version, by, now_ms)


def remove(store: Store, key: Key, version: int, *, by: str, now_ms: int) -> Entry:
    """Take an entry out of the library. Raises EntryInUse, OutdatedEntry, BadEntry for one that is not there."""
    scene, kind, name = key
    with store.write() as unit:
        found = entries(unit)
        if key not in found or found[key].body is None:
            raise BadEntry(["id: 没有此条目 there is no such entry"])
        used = [
            entry.id
            for entry in of_kind(found, "situation")
            if kind == "capability" and entry.scene == scene and entry.body and entry.body["capability"] == name
        ]
        if used:
            raise EntryInUse(used)
        return _add(unit, found, key, None, version, by, now_ms)


def undo(store: Store, key: Key, version: int, *, by: str, now_ms: int) -> Entry:
    """Bring back the version before; undone again, the one before that. Raises NothingToUndo, OutdatedEntry, BadEntry
    when what would come back fits the library no more."""
    scene, kind, name = key
    where = (LibraryEntryRow.scene == scene, LibraryEntryRow.kind == kind, LibraryEntryRow.name == name)
    with store.write() as unit:
        rows = {row.version: row for row in unit.scalars(select(LibraryEntryRow).where(*where))}
        if not rows:
            raise NothingToUndo(name)
        newest = rows[max(rows)]
        back = (newest.version if newest.restores is None else newest.restores) - 1
        if back < 0:
            raise NothingToUndo(name)
        found = entries(unit)
        before = seed().get(key) if back == 0 else json.loads(rows[back].body or "null")
        text = None if before is None else json.dumps(_checked(found, key, before), ensure_ascii=False, sort_keys=True)
        return _add(unit, found, key, text, version, by, now_ms, restores=back)


def _add(  # noqa: PLR0917 - what a row is
    unit: Session, found: Mapping[Key, Entry], key: Key, body: str | None, version: int, by: str, now_ms: int,
    restores: int | None = None,
) -> Entry:  # fmt: skip
    scene, kind, name = key
    if version != (found[key].version if key in found else 0):
        raise OutdatedEntry(name, found[key].by)
    row = LibraryEntryRow(
        scene=scene, kind=kind, name=name, version=version + 1, body=body, restores=restores, by_name=by, at_ms=now_ms
    )
    unit.add(row)
    try:
        unit.flush()
    except IntegrityError as error:  # two at one instant: the key of the table decides
        raise OutdatedEntry(name, "") from error
    what = {"version": version + 1, "body": None if body is None else json.loads(body), "restores": restores}
    record(unit, "library.change", f"{scene}/{kind}/{name}", now_ms, what)
    return Entry(*key, None if body is None else json.loads(body), version + 1, by, now_ms)


def _checked(found: Mapping[Key, Entry], key: Key, body: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as links.toml would have it. Raises BadEntry."""
    scene, kind, name = key
    known = _known()
    if scene not in known["scene"] or kind not in MODELS:
        raise BadEntry(["scene: 没有此场景或种类 no such scene or kind"])
    try:
        model = MODELS[kind].model_validate({**body, "id": name})
    except ValidationError as error:
        raise BadEntry([f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]) from None
    checked = model.model_dump(mode="json")
    faults = list(_unknown(found, scene, kind, checked, known))
    if len(json.dumps(checked, ensure_ascii=False)) > LONGEST:
        faults.append(f"id: 条目过长 longer than {LONGEST} characters")
    if len(name) > LONGEST_ID:
        faults.append(f"id: 编号过长 longer than {LONGEST_ID} characters")
    if faults:
        raise BadEntry(faults)
    return checked


def _unknown(
    found: Mapping[Key, Entry], scene: str, kind: str, body: Mapping[str, Any], known: Mapping[str, frozenset[str]]
) -> Iterable[str]:
    def missing(field: str, there: Callable[[str], bool]) -> Iterable[str]:
        names = body[field] if isinstance(body[field], list) else [body[field]]
        return (f"{field}: 没有 {name} there is no {name}" for name in names if not there(name))

    if kind == "situation":
        capabilities = {entry.id for entry in of_kind(found, "capability") if entry.scene == scene}
        yield from missing("capability", capabilities.__contains__)
        yield from missing("indicators", known["indicator"].__contains__)
    if kind == "system":
        yield from missing("gives", known["source"].__contains__)
        yield from missing("takes", (known["source"] | known["indicator"] | known["event"]).__contains__)
        yield from missing("permission", frozenset(Permission).__contains__)


@cache
def _known() -> Mapping[str, frozenset[str]]:
    content = listing()
    return {
        "scene": frozenset(row["id"] for row in content["scenes"]),
        "source": frozenset(row["id"] for row in content["sources"]),
        "indicator": frozenset(row["id"] for row in content["indicators"]),
        "event": frozenset(row["id"] for row in content["links"] if row["kind"] == "event"),
    }
