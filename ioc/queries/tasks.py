"""The coverage of the tasks as a read model: what serves each task of the plan, read from the packs alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ioc.packs import bundle as packs
from ioc.packs.listing import listing
from ioc.queries.composition import newest, sources_behind, wording_of
from ioc.queries.home import Named
from ioc.queries.units import unit_in
from ioc.queries.wall import Wording

TASK_STATES = ("ok", "part", "late", "lost", "none")


@dataclass(frozen=True, slots=True)
class Feed:
    """A source that is fed; a union is told by its parts."""

    id: str
    zh: str
    en: str
    scene: str


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator that serves a task: `tag` is its number in the district's tables, `judged` says it has limits."""

    id: str
    zh: str
    en: str
    tag: str
    scene: str
    unit: str
    decimals: int
    judged: bool
    sources: tuple[str, ...]
    says: Mapping[str, Wording] = field(default_factory=dict)

    def unit_in(self, lang: str) -> str:
        """The unit as this language writes it."""
        return unit_in(self.unit, lang)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page that a pack names; whether it exists is the door's word, not the pack's."""

    zh: str
    en: str
    to: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task of the plan and everything that serves it."""

    id: int
    zh: str
    en: str
    scenes: tuple[Named, ...]
    feeds: tuple[Feed, ...]
    indicators: tuple[Measured, ...]
    layers: tuple[Named, ...]
    events: tuple[Named, ...]
    pages: tuple[PageLink, ...]
    systems: tuple[Named, ...]


def state(feeds: Iterable[str]) -> str:
    """One of TASK_STATES from the states of a task's feeds: the worst of those that came in, and whether all did."""
    seen = set(feeds)
    if not seen - {"none"}:
        return "none"
    for worse in ("lost", "late"):
        if worse in seen:
            return worse
    return "part" if "none" in seen else "ok"


@cache
def tasks() -> tuple[TaskView, ...]:
    """All tasks of the shipped packs, in the order of the plan."""
    content = listing()
    scenes = {row["id"]: _named(row) for row in content["scenes"]}
    measured, feeds = indicators(), sources()
    return tuple(
        TaskView(
            id=task["id"], zh=task["zh"], en=task["en"], scenes=tuple(scenes[name] for name in task["scenes"]),
            feeds=tuple(feeds[name] for name in _fed(task, measured, feeds)),
            indicators=tuple(measured[name] for name in task["indicators"]),
            layers=_serving(content["layers"], task["id"]),
            events=_serving(_of_kind(content["links"], "event"), task["id"]),
            pages=_pages(_of_kind(content["links"], "page"), task["id"]),
            systems=_serving(_of_kind(content["links"], "system"), task["id"]),
        )
        for task in content["tasks"]
    )  # fmt: skip


@cache
def sources() -> Mapping[str, Feed]:
    """All sources that are fed, by id: a union is none."""
    return {
        row["id"]: Feed(row["id"], row["zh"], row["en"], row["scene"])
        for row in listing()["sources"]
        if row["kind"] != "union"
    }


@cache
def indicators() -> Mapping[str, Measured]:
    """All indicators by id, in their newest version."""
    bundle = packs.build()
    tables = newest(bundle["indicators"])
    walls = packs.walls()
    return {
        name: _measured(table, tables, bundle["sources"], wording_of(walls.get(table["scene"], {}), name))
        for name, table in tables.items()
    }


def _measured(
    table: Mapping[str, Any], tables: Mapping[str, Any], declared: Mapping[str, Any], says: Mapping[str, Wording]
) -> Measured:
    behind = sources_behind(table, tables, set())
    parts = {part for name in behind for part in declared[name].get("of", [name])}
    return Measured(
        id=table["id"], zh=table["zh"], en=table.get("en", table["zh"]), tag=next(iter(table.get("tags", ())), ""),
        scene=table["scene"], unit=table.get("unit", ""), decimals=table.get("decimals", 0),
        judged="thresholds" in table, sources=tuple(sorted(parts)), says=says,
    )  # fmt: skip


def _fed(task: Mapping[str, Any], measured: Mapping[str, Measured], feeds: Mapping[str, Feed]) -> list[str]:
    """The sources behind a task's indicators, in the order of the packs."""
    wanted = {source for name in task["indicators"] for source in measured[name].sources}
    return [name for name in feeds if name in wanted]


def _of_kind(links: Iterable[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [row for row in links if row["kind"] == kind]


def _serving(rows: Iterable[Mapping[str, Any]], task: int) -> tuple[Named, ...]:
    return tuple(_named(row) for row in rows if task in row.get("tasks", ()))


def _pages(rows: Iterable[Mapping[str, Any]], task: int) -> tuple[PageLink, ...]:
    """Each address once, under the first name that a pack gives it."""
    found: dict[str, PageLink] = {}
    for row in rows:
        if task in row.get("tasks", ()):
            found.setdefault(row["to"], PageLink(row["zh"], row["en"], row["to"]))
    return tuple(found.values())


def _named(row: Mapping[str, Any]) -> Named:
    return Named(row["id"], row["zh"], row["en"])
