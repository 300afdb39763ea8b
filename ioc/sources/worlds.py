"""Worlds that sources open: registering one, and removing one with all it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from metrics import keys
from metrics.world import World

if TYPE_CHECKING:
    from redis import Redis

ROUNDS = 20  # an engine that is just committing may write once more behind a deletion; it ends with its fence


def register(client: Redis, world: World) -> None:
    """Let every room know the world. Raises RedisError."""
    client.hset(keys.WORLDS, world.id, world.to_json())


def find(client: Redis, world: str) -> World | None:
    """The registered world of this id. Raises UnknownWorldVersion."""
    text = cast("bytes | None", client.hget(keys.WORLDS, world))
    return World.from_json(text) if text else None


def remove(client: Redis, world: str) -> int:
    """Delete a world: first its entry, then the engine's ownership (so that late commits are refused), then all keys.

    Returns how many keys were deleted.
    """
    client.hdel(keys.WORLDS, world)
    client.unlink(keys.engine(world, "owner"))
    removed = 0
    for _ in range(ROUNDS):
        found = list(client.scan_iter(keys.everything(world), count=1000))
        if not found:
            break
        removed += client.unlink(*found)
    return removed
