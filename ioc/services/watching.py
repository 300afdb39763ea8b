"""Leases on cameras in Redis: written by pages that show video, read by whoever asks who watches; and their audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import redis

from ioc.domain.watching import Lease, lease, renewed
from ioc.services.audit import record
from ioc.store.unit import Store
from metrics import keys

MOST_PAGES = 500  # leases at once; above it the eldest would crowd out what is watched


class TooManyPages(RuntimeError):
    """As many pages show video as may."""


def leases(client: redis.Redis, now_ms: int) -> Mapping[str, Lease]:
    """Page -> its lease, those that have not run out. Raises redis.RedisError."""
    found: dict[str, Lease] = {}
    for page, text in cast(Any, client.hgetall(keys.VIDEO)).items():
        try:
            held = lease(text)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # of another version: it runs out there
        if held.until_ms > now_ms:
            found[page.decode()] = held
    return found


def renew(
    client: redis.Redis, page: str, *, by: str, title: str, screen: str, cameras: Iterable[str], now_ms: int
) -> tuple[Mapping[str, Lease], tuple[str, ...], tuple[str, ...]]:
    """Write what a page watches from now on, nothing to end it, and take away what has run out. All leases, the cameras
    that were opened and those that were closed. Raises TooManyPages, redis.RedisError."""
    held = dict(leases(client, now_ms))
    mine, opened, closed = renewed(held.get(page), by=by, title=title, screen=screen, cameras=cameras, now_ms=now_ms)
    if page not in held and mine.cameras and len(held) >= MOST_PAGES:
        raise TooManyPages
    old = [name for name in cast(Any, client.hkeys(keys.VIDEO)) if name.decode() not in held]
    with client.pipeline(transaction=True) as pipe:
        if old:
            pipe.hdel(keys.VIDEO, *old)
        if mine.cameras:
            pipe.hset(keys.VIDEO, page, mine.to_json())
            held[page] = mine
        else:
            pipe.hdel(keys.VIDEO, page)
            held.pop(page, None)
        pipe.execute()
    return held, opened, closed


def note(store: Store, world: str, cameras: Iterable[str], screen: str, now_ms: int) -> None:
    """Write down that somebody began to watch these cameras (`layer/id`). Raises sqlalchemy.exc.SQLAlchemyError."""
    with store.write() as unit:
        for name in cameras:
            record(unit, "video.open", name, now_ms, {"screen": screen} if screen else {}, world=world)
