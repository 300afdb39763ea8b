"""What stands now in a world: the state of every feed, the newest value of every indicator, the alarms that stand.

Values are those of the district, or of what has no regions, not those that are split. A level is that of an alarm that
stands, never of a window that is still open.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import redis

from ioc.gateway.catalog import Catalog
from ioc.gateway.vitals import Vitals
from ioc.queries.connectors import ConnectorLine, connectors
from ioc.queries.standing_alarms import Alarmed, StandingAlarms
from ioc.queries.wall import DISTRICT
from metrics import keys
from metrics.series import series_id
from metrics.value import Value
from metrics.value_form import UnknownValueVersion, unpack_values
from metrics.world import LIVE_WORLD, UnknownWorldVersion, World


@dataclass(frozen=True, slots=True)
class Standing:
    """A world at one instant. `answers` False: the data bus is away, and nothing else is known.

    `feeds`: source -> row of `Vitals.feeds_of`. `values`: indicator -> newest value. `alarms`: indicator -> Alarmed.
    `progress`: how far the engine is while it is not up to date, as `Vitals.progress` has it.
    `connectors`: other systems that feed the world.
    """

    world: World
    answers: bool = False
    feeds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    alarms: Mapping[str, Alarmed] = field(default_factory=dict)
    progress: Mapping[str, Any] | None = None
    connectors: Sequence[ConnectorLine] = ()


def standing(
    client: redis.Redis, alarms: StandingAlarms, world: str, indicators: Iterable[str], real_now_ms: int
) -> Standing:
    """Everything that stands in a world; what is written in another version counts as not there."""
    known = World(world) if world != LIVE_WORLD.id else LIVE_WORLD
    wanted = list(indicators)
    try:
        pipe = client.pipeline(transaction=False)
        pipe.get(keys.BUNDLE)
        pipe.hget(keys.WORLDS, world)
        pipe.hgetall(keys.HEARTBEATS)
        pipe.hgetall(keys.engine(world, "feeds"))
        pipe.hgetall(keys.origins(world))
        pipe.hmget(keys.engine(world, "latest"), _names(wanted))
        bundle, entry, beats, feeds, origins, latest = cast(Any, pipe.execute())
        known = World.from_json(entry) if entry else known
        stands = alarms.of(world, known.started_ms)
    except (redis.RedisError, UnknownWorldVersion):
        return Standing(known)
    vitals = Vitals(
        valkey=True,
        heartbeats=_tables(beats),
        worlds={world: known},
        feeds={world: _tables(feeds)},
        origins={world: {name.decode(): text.decode() for name, text in origins.items()}},
    )
    return Standing(
        known,
        answers=True,
        feeds={str(row["source"]): row for row in vitals.feeds_of(known, _catalog(bundle), real_now_ms)},
        values=_values(latest),
        alarms=stands,
        progress=vitals.progress(world, real_now_ms),
        connectors=connectors(vitals.heartbeats, real_now_ms) if world == LIVE_WORLD.id else (),
    )


@lru_cache(maxsize=1)
def _catalog(bundle: bytes | None) -> Catalog | None:
    """Read once as long as the definitions stay."""
    return Catalog.from_bundle(bundle) if bundle else None


def _names(indicators: Iterable[str]) -> list[str]:
    """Of each indicator the line of the district and the one without a region: it has one of them."""
    return [series_id(name, region, ()) for name in indicators for region in (DISTRICT, "")] or [""]


def _tables(raw: Mapping[bytes, bytes]) -> dict[str, Mapping[str, Any]]:
    return {name.decode(): json.loads(text) for name, text in raw.items()}


def _values(packed: Iterable[bytes | None]) -> dict[str, Value]:
    """By indicator; the district's value where there is one, else that of what has no regions."""
    found: dict[str, Value] = {}
    for payload in packed:
        try:
            for value in unpack_values(payload) if payload else ():
                found.setdefault(value.indicator, value)
        except UnknownValueVersion:
            continue
    return found
