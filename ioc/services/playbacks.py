"""Playbacks as people ask for them: begin or join one, change it, end it; each is one transaction on the data bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import redis

from ioc.playback.order import Order, WrongOrder
from metrics import keys
from metrics.world import World

TRIES: Final = 8  # of a change that others' changes overtook


class NoPlayback(LookupError):
    """There is none of this id: it has ended, or there never was one."""


class NoWorld(LookupError):
    """There is no world of this name whose past could be shown."""


class NotAllowed(Exception):
    """Who asks may follow a playback, not begin one."""


class TooMany(Exception):
    """As many run as may; one of them must end first."""


@dataclass(frozen=True, slots=True)
class Playback:
    """An order and what is shown of it: `moment` None while it is being made; `world` with label and clock."""

    order: Order
    moment: int | None
    world: World | None

    def plain(self) -> dict[str, Any]:
        """As JSON says it."""
        of = self.order
        return {
            "playback": of.id, "world": of.world, "at": of.at_ms, "speed": of.speed, "known": of.known, "by": of.by,
            "moment": self.moment, "number": of.number,
            "label": dict(self.world.label) if self.world else None,
        }  # fmt: skip


def begin(
    client: redis.Redis, wishes: Mapping[str, object], *, by: str, now_ms: int, most: int, may_begin: bool
) -> tuple[Playback, bool]:
    """The playback of these wishes (`world`, `at`, `speed`, `known`) and whether it is new; the same wishes join.

    Raises WrongOrder, NoWorld, NotAllowed, TooMany, redis.RedisError."""
    if unknown := set(wishes) - {"world", "at", "speed", "known"}:
        raise WrongOrder(min(unknown), "unknown")
    world = wishes.get("world", "live")
    if not isinstance(world, str):
        raise WrongOrder("world", "the name of a world")
    speed, known = wishes.get("speed", 1), wishes.get("known", "then")
    order = Order.of(world, wishes.get("at"), speed, known, by=by, now_ms=now_ms)
    for _ in range(TRIES):
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.PLAYBACKS)  # type: ignore[no-untyped-call]
            orders = cast("dict[bytes, bytes]", pipe.hgetall(keys.PLAYBACKS))
            if order.id.encode() in orders:
                return find(client, order.id), False
            _check_world(client, world)
            if not may_begin:
                raise NotAllowed
            if len(orders) >= most:
                raise TooMany
            pipe.multi()
            _put(pipe, order)
            try:
                pipe.execute()
            except redis.WatchError:
                continue
        return Playback(order, None, None), True
    raise redis.RedisError("overtaken again and again")


def find(client: redis.Redis, name: str) -> Playback:
    """Raises NoPlayback, redis.RedisError."""
    pipe = client.pipeline(transaction=False)
    pipe.hget(keys.PLAYBACKS, name)
    pipe.hget(keys.PLAYBACKS_SHOWN, name)
    pipe.hget(keys.WORLDS, name)
    order, moment, world = pipe.execute()
    if order is None:
        raise NoPlayback(name)
    return Playback(Order.from_json(order), None if moment is None else int(moment),
                    None if world is None else World.from_json(world))  # fmt: skip


def change(client: redis.Redis, name: str, wishes: Mapping[str, object], *, by: str, now_ms: int) -> Playback:
    """Go to another moment, another speed, another knowledge. Raises NoPlayback, WrongOrder, redis.RedisError."""
    for _ in range(TRIES):
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.PLAYBACKS)  # type: ignore[no-untyped-call]
            known = find(client, name)
            shown = known.order.at_ms if known.moment is None else known.moment
            order = known.order.changed(dict(wishes), shown, by=by, now_ms=now_ms)
            pipe.multi()
            _put(pipe, order)
            try:
                pipe.execute()
            except redis.WatchError:
                continue
        return Playback(order, known.moment, known.world)
    raise redis.RedisError("overtaken again and again")


def end(client: redis.Redis, name: str) -> None:
    """Raises NoPlayback, redis.RedisError."""
    pipe = client.pipeline(transaction=True)
    pipe.hdel(keys.PLAYBACKS, name)
    pipe.rpush(keys.PLAYBACKS_CALLED, name)
    if not pipe.execute()[0]:
        raise NoPlayback(name)


def _put(pipe: Any, order: Order) -> None:
    pipe.hset(keys.PLAYBACKS, order.id, order.to_json())
    pipe.rpush(keys.PLAYBACKS_CALLED, order.id)


def _check_world(client: redis.Redis, name: str) -> None:
    told = cast("bytes | None", client.hget(keys.WORLDS, name))
    if told is None or World.from_json(told).kind == "playback":
        raise NoWorld(name)
