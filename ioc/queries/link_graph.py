"""The theme link library as a graph of six columns: theme, capability, situation, indicator, base count, source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ioc.packs.listing import listing
from ioc.queries.home import Named
from ioc.queries.library import Entry, Health, Key, of_kind
from ioc.queries.tasks import indicators, sources

COLUMNS = ("scene", "capability", "situation", "indicator", "base", "source")
Path = tuple[str, str, str, str, str, str]  # ids, one of each column; empty: no entry names the indicator


@dataclass(frozen=True, slots=True)
class System:
    """A linked system of another office. `gives` and `takes` by name; `health` None: it was never asked."""

    scene: Named
    id: str
    zh: str
    en: str
    owner: str
    entry: str
    gives: tuple[Named, ...]
    takes: tuple[Named, ...]
    sso: bool
    permission: str
    tasks: tuple[int, ...]
    version: int
    health: Health | None


@dataclass(frozen=True, slots=True)
class LinkGraph:
    """`nodes`: column -> what stands in it, in the order of the packs. `paths`: every way from a theme to a source."""

    nodes: Mapping[str, tuple[Named, ...]]
    paths: tuple[Path, ...]
    systems: tuple[System, ...]


def link_graph(found: Mapping[Key, Entry], health: Mapping[tuple[str, str], Health]) -> LinkGraph:
    """The graph of the library in force. Ids of capabilities and situations are `SCENE/ID`."""
    content = listing()
    scenes = {row["id"]: Named(row["id"], row["zh"], row["en"]) for row in content["scenes"]}
    bases: dict[str, Named] = {}
    ways = list(_ways(content, bases))
    paths = tuple(path for row in content["indicators"] for path in _paths(row, found, ways))
    nodes = {
        "scene": tuple(scenes.values()),
        "capability": _scoped(of_kind(found, "capability")),
        "situation": _scoped(of_kind(found, "situation")),
        "indicator": tuple(Named(each.id, each.zh, each.en) for each in indicators().values()),
        "base": tuple(bases.values()),
        "source": tuple(Named(each.id, each.zh, each.en) for each in sources().values()),
    }
    return LinkGraph(nodes, paths, _systems(found, health, scenes))


def _scoped(entries: Iterable[Entry]) -> tuple[Named, ...]:
    return tuple(
        Named(f"{each.scene}/{each.id}", each.body["zh"], each.body["en"]) for each in entries if each.body is not None
    )


def _paths(row: Mapping[str, Any], found: Mapping[Key, Entry], ways: Iterable[tuple[str, str, str]]) -> Iterator[Path]:
    """The ways of an indicator, once for each situation that looks at it; a pack may look at another's indicators."""
    looked = [
        (each.scene, f"{each.scene}/{each.body['capability']}", f"{each.scene}/{each.id}")
        for each in of_kind(found, "situation")
        if each.body is not None and row["id"] in each.body["indicators"]
    ]
    for above in looked or [(row["scene"], "", "")]:
        for indicator, base, source in ways:
            if indicator == row["id"]:
                yield (*above, indicator, base, source)


def _ways(content: Mapping[Any, list[dict[str, Any]]], bases: dict[str, Named]) -> Iterator[tuple[str, str, str]]:
    """(indicator, base count, source). Base counts of one source that bear one name are one."""
    parts = {row["id"]: row["of"] or [row["id"]] for row in content["sources"]}
    for row in content["indicators"]:
        for measure in row["measures"]:
            name = measure["zh"] or measure["id"]
            base = f"{measure['source']}:{name}"
            bases.setdefault(base, Named(base, name, measure["en"] or measure["id"]))
            behind = str(measure["source"])
            through = behind.startswith("indicator:")
            for source in indicators()[behind[10:]].sources if through else parts[behind]:
                yield row["id"], base, source


def _systems(
    found: Mapping[Key, Entry], health: Mapping[tuple[str, str], Health], scenes: Mapping[str, Named]
) -> tuple[System, ...]:
    content = listing()
    names = {
        row["id"]: Named(row["id"], row["zh"], row["en"])
        for row in [*(link for link in content["links"] if link["kind"] == "event"), *content["sources"],
                    *content["indicators"]]
    }  # fmt: skip
    return tuple(_system(entry, entry.body, names, health, scenes) for entry in of_kind(found, "system") if entry.body)


def _system(
    entry: Entry, body: Mapping[str, Any], names: Mapping[str, Named], health: Mapping[tuple[str, str], Health],
    scenes: Mapping[str, Named],
) -> System:  # fmt: skip
    return System(
        scene=scenes[entry.scene], id=entry.id, zh=body["zh"], en=body["en"], owner=body["owner"],
        entry=body["entry"], gives=tuple(names.get(name, Named(name, name, name)) for name in body.get("gives", ())),
        takes=tuple(names.get(name, Named(name, name, name)) for name in body.get("takes", ())),
        sso=body["sso"], permission=body["permission"], tasks=tuple(body.get("tasks", ())), version=entry.version,
        health=health.get((entry.scene, entry.id)),
    )  # fmt: skip
