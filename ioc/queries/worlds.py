"""The worlds there are: the live one, and every replay, exercise or branch that is registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import redis

from metrics import keys
from metrics.world import LIVE_WORLD, World


def archived(world: World, known: Mapping[str, World]) -> World:
    """The world whose archive tells of this one: of a playback that whose past it shows, of any other itself."""
    if world.kind != "playback":
        return world
    of = world.label.get("of", LIVE_WORLD.id)
    return known.get(of) or (LIVE_WORLD if of == LIVE_WORLD.id else World(of, "exercise"))


def worlds(client: redis.Redis) -> Mapping[str, World]:
    """World by id, the live one first. Raises RedisError, UnknownWorldVersion."""
    known = [World.from_json(text) for _, text in sorted(cast(Any, client.hgetall(keys.WORLDS)).items())]
    return {LIVE_WORLD.id: LIVE_WORLD} | {each.id: each for each in known}
