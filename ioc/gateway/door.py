"""The door: who may open a socket: origins, single-use tickets, living sessions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ioc.gateway.session import FORBIDDEN, SESSION_ENDED, TICKET_MISSING, Grant, GrantError
from ioc.live.frame import SUBPROTOCOL
from metrics import keys

TRY_AGAIN = 1013  # the websocket registry's "try again later": Valkey is away, the ticket may still be good
TICKET = re.compile(r"ticket\.([A-Za-z0-9_-]{16,256})")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The socket is closed with this code."""

    code: int
    why: str


@dataclass(frozen=True, slots=True)
class Door:
    """Admits sockets. `origins` are the pages that may open one; a caller without an origin is none of them."""

    client: Redis
    origins: frozenset[str]

    async def admit(self, origin: str | None, subprotocols: Iterable[str]) -> Grant | Refusal:
        """Exchange the ticket among the offered subprotocols for what it allows. It is used up by that."""
        if origin is None or origin not in self.origins:
            return Refusal(FORBIDDEN, "origin")
        ticket = next((found[1] for name in subprotocols if (found := TICKET.fullmatch(name))), None)
        if ticket is None:
            return Refusal(TICKET_MISSING, "ticket missing")
        try:
            text = await self.client.getdel(keys.ticket(hashlib.sha256(ticket.encode()).hexdigest()))
            if text is None:
                return Refusal(TICKET_MISSING, "ticket expired or used")
            grant = Grant.from_json(text)
            if not await self.client.exists(keys.session(grant.session)):
                return Refusal(SESSION_ENDED, "session ended")
        except GrantError:
            return Refusal(TICKET_MISSING, "ticket unreadable")
        except (RedisError, OSError, TimeoutError):
            return Refusal(TRY_AGAIN, "valkey away")
        return grant

    async def ended(self, sessions: Collection[str]) -> set[str]:
        """Those of the sessions that may not use sockets any more. Raises RedisError."""
        asked = list(sessions)
        if not asked:
            return set()
        pipe = self.client.pipeline(transaction=False)
        for session in asked:
            pipe.exists(keys.session(session))
        return {session for session, there in zip(asked, await pipe.execute(), strict=True) if not there}


def is_live(subprotocols: Collection[str]) -> bool:
    """Whether the caller speaks this version of the live protocol."""
    return SUBPROTOCOL in subprotocols
