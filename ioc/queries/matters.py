"""Matters: incidents and warnings as they stand on their layers, as findings and with what screens say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import redis
import structlog

from ioc.domain.attention import Finding, Kind
from ioc.packs import content
from ioc.packs.schema import LayerTable
from ioc.queries.wall import DISTRICT
from metrics import keys
from metrics.whereabouts_row import Row, UnknownRowVersion, unpack_row

Names = tuple[str, str]  # Chinese, English
LEAST = "blue"  # of what stands without a level


@dataclass(frozen=True, slots=True)
class About:
    """What a record is: the name of its class (of the layer, where it has none), its own label, the newest stage that
    it reached and when (ms), who it is from, and where (degrees WGS-84)."""

    name: Names
    label: str = ""
    stage: tuple[str, str, int] | None = None
    who: str = ""
    at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """A `[[matter]]` of the overview with what its pack says of the layer's classes and the fields of its source."""

    raw: Mapping[str, Any]
    names: Mapping[str, Names]
    stages: Mapping[str, Names]


def matters(client: redis.Redis, world: str, now_ms: int) -> Iterator[tuple[Finding, About]]:
    """What stands on the layers of matters in a world at a world's time. Raises RedisError.

    A row of another version is left out, and said in the log.
    """
    for told in _told():
        stands = cast(Mapping[bytes, bytes], client.hgetall(keys.engine(world, f"where:{told.raw['layer']}")))
        for name, packed in stands.items():
            try:
                row = unpack_row(packed)
            except (UnknownRowVersion, ValueError) as problem:
                structlog.get_logger().warning("matter_not_read", layer=told.raw["layer"], error=str(problem))
                continue
            ends = row.shows.get(told.raw.get("ends", ""))
            if ends is None or ends > now_ms:
                yield _finding(told.raw, name.decode(), row), _about(told, row)


def _finding(raw: Mapping[str, Any], name: str, row: Row) -> Finding:
    begun = row.shows.get(raw["begun"], row.changed_ms)
    return Finding(
        kind=cast(Kind, raw["kind"]), subject=name, level=row.level or LEAST, changed_ms=begun, begun_ms=begun,
        waits="waits" in raw and row.shows.get(raw["waits"]) is None,
        region=row.region, wide=row.region in ("", DISTRICT), window_end=row.changed_ms,
    )  # fmt: skip


def _about(told: _Told, row: Row) -> About:
    reached = [(row.shows[field], names) for field, names in told.stages.items() if field in row.shows]
    at, stage = max(reached, default=(0, None))
    return About(
        name=told.names.get(row.kind, told.names[""]), label=row.label,
        stage=None if stage is None else (*stage, at), who=str(row.shows.get(told.raw.get("who", ""), "")),
        at=None if row.place is None else (row.place[0] / 1e7, row.place[1] / 1e7),
    )  # fmt: skip


@cache
def _told() -> Sequence[_Told]:
    packs = content.load()
    overview = packs.overview.raw if packs.overview else {}
    layers = {f"{pack.scene}/{layer.id}": layer for pack in packs.packs for layer in pack.pack.model.layer}
    fields = {name: table.fields for pack in packs.packs if pack.sources
              for name, table in pack.sources.model.source.items()}  # fmt: skip
    return [_one(raw, layers[raw["layer"]], fields) for raw in overview.get("matter", [])]


def _one(raw: Mapping[str, Any], layer: LayerTable, fields: Mapping[str, Mapping[str, Any]]) -> _Told:
    names: dict[str, Names] = {"": (layer.zh, layer.en)}
    names |= {symbol.value or "": (symbol.zh, symbol.en) for symbol in layer.symbol}
    of = fields[layer.source or ""]
    stages = {name: (of[name].zh or name, of[name].en or name) for name in raw.get("stages", [])}
    return _Told(
        raw, names, {name: (zh.removesuffix("时间"), en.removesuffix(" at")) for name, (zh, en) in stages.items()}
    )
