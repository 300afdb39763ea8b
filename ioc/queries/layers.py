"""The layers of the map as a read model: what each draws, by which symbols, and what is known of one entity on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, cast

import redis

from ioc.packs import content
from ioc.packs.schema import LayerTable
from metrics import keys
from metrics.whereabouts_row import Row, unpack_row


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a class is drawn; `value` "" is every class that has no symbol of its own."""

    value: str
    zh: str
    en: str
    shape: str
    mark: str
    mark_en: str


@dataclass(frozen=True, slots=True)
class Field:
    """What a field of an entity is called; `words`: value -> (Chinese, English)."""

    zh: str
    en: str
    type: str
    unit: str
    words: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. `source` None: drawn from a geometry or from regions by `indicator`. `dimension`: that dimension of
    the indicator whose values are entities of the source (it has the name of the source or of its key), "": the
    indicator says nothing of single entities.

    `hollow`: its symbols tell filled from hollow. `video`: its entities are cameras, and this field names the stream of
    each; "" for none. `fields`: what a tap tells, in order.
    """

    scene: str
    id: str
    zh: str
    en: str
    kind: str
    source: str | None
    indicator: str | None
    dimension: str
    geometry: str | None
    symbols: tuple[Symbol, ...]
    hollow: bool
    rank: int
    overview: bool
    video: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """Behind the world's name."""
        return f"{self.scene}/{self.id}"

    def settings(self) -> dict[str, Any]:
        """As the screen needs it; the fields are told with the entity."""
        told = asdict(self)
        del told["fields"], told["overview"]
        return told | {"video": bool(self.video)}


class UnknownEntity(LookupError):
    """There is no such layer, or nothing of this name stands on it."""


@cache
def layers() -> Mapping[str, Layer]:
    """All layers of the packs by id, in the order of the scenes."""
    packs = content.load().packs
    sources = {name: table for pack in packs if pack.sources for name, table in pack.sources.model.source.items()}
    tables = [row for pack in packs if pack.indicators for row in pack.indicators.model.indicator]
    dimensions = {row.id: tuple(row.dimensions) for row in tables}
    return {row.id: _layer(pack.scene, row, sources, dimensions) for pack in packs for row in pack.pack.model.layer}


def overview() -> tuple[str, ...]:
    """The layers that the map of the district shows by itself."""
    return tuple(name for name, layer in layers().items() if layer.overview)


def chosen(asked: str | None, default: Sequence[str]) -> tuple[str, ...]:
    """The layers that an address names, `a,b`; what there is not is left out. None: `default`."""
    if asked is None:
        return tuple(default)
    return tuple(dict.fromkeys(name for name in asked.split(",") if name in layers()))


def entity(client: redis.Redis, world: str, layer: str, name: str) -> tuple[Layer, Row]:
    """What is known of one entity of a layer. Raises UnknownEntity, redis.RedisError, ValueError for a row of another
    version."""
    of = layers().get(layer)
    if of is None or of.source is None:
        raise UnknownEntity(layer)
    packed = cast(Any, client.hget(keys.engine(world, f"where:{of.topic}"), name))
    if packed is None:
        raise UnknownEntity(name)
    return of, unpack_row(packed)


def told(of: Layer, name: str, row: Row) -> dict[str, Any]:
    """An entity as JSON: its class, level and place, and each field with its names and its value in both languages."""
    symbol = next((each for each in of.symbols if each.value in {row.kind, ""}), None)
    return {
        "v": 1, "scene": of.scene, "layer": of.id, "id": name, "changed": row.changed_ms, "region": row.region,
        "at": None if row.place is None else [row.place[0] / 1e7, row.place[1] / 1e7], "level": row.level,
        "label": row.label, "kind": {"zh": symbol.zh if symbol else of.zh, "en": symbol.en if symbol else of.en},
        "fields": [
            {"id": key, "zh": known.zh, "en": known.en, "type": known.type, "unit": known.unit,
             "value": row.shows[key], "words": list(known.words.get(str(row.shows[key]), ())) or None}
            for key, known in of.fields.items() if key in row.shows
        ],
    }  # fmt: skip


def _layer(scene: str, row: LayerTable, sources: Mapping[str, Any], dimensions: Mapping[str, Iterable[str]]) -> Layer:
    source = sources.get(row.source or "")
    split = tuple(dimensions.get(row.indicator or "", ()))
    dimension = row.entity_dimension(split, source.key or "") if source is not None else ""
    return Layer(
        scene=scene, id=row.id, zh=row.zh, en=row.en, kind=row.kind, source=row.source, indicator=row.indicator,
        dimension=dimension, geometry=row.geometry, hollow=row.hollow is not None, rank=row.rank,
        overview=row.overview, video=row.video or "",
        symbols=tuple(
            Symbol(each.value or "", each.zh, each.en, each.shape, each.mark, each.mark_en) for each in row.symbol
        ),
        fields={name: _field(name, row, source.fields[name]) for name in row.shows if name != row.video}
        if source is not None
        else {},
    )  # fmt: skip


def _field(name: str, row: LayerTable, declared: Any) -> Field:
    said = {value: (each.zh, each.en) for value, each in row.names.get(name, {}).items()}
    if name == row.by:
        said = {each.value: (each.zh, each.en) for each in row.symbol if each.value} | said
    return Field(declared.zh or name, declared.en or name, declared.type, declared.unit or "", said)
