"""The declaration of an origin: how real the rows of a source are in a world, said before the first of them."""

from __future__ import annotations

import json
from typing import Any, get_args

import redis

from ioc.sources.feed import Place
from metrics import keys
from metrics.world import LIVE_WORLD, Origin

ORIGINS: tuple[Origin, ...] = get_args(Origin)  # the most real first: real, recorded, simulated
LOST_MS = 4_000  # an older heartbeat is of a feed that is gone (docs/contracts.md)


class NotDeclared(ValueError):
    """The declaration would not be true, or is of a world that does not exist; the message says why and what to do."""


def declared(client: redis.Redis, world: str, source: str) -> Origin:
    """What holds: real unless declared otherwise. Raises redis.RedisError."""
    told: Any = client.hget(keys.origins(world), source)
    text = (told or b"").decode("utf-8", "replace")
    return next((origin for origin in ORIGINS if origin == text), "real")


def declare(client: redis.Redis, place: Place, now_ms: int) -> bool:
    """Say the origin of a place; True if rows came before under another one. Raises NotDeclared, redis.RedisError.

    Less real is always believed. More real is not once there are rows: they stay in windows, histories and archives.
    """
    world, source, origin = place.world, place.source, place.origin
    if world != LIVE_WORLD.id and not client.hexists(keys.WORLDS, world):
        raise NotDeclared(f"没有世界 there is no world '{world}'")
    feeding = fed_as(client, world, source, now_ms)
    if feeding not in (None, origin):
        raise NotDeclared(
            f"{source} 由本机数据源写入（{feeding}），由其自行声明 is fed by a source of this machine, which"
            " declares itself: IOC_SOURCES"
        )
    before, fed = declared(client, world, source), has_rows(client, place)
    if fed and ORIGINS.index(origin) < ORIGINS.index(before):
        raise NotDeclared(
            f"世界 {world} 已有 {source} 的 {before} 数据，不能改称 {origin}；请另用数据目录"
            f" there are {before} rows already, they cannot become {origin}: use another data directory (IOC_DATA_DIR)"
        )
    client.hset(keys.origins(world), source, origin)
    return fed and before != origin


def fed_as(client: redis.Redis, world: str, source: str, now_ms: int) -> str | None:
    """The origin that a feed of this product, which runs now, declares."""
    told: Any = client.hget(keys.HEARTBEATS, f"feed:{world}:{source}")
    fact = json.loads(told) if told else {}
    return str(fact.get("origin")) if now_ms - int(fact.get("at", 0)) <= LOST_MS else None


def has_rows(client: redis.Redis, place: Place) -> bool:
    """Whether rows of the source ever came into its streams. Raises redis.RedisError."""
    for shard in range(place.shards):
        try:
            facts: Any = client.xinfo_stream(place.stream(shard))
        except redis.ResponseError:  # no such stream
            continue
        if facts["entries-added"]:
            return True
    return False
