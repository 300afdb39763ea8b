"""The listing: what the packs contain, each thing with its id, its names and what it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from ioc.packs.content import Content, Pack, load
from ioc.packs.files import PACKS

Row = dict[str, Any]
Kind = Literal["scenes", "sources", "indicators", "layers", "links", "tasks"]


def listing(root: Path = PACKS) -> dict[Kind, list[Row]]:
    """For `ioc packs list`; the packs must be sound. `links` are pages, capabilities, situations, linked systems and
    event types: each says its `kind`."""
    content = load(root)
    return {
        "scenes": [_scene(pack) for pack in content.packs],
        "sources": [_source(pack, name, row) for pack in content.packs for name, row in _sources(pack).items()],
        "indicators": [_indicator(row) for pack in content.packs for row in _indicators(pack)],
        "layers": [
            {**_of(pack, row), "tasks": row.get("tasks", [])} for pack in content.packs for row in _own(pack, "layer")
        ],
        "links": [link for pack in content.packs for link in _links(pack)],
        "tasks": list(_tasks(content)),
    }


def _scene(pack: Pack) -> Row:
    scene = pack.pack.model.scene
    return {
        "id": scene.id, "zh": scene.zh, "en": scene.en, "tasks": list(scene.tasks), "sources": list(_sources(pack)),
        "indicators": [row["id"] for row in _indicators(pack)],
    }  # fmt: skip


def _source(pack: Pack, name: str, row: Mapping[str, Any]) -> Row:
    found = {"id": name, "scene": pack.scene, "zh": row["zh"], "en": row["en"], "kind": row["kind"]}
    return found | {"registry": row.get("registry"), "of": row.get("of", []), "fields": list(row.get("fields", {}))}


def _indicator(row: Mapping[str, Any]) -> Row:
    found = {key: row.get(key) for key in ("id", "scene", "zh", "en", "unit")}
    return found | {
        "version": row.get("version", 1), "tags": row.get("tags", []), "tasks": row.get("tasks", []),
        "sources": sources_of(row), "dimensions": row.get("dimensions", []),
        "measures": [
            {"id": name, "zh": one.get("zh"), "en": one.get("en"), "source": one.get("source", row.get("source"))}
            for name, one in row.get("measures", {}).items()
        ],
    }  # fmt: skip


def sources_of(row: Mapping[str, Any]) -> list[str]:
    """The sources that an indicator's measures fold, `indicator:ID` too, in the order they are named."""
    default = row.get("source")
    named = [measure.get("source", default) for measure in row.get("measures", {}).values()]
    return [name for name in dict.fromkeys(named) if name]


def _links(pack: Pack) -> Iterable[Row]:
    raw = pack.links.raw if pack.links else {}
    kinds = {"page": _own(pack, "link"), "event": _own(pack, "event")}
    kinds |= {kind: raw.get(kind, []) for kind in ("capability", "situation", "system")}
    return [{"kind": kind, **_of(pack, row)} for kind, rows in kinds.items() for row in rows]


def _tasks(content: Content) -> Iterable[Row]:
    """Every task with what serves it: that is what the coverage of the tasks is read from."""
    for task in content.tasks.model.task if content.tasks else ():
        indicators = [row for pack in content.packs for row in _indicators(pack) if task.id in row.get("tasks", [])]
        rows = {
            kind: [row["id"] for pack in content.packs for row in _own(pack, kind) if task.id in row.get("tasks", [])]
            for kind in ("layer", "event")
        }
        yield {
            "id": task.id, "zh": task.zh, "en": task.en,
            "scenes": [pack.scene for pack in content.packs if task.id in pack.pack.model.scene.tasks],
            "indicators": [row["id"] for row in indicators],
            "sources": list(dict.fromkeys(name for row in indicators for name in sources_of(row))),
            "layers": rows["layer"], "events": rows["event"],
            "pages": list(dict.fromkeys(
                row["to"] for pack in content.packs for row in _own(pack, "link") if task.id in row.get("tasks", [])
            )),
            "systems": [
                row["id"] for pack in content.packs for row in (pack.links.raw.get("system", []) if pack.links else [])
                if task.id in row.get("tasks", [])
            ],
        }  # fmt: skip


def _own(pack: Pack, key: str) -> list[Mapping[str, Any]]:
    return list(pack.pack.raw.get(key, []))


def _of(pack: Pack, row: Mapping[str, Any]) -> Row:
    return {"scene": pack.scene, **row}


def _sources(pack: Pack) -> Mapping[str, Mapping[str, Any]]:
    return pack.sources.raw.get("source", {}) if pack.sources else {}


def _indicators(pack: Pack) -> list[Mapping[str, Any]]:
    return list(pack.indicators.raw.get("indicator", [])) if pack.indicators else []
