"""What matters now as a read model: the alarms that stand in a world, of the scenes that the overview shows, its open
incidents and the warnings in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import redis

from ioc.domain.attention import Entry, attention
from ioc.queries.composition import newest
from ioc.queries.matters import About, matters
from ioc.queries.outlooks import Coming, coming
from ioc.queries.standing_alarms import StandingAlarms
from ioc.queries.walls import overview_composition, shipped
from metrics import keys
from metrics.world import LIVE_WORLD, UnknownWorldVersion, World


@dataclass(frozen=True, slots=True)
class Attention:
    """The list of a world at one instant. `answers` False: the data bus is away and nothing is known. `about`: key of
    an entry of a record -> what that is. `coming`: what the forecasts of its indicators reach, the soonest first."""

    world: World
    answers: bool = False
    entries: tuple[Entry, ...] = ()
    about: Mapping[str, About] = field(default_factory=dict)
    coming: tuple[Coming, ...] = ()


def attention_view(client: redis.Redis, alarms: StandingAlarms, world: str, real_now_ms: int) -> Attention:
    """What matters now in a world, by the definitions in force."""
    known = World(world) if world != LIVE_WORLD.id else LIVE_WORLD
    try:
        published, entry = cast(Any, client.get(keys.BUNDLE)), cast(Any, client.hget(keys.WORLDS, world))
        known = World.from_json(entry) if entry else known
        now_ms = known.clock.now_ms(real_now_ms)
        stands = alarms.stands(world, known.started_ms)
        records = list(matters(client, world, now_ms))
        listed = subjects(published)
        ahead = coming(client, world, published, sorted(listed), now_ms)
    except (redis.RedisError, UnknownWorldVersion):
        return Attention(known)
    found = [each for each in stands if each.subject in listed]
    return Attention(
        known, answers=True, entries=attention([*found, *(each for each, _ in records)], now_ms),
        about={f"{each.kind}:{each.subject}": about for each, about in records}, coming=ahead,
    )  # fmt: skip


@lru_cache(maxsize=2)
def subjects(published: bytes | None) -> frozenset[str]:
    """The indicators of a published bundle, or of the shipped one, that may stand in the list: those of the scenes on
    the overview, but for those that have a place of their own there. Without an overview all that are the district's.
    """
    bundle: Mapping[str, Any] = json.loads(published) if published else shipped()
    overview = overview_composition() or {}
    scenes = {each["id"] for each in overview.get("scene", [])}
    scenes = scenes or {each["id"] for each in bundle["scenes"] if not each.get("platform")}
    tables = newest(bundle["indicators"])
    own = set(overview.get("elsewhere", []))
    return frozenset(name for name, table in tables.items() if table["scene"] in scenes and name not in own)
