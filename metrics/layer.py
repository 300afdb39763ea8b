"""A layer of the map as the engine knows it: which records stand on it, and what of each record it shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metrics.declaration import Faults, Table, personal
from metrics.formula import Node, names
from metrics.source import Source

FILE = "pack.toml"
LEVELS = ("red", "orange", "yellow", "blue")  # worst first: the first one that is true is the level
KEYS = (
    "id", "scene", "source", "moves", "where", "levels", "hollow", "by", "label", "shows", "shape",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """The entities of one source of records at their points.

    `where`: which of the current records stand on the map (None: all). `levels`: level and the condition under which a
    record has it, worst first. `hollow`: a condition that symbols show beside the level (ready, on the way). `kind`,
    `label`, `shape`: the fields of the symbol's class, of the text beside it and of a polygon (CAP: `lat,lon lat,lon
    ...`), "" for none. `shows`: fields that are told when somebody asks for one entity. `moves`: a source of readings
    of the same entities whose newest point is where they are, "" for none. `digest` names all of it.
    """

    scene: str
    id: str
    source: str
    point: str
    digest: str
    moves: str = ""
    where: Node | None = None
    levels: tuple[tuple[str, Node], ...] = ()
    hollow: Node | None = None
    kind: str = ""
    label: str = ""
    shows: tuple[str, ...] = ()
    shape: str = ""
    region: str = ""
    fields: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """Scene and id: ids are unique within a scene."""
        return f"{self.scene}/{self.id}"


def read_layers(faults: Faults, rows: Sequence[Any], sources: Mapping[str, Source]) -> tuple[Layer, ...]:
    """The layers of a bundle; what is wrong with one is noted, and it is left out."""
    found = [_read(faults, raw, sources) for raw in rows]
    return tuple(layer for layer in found if layer is not None)


def _read(faults: Faults, raw: Any, sources: Mapping[str, Source]) -> Layer | None:
    table = Table(faults, FILE, str(raw.get("id", "")) if isinstance(raw, Mapping) else "", raw, KEYS)
    name = table.text("source", required=True)
    source = sources.get(name)
    if source is None or source.kind != "records" or source.union_of:
        records = [one for one, declared in sources.items() if declared.kind == "records" and not declared.union_of]
        table.unknown("source", name, "a source of records", "记录类数据源", records)
        return None
    point = point_of(source)
    if not point:
        table.fault("source", "type", f"'{name}' has no field of type point", zh=f"'{name}' 没有 point 类字段")
        return None
    moves = table.text("moves")
    if moves and (moves not in sources or sources[moves].kind != "readings" or not point_of(sources[moves])):
        table.unknown("moves", moves, "a source of readings with a point", "带坐标的读数类数据源", sources)
    scope = source.scope()
    conditions = {key: _condition(table, key, source) for key in ("where", "hollow")}
    graded = table.table("levels", LEVELS)
    levels = [(level, node) for level in LEVELS if graded and (node := _condition(graded, level, source)) is not None]
    kind, label, shape = (_field(table, key, table.text(key), scope) for key in ("by", "label", "shape"))
    shows = tuple(_field(table, "shows", one, scope) for one in table.texts("shows"))
    asked = {point, kind, label, shape, *shows}
    for node in (*conditions.values(), *(node for _, node in levels)):
        asked |= names(node) if node is not None else set()
    region = source.region.name if source.region is not None and source.region.way == "field" else ""
    said = json.dumps([raw, dict(source.raw)], sort_keys=True, ensure_ascii=False, default=str)
    return Layer(
        scene=table.text("scene", required=True), id=table.text("id", required=True), source=name, point=point,
        digest=hashlib.sha256(said.encode()).hexdigest()[:16], moves=moves, where=conditions["where"],
        levels=tuple(levels), hollow=conditions["hollow"], kind=kind, label=label, shows=shows, shape=shape,
        region=region, fields=frozenset(asked | {region}) - {""},
    )  # fmt: skip


def point_of(source: Source) -> str:
    """The first field of type point; "" for none."""
    return next((name for name, one in source.fields.items() if one.type == "point"), "")


def _condition(table: Table, key: str, source: Source) -> Node | None:
    # A condition with now() would change while no record does: nobody would look.
    found = table.expression(key, source.scope(), "row", "bool", owner=source.id, counted=True)
    return None if found is None else found[0]


def _field(table: Table, key: str, name: str, scope: Mapping[str, Any]) -> str:
    if not name:
        return ""
    if name not in scope:
        table.unknown(key, name, "a field of the source", "该数据源的字段", scope)
    elif scope[name].personal:
        en, zh = personal(name)
        table.fault(key, "personal", en, zh=zh)
    return name
