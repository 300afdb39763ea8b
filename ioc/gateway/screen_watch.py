"""The watch over screens: reads the board twice a second and at once when it is told of a change; hears pointers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis

from ioc.gateway.hub import Hub
from ioc.gateway.reader import AWAY, PAUSE_S
from ioc.gateway.screens import heard
from ioc.gateway.tally import Tally
from metrics import keys
from metrics.clock import real_ms

PERIOD_S = 0.5
PATIENCE_S = 10.0  # after that a world that is not loaded holds up the screens no longer


@dataclass(slots=True)
class ScreenWatch:
    """Keeps the hub's screens current until cancelled; while Valkey is away they go on by what is known."""

    client: Redis
    hub: Hub
    tally: Tally
    _log: Any = field(default_factory=structlog.get_logger)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            try:
                await self._listen(began + PATIENCE_S)
            except AWAY:
                self._tell()
                await asyncio.sleep(PAUSE_S)

    async def _listen(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        due = 0.0
        async with self.client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(keys.SCREENS_SAID)
            while True:
                said = await channel.get_message(timeout=max(0.0, min(PERIOD_S, due - loop.time())))
                message = heard(said["data"]) if said is not None else None
                if message is not None and "pointer" in message:
                    self._point(message["pointer"])
                changed = message is not None and "changed" in message
                if not changed and loop.time() < due:
                    continue
                await self._read()
                self.hub.screens.ready = self.hub.screens.ready or loop.time() > patience
                self._tell()
                due = loop.time() + PERIOD_S

    async def _read(self) -> None:
        text: Any = await self.client.get(keys.SCREENS)
        try:
            self.hub.screens.take(text)
        except (ValueError, KeyError, TypeError) as problem:
            self.tally.undecodable += 1
            self._log.error("screens_refused", error=repr(problem))

    def _tell(self) -> None:
        now = real_ms()
        self.hub.screens.look(self.hub, now)
        self.hub.screens.tell(now)

    def _point(self, message: Any) -> None:
        if isinstance(message, dict):
            self.hub.screens.point(message, real_ms())
