"""The watch: looks at Valkey twice a second for worlds, heartbeats, feeds and definitions, and says that we live."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ioc.gateway.catalog import Catalog, UnknownBundleVersion
from ioc.gateway.hub import Hub
from ioc.gateway.reader import AWAY, Reader
from ioc.gateway.tally import Tally
from ioc.gateway.vitals import Vitals
from metrics import keys
from metrics.clock import real_ms
from metrics.world import UnknownWorldVersion, World

PERIOD_S = 0.5
BUNDLE_ROUNDS = 6  # definitions change rarely and are large: looked at every 3 s

Read = TypeVar("Read")


@dataclass(slots=True)
class Watch:
    """Keeps the hub's vitals and catalog current; `changed` is set after each look."""

    client: Redis
    hub: Hub
    reader: Reader
    tally: Tally
    facts: Callable[[], Mapping[str, object]]
    started_ms: int
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _round: int = 0
    _server: str | None = None  # run id of the Valkey seen last
    _log: Any = field(default_factory=structlog.get_logger)

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_S
            try:
                await self._look()
            except AWAY as problem:
                self._lost(problem)
            self.changed.set()
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _lost(self, problem: Exception) -> None:
        if self.hub.vitals.valkey:
            self.tally.valkey_losses += 1
            self._log.warning("valkey_lost", error=str(problem) or type(problem).__name__)
        self.hub.vitals = replace(self.hub.vitals, valkey=False)

    async def _look(self) -> None:
        if self._round % BUNDLE_ROUNDS == 0 or self.hub.catalog is None:
            await self._read_bundle()
        known = list(self.hub.vitals.worlds)
        before = {world: copy(position) for world, position in self.reader.positions.items()}
        pipe = self.client.pipeline(transaction=False)
        if self._round % 2 == 0:
            pipe.hset(keys.HEARTBEATS, "gateway", self._heartbeat())
        pipe.info("server")
        pipe.hgetall(keys.HEARTBEATS)
        pipe.hgetall(keys.WORLDS)
        for world in known:
            pipe.hgetall(keys.engine(world, "feeds"))
            pipe.hgetall(keys.origins(world))
            pipe.xinfo_stream(keys.engine(world, "values"))
        replies = await pipe.execute(raise_on_error=False)
        if self._round % 2 == 0:
            self._answered(replies.pop(0))
        self._round += 1
        server, heartbeats, worlds = (self._answered(reply) for reply in replies[:3])
        self._same_server(server)
        feeds, origins = {}, {}
        for place, world in enumerate(known):
            fed, said, stream = replies[3 + 3 * place : 6 + 3 * place]
            feeds[world] = self._each(self._answered(fed), _facts)
            origins[world] = {name.decode(): text.decode() for name, text in self._answered(said).items()}
            self._continues(world, stream, before)
        if not self.hub.vitals.valkey:
            self._log.info("valkey_answers")
        found = self._each(self._answered(worlds), World.from_json)
        self.hub.vitals = Vitals(True, self._each(heartbeats, _facts), found, feeds, origins)
        if self.hub.catalog is not None:
            self.reader.follow(found)

    def _continues(self, world: str, stream: Any, before: Mapping[str, Any]) -> None:
        """A stream that is gone, went back or lost what was not read yet is read anew."""
        if world not in before:
            return
        if isinstance(stream, ResponseError):  # no such key: an empty world, or one whose stream was deleted
            if before[world].added:
                self.reader.distrust(world)
            return
        self.reader.check(world, self._answered(stream), before[world])

    def _same_server(self, about: Mapping[str, Any]) -> None:
        """A Valkey that was started anew may have lost the last second of its streams."""
        run = str(about.get("run_id", ""))
        if self._server is not None and run != self._server:
            self._log.warning("valkey_restarted")
            self.reader.distrust()
        self._server = run

    async def _read_bundle(self) -> None:
        text = await self.client.get(keys.BUNDLE)
        if text is None:
            return
        try:
            catalog = Catalog.from_bundle(text)
        except (UnknownBundleVersion, ValueError, KeyError, TypeError) as problem:
            self._log.error("bundle_refused", error=str(problem))
            return
        if catalog != self.hub.catalog:
            self._log.info("bundle_taken", hash=catalog.hash, indicators=len(catalog.scenes))
            self.hub.catalog = catalog
            self.reader.distrust()

    def _heartbeat(self) -> str:
        fact = {"at": real_ms(), "pid": os.getpid(), "started": self.started_ms, **self.facts()}
        return json.dumps(fact, ensure_ascii=False)

    def _each(self, fields: Mapping[bytes, bytes], read: Callable[[bytes], Read]) -> dict[str, Read]:
        """The fields of a hash that can be read; others are counted."""
        known: dict[str, Read] = {}
        for name, text in fields.items():
            try:
                known[name.decode()] = read(text)
            except (UnknownWorldVersion, ValueError, KeyError, TypeError) as problem:
                self.tally.undecodable += 1
                self._log.error("field_refused", field=name.decode(errors="replace"), error=str(problem))
        return known

    @staticmethod
    def _answered(reply: Any) -> Any:
        """The reply of one command of a pipeline. Raises the error it is."""
        if isinstance(reply, Exception):
            raise reply
        return reply


def _facts(text: bytes) -> Mapping[str, Any]:
    """A JSON object of finite numbers, its times whole. Raises ValueError or TypeError for anything else."""
    facts = json.loads(text, parse_constant=_refuse)
    if not isinstance(facts, dict):
        raise TypeError("not an object")
    for name in ("at", "newest_ms", "watermark_ms", "arrived_ms"):
        if not isinstance(facts.get(name), int | None):
            raise TypeError(f"{name} is no whole number")
    return facts


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")
