"""The watch over desks: hears which incidents, cases and alarms changed and passes it on at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis

from ioc.gateway.desks import heard
from ioc.gateway.hub import Hub
from ioc.gateway.reader import AWAY, PAUSE_S
from ioc.gateway.tally import Tally
from metrics import keys
from metrics.clock import real_ms

PERIOD_S = 0.5  # a bus that is gone is noticed after this


@dataclass(slots=True)
class DeskWatch:
    """Listens until cancelled. After each time that the bus was away everybody looks at everything anew."""

    client: Redis
    hub: Hub
    tally: Tally
    _log: Any = field(default_factory=structlog.get_logger)

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except AWAY:
                await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        async with self.client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(keys.DESK_SAID)
            await channel.ping()
            self.hub.desks.doubt(real_ms())
            while True:
                said = await channel.get_message(timeout=PERIOD_S)
                if said is None or said["type"] != "message":
                    continue
                news = heard(said["data"])
                if news is None:
                    self.tally.undecodable += 1
                    self._log.error("desk_news_refused")
                    continue
                self.hub.desks.tell(news, self.hub.catalog, real_ms())
