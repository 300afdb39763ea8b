"""The health of the linked systems: each is asked, and what was found is kept with since when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from ioc.queries.library import library, of_kind
from ioc.services.outward import Origin
from ioc.services.probe import Answer, probe
from ioc.store.tables import SystemHealthRow
from ioc.store.unit import Store

AT_ONCE = 8  # systems asked in parallel: forty of them that do not answer take half a minute

Name = tuple[str, str]  # scene, system


def check(
    store: Store, allowed: Iterable[Origin], clock: Callable[[], int], ask: Callable[..., Answer] = probe
) -> Mapping[Name, Answer]:
    """Ask every linked system in force once and keep the answers. Raises sqlalchemy.exc.SQLAlchemyError."""
    entries = {(each.scene, each.id): str((each.body or {})["entry"]) for each in of_kind(library(store), "system")}
    permitted = frozenset(allowed)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(entries, pool.map(lambda entry: ask(entry, permitted), entries.values()), strict=True))
    keep(store, entries, found, clock())
    return found


def keep(store: Store, entries: Mapping[Name, str], found: Mapping[Name, Answer], now_ms: int) -> None:
    """Write the answers down; what is known of a former address, or of a system that is gone, is forgotten."""
    with store.write() as unit:
        for row in unit.scalars(select(SystemHealthRow)):
            if entries.get((row.scene, row.name)) != row.entry:
                unit.delete(row)
        unit.flush()
        for (scene, name), answer in found.items():
            row = unit.get(SystemHealthRow, (scene, name)) or SystemHealthRow(
                scene=scene, name=name, entry=entries[scene, name]
            )
            row.state, row.detail, row.checked_ms = answer.state, answer.detail, now_ms
            if answer.state == "ok":
                row.seen_ms, row.dead_since_ms = now_ms, None
            elif answer.state == "dead":
                row.dead_since_ms = row.dead_since_ms or now_ms
            else:  # nobody asked: neither dead nor alive
                row.dead_since_ms = None
            unit.add(row)
