"""Who looks at which dossier now: leases in Redis that pages renew, so that two people do not do one thing twice.

Nothing depends on it: without Redis nobody is named.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, cast

import redis

from metrics import keys

LEASE_MS: Final = 15_000  # a page renews each third of it
MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at a dossier: account and title."""

    name: str
    title: str


def look(client: redis.Redis, dossier_id: str, viewer: Viewer, now_ms: int) -> tuple[Viewer, ...]:
    """Say that somebody looks at a dossier, until the lease ends; the others who do. Raises redis.RedisError."""
    with client.pipeline(transaction=True) as pipe:
        pipe.zremrangebyscore(keys.VIEWING, "-inf", now_ms)
        pipe.zadd(keys.VIEWING, {_member(dossier_id, viewer): now_ms + LEASE_MS})
        pipe.zremrangebyrank(keys.VIEWING, 0, -MOST - 1)
        pipe.execute()
    return tuple(each for each in viewers(client, dossier_id, now_ms) if each.name != viewer.name)


def leave(client: redis.Redis, dossier_id: str, viewer: Viewer) -> None:
    """Say that somebody has turned away. Raises redis.RedisError."""
    client.zrem(keys.VIEWING, _member(dossier_id, viewer))


def viewers(client: redis.Redis, dossier_id: str, now_ms: int) -> tuple[Viewer, ...]:
    """Who looks at a dossier, by name. Raises redis.RedisError."""
    found = [json.loads(each) for each in cast("list[Any]", client.zrangebyscore(keys.VIEWING, f"({now_ms}", "+inf"))]
    return tuple(
        sorted((Viewer(name, title) for at, name, title in found if at == dossier_id), key=lambda one: one.name)
    )


def _member(dossier_id: str, viewer: Viewer) -> str:
    return json.dumps([dossier_id, viewer.name, viewer.title], ensure_ascii=False)
