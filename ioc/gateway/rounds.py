"""The rounds: what the gateway does by the clock: deltas, heartbeats with a look at each client, looks at sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ioc.gateway.client import Client, ping_wire
from ioc.gateway.door import Door
from ioc.gateway.hub import Hub
from ioc.gateway.reader import AWAY, Reader
from ioc.gateway.session import SESSION_ENDED
from ioc.gateway.tally import Tally
from ioc.gateway.watch import Watch
from metrics.clock import real_ms

FLUSH_S = 0.2  # the contract: deltas are coalesced at most this long
TICK_S = 1.0
SESSIONS_S = 2.0  # the contract: open sessions are looked up this often
AT_ONCE = 50  # clients told and looked at before deltas get their turn: about a millisecond, cut-offs included


@dataclass(slots=True)
class Rounds:
    """Goes round the clients; `clients` is the set that sockets enter and leave."""

    hub: Hub
    reader: Reader
    watch: Watch
    door: Door
    tally: Tally
    clients: set[Client]

    def loops(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """Each runs until cancelled."""
        return [self._flush, self._tick, self._look_at_sessions]

    async def _flush(self) -> None:
        while True:
            await self.reader.changed.wait()
            self.reader.changed.clear()
            self.hub.flush(real_ms())
            await asyncio.sleep(FLUSH_S)

    async def _tick(self) -> None:
        told: tuple[object, ...] | None = None
        loop = asyncio.get_running_loop()
        tick = 0
        while True:
            due = loop.time() + TICK_S
            tick += 1
            await self.tell(tick)
            while loop.time() < due:  # between the seconds only what has changed is told
                states = self.hub.vitals.states(self.hub.catalog, real_ms())
                if told is not None and states != told:
                    await self.tell()
                told = states
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due):
                        await self.watch.changed.wait()
                self.watch.changed.clear()

    async def tell(self, tick: int | None = None) -> None:
        """A heartbeat to every client and, on a tick, a look at it. However many are cut off at once, deltas go on."""
        tell = self.hub.heartbeat(real_ms())
        ping = b"" if tick is None else ping_wire(tick)
        for number, client in enumerate(list(self.clients), 1):
            tell(client)
            if tick is not None:
                client.tick(tick, ping)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _look_at_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSIONS_S)
            try:
                ended = await self.door.ended({client.session.grant.session for client in self.clients})
            except AWAY:
                continue  # nobody can end a session while Valkey is away; the next look will see it
            for client in [client for client in self.clients if client.session.grant.session in ended]:
                self.tally.revoked += 1
                client.end(SESSION_ENDED, "session ended")
