"""The catalogue of the workbench: every indicator in its newest version, with what it rests on and what shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ioc.packs import bundle as packs
from ioc.packs.content import load
from ioc.packs.definition_text import definition_text
from ioc.packs.listing import listing
from ioc.queries.composition import LEVELS, UnknownIndicator, newest
from ioc.queries.home import Named
from ioc.queries.tasks import Feed, Measured, indicators, sources

DELAYS = ("on_delay", "off_delay")


@dataclass(frozen=True, slots=True)
class Definition:
    """An indicator as analysts look for it. `limits`: level -> limit, from the least to the worst; `rules`: further
    keys of its thresholds that a rehearsal may change; `varies`: calendars have limits of their own; `below`: a value
    below the limit is worse. `walls`: scenes whose wall shows it; `layers`: of the map; `situations`: of the link
    library; `above`: indicators that are computed from it; `beneath`: those it is computed from."""

    measured: Measured
    version: int
    scene: Named
    owner: str
    window: Mapping[str, str]
    limits: Mapping[str, float]
    rules: Mapping[str, str]
    varies: bool
    below: bool
    on_z: bool
    feeds: tuple[Feed, ...]
    tasks: tuple[int, ...]
    walls: tuple[Named, ...]
    layers: tuple[Named, ...]
    situations: tuple[Named, ...]
    above: tuple[str, ...]
    beneath: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All definitions by id, and the scenes in their order."""

    definitions: Mapping[str, Definition]
    scenes: tuple[Named, ...]


def definition(name: str) -> tuple[Definition, str]:
    """One, and the text in which it is defined. Raises UnknownIndicator."""
    found = catalogue().definitions.get(name)
    if found is None:
        raise UnknownIndicator(name)
    return found, definition_text(name, found.version)


@cache
def catalogue() -> Catalogue:
    """Of the shipped packs, in their order."""
    bundle, listed, walls = packs.build(), listing(), _on_walls()
    scenes = {row["id"]: Named(row["id"], row["zh"], row["en"]) for row in bundle["scenes"]}
    tables = newest(bundle["indicators"])
    beneath = {name: _beneath(table, tables) for name, table in tables.items()}
    found = {}
    for name, table in tables.items():
        measured, limits = indicators()[name], table.get("thresholds", {})
        found[name] = Definition(
            measured=measured, version=table.get("version", 1), scene=scenes[table["scene"]],
            owner=table.get("owner", ""), window=dict(table.get("window", {})),
            limits={level: float(limits[level]) for level in LEVELS if level in limits},
            rules={"hysteresis": str(limits.get("hysteresis", 0))} | {key: str(limits.get(key, "0")) for key in DELAYS},
            varies=bool(limits.get("variants")), below=table.get("direction") == "up", on_z=limits.get("on") == "z",
            feeds=tuple(sources()[source] for source in measured.sources), tasks=tuple(table.get("tasks", ())),
            walls=tuple(scenes[scene] for scene in scenes if name in walls.get(scene, ())),
            layers=_naming(listed["layers"], "indicator", name), situations=_situations(listed["links"], name),
            above=tuple(other for other, rests in beneath.items() if name in rests), beneath=beneath[name],
        )  # fmt: skip
    return Catalogue(found, tuple(scenes.values()))


def _on_walls() -> Mapping[str, set[str]]:
    """Scene -> the indicators that its wall names."""
    known = indicators()
    return {pack.scene: {text for text in _texts(pack.wall.raw) if text in known} for pack in load().packs if pack.wall}


def _texts(part: Any) -> set[str]:
    if isinstance(part, str):
        return {part}
    parts = part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ()
    return {text for each in parts for text in _texts(each)}


def _beneath(table: Mapping[str, Any], tables: Mapping[str, Any]) -> tuple[str, ...]:
    """The indicators that one is computed from: as sources, and by name in its formula."""
    named = [row.get("source", "") for row in (table, *table.get("measures", {}).values())]
    formula = table.get("formula", "")
    found = [one.removeprefix("indicator:") for one in named if one.startswith("indicator:")]
    found += [one for one in tables if f"'{one}'" in formula or f'"{one}"' in formula]
    return tuple(dict.fromkeys(one for one in found if one in tables and one != table["id"]))


def _naming(rows: Any, key: str, name: str) -> tuple[Named, ...]:
    return tuple(Named(row["id"], row["zh"], row["en"]) for row in rows if row.get(key) == name)


def _situations(rows: Any, name: str) -> tuple[Named, ...]:
    return tuple(
        Named(f"{row['scene']}/{row['id']}", row["zh"], row["en"])
        for row in rows
        if row["kind"] == "situation" and name in row.get("indicators", ())
    )
