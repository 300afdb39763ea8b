"""What the gateway's tests share: a world in a real Valkey, a gateway on a free port, sockets that talk to it."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgpack
import redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ioc.gateway.server import Config, Gateway
from metrics import keys
from metrics.clock import real_ms
from metrics.value import Value
from metrics.value_form import pack_columns, pack_values
from metrics.values import Values
from metrics.world import LIVE_WORLD, World

ORIGIN = "http://127.0.0.1:8050"
MINUTES_5 = 300_000
BUNDLE = {
    "v": 1,
    "hash": "b" * 64,
    "sources": {
        "traffic": {"zh": "道路车速", "en": "road speeds", "period": "30s", "region": {"registry": "code"},
                    "variants": {"recorded": {"period": "15m"}}},
        "cloud": {"zh": "云平台", "en": "cloud", "period": "10s", "stale_after": "1m"},
    },
    "indicators": [
        {"id": "T1", "scene": "traffic", "source": "traffic"},
        {"id": "T2r", "scene": "traffic", "source": "traffic", "dimensions": ["road"]},
        {"id": "O1", "scene": "operations", "source": "cloud"},
    ],
    "registries": {},
    "regions": [
        {"code": "440303", "parent": None, "zh": "罗湖区", "en": "Luohu", "level": "district"},
        {"code": "440303001", "parent": "440303", "zh": "桂园", "en": "Guiyuan", "level": "subdistrict"},
        {"code": "440303002", "parent": "440303", "zh": "黄贝", "en": "Huangbei", "level": "subdistrict"},
    ],
    "scenes": [],
    "calendars": {},
    "recordings": {},
}  # fmt: skip
_numbers = itertools.count(1)


def value(end: int, number: float | None, region: str = "440303", indicator: str = "T1", **more: Any) -> Value:
    """A value of the five-minute window that ends at `end` times five minutes."""
    quality = more.pop("quality", "provisional" if number is not None else "no_data")
    dims = more.pop("dims", ())
    return Value(indicator, 1, region, dims, (end - 1) * MINUTES_5, end * MINUTES_5, number, quality, 1, **more)


@dataclass(slots=True)
class Engine:
    """Writes what the engine of a world writes."""

    client: redis.Redis
    world: str = "live"

    def declare(self, world: World = LIVE_WORLD, bundle: dict[str, Any] = BUNDLE) -> None:
        self.client.set(keys.BUNDLE, json.dumps(bundle))
        self.client.hset(keys.WORLDS, world.id, world.to_json())

    def commit(self, *values: Value) -> None:
        """One commit: latest, values, and completed for what is complete."""
        pipe = self.client.pipeline()
        pipe.xadd(keys.engine(self.world, "values"), self._entry(values))
        done = [value for value in values if value.quality in ("complete", "no_data")]
        if done:
            pipe.xadd(keys.engine(self.world, "completed"), self._entry(done))
        for value in values:
            pipe.hset(keys.engine(self.world, "latest"), value.series, pack_values([value]))
        pipe.execute()

    def give_up(self, *series: str) -> None:
        """A commit that says nothing but which series are no more."""
        pipe = self.client.pipeline()
        pipe.xadd(keys.engine(self.world, "values"), self._entry(()) | {"gone": msgpack.packb(list(series))})
        pipe.hdel(keys.engine(self.world, "latest"), *series)
        pipe.execute()

    def beat(self, name: str = "engine", **facts: Any) -> None:
        self.client.hset(keys.HEARTBEATS, name, json.dumps({"at": real_ms(), "pid": 1, **facts}))

    def feed(self, source: str, **facts: Any) -> None:
        self.client.hset(keys.engine(self.world, "feeds"), source, json.dumps(facts))

    @staticmethod
    def _entry(values: Any) -> dict[str, Any]:
        return {
            "v": "1",
            "at": real_ms(),
            "now": real_ms(),
            "positions": "{}",
            "watermarks": "{}",
            "b": pack_columns(Values.of(values)),
        }


def issue(
    client: redis.Redis, *, session: str = "s1", topics: tuple[str, ...] = ("*/traffic", "*/operations"),
    regions: tuple[str, ...] = ("440303",), seconds: float = 30,
) -> str:  # fmt: skip
    """Write a session and a ticket as the web server does; gives the ticket."""
    ticket = f"ticket-of-a-test-number-{next(_numbers):06d}"
    grant = {"person": "p1", "role": "wall", "session": session, "topics": list(topics), "regions": list(regions)}
    client.set(keys.session(session), "1")
    client.set(keys.ticket(hashlib.sha256(ticket.encode()).hexdigest()), json.dumps(grant), px=int(seconds * 1000))
    return ticket


@dataclass(slots=True)
class Browser:
    """A socket with what it was sent."""

    ws: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, **request: Any) -> None:
        await self.ws.send(json.dumps({"v": 1, **request}))

    async def until(self, wanted: Callable[[dict[str, Any]], Any], seconds: float = 10.0) -> dict[str, Any]:
        """Receive until a frame is as wanted, and give it. Fails with what came instead."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    got = json.loads(await self.ws.recv())
                    self.frames.append(got)
                    if wanted(got):
                        return got
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s; came: {[f['op'] for f in self.frames]}") from None

    async def op(self, op: str, seconds: float = 10.0) -> dict[str, Any]:
        return await self.until(lambda got: got["op"] == op, seconds)

    async def closed(self, seconds: float = 10.0) -> int | None:
        """Read to the end and give the close code."""
        async with asyncio.timeout(seconds):
            with suppress(ConnectionClosed):
                async for text in self.ws:
                    self.frames.append(json.loads(text))
        return self.ws.close_code


@asynccontextmanager
async def browser(
    port: int, ticket: str | None, *, origin: str | None = ORIGIN, topics: tuple[str, ...] = ()
) -> AsyncIterator[Browser]:
    offered = ["ioc.live.v1"] if ticket is None else ["ioc.live.v1", f"ticket.{ticket}"]
    async with connect(
        f"ws://127.0.0.1:{port}/live", origin=origin, subprotocols=offered, compression=None, max_size=None, proxy=None,
        close_timeout=1,
    ) as ws:  # fmt: skip
        made = Browser(ws)
        if topics:
            await made.say(op="subscribe", topics=list(topics))
        yield made


@asynccontextmanager
async def running(url: str, **more: Any) -> AsyncIterator[Gateway]:
    """A gateway in this process, ready."""
    gateway = Gateway(Config(url, port=0, origins=frozenset({ORIGIN}), **more))
    stop = asyncio.Event()
    task = asyncio.create_task(gateway.run(stop))
    try:
        await eventually(lambda: task.done() or all(gateway.ready().values()), "the gateway is ready")
        yield gateway
    finally:
        stop.set()
        await task


async def eventually(condition: Callable[[], Any], what: str, seconds: float = 10.0) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None


def played(test: Callable[..., Any]) -> Callable[..., None]:
    """Run an asynchronous test in an event loop of its own."""

    @functools.wraps(test)
    def play(*args: Any, **fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **fixtures), 60))

    return play
