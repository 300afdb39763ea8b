"""Tickets and session marks in Redis: what lets a signed-in page open a live socket, and what closes it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import redis

from ioc.packs.scenes import scenes
from ioc.security import identity
from ioc.security.permission import allows, desk_topics, screen_topics, topics
from ioc.security.role import first
from ioc.services.refusals import Refusal
from ioc.services.sign_in import Visit
from metrics import keys

TICKET_S = 30
DISTRICT = "440303"  # what somebody sees who is there for no region in particular


class TopicsRefused(Refusal):
    code = "topics_refused"

    def __init__(self) -> None:
        super().__init__("无权接收所请求的主题。", "None of the requested topics is open to this role.")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A single-use way onto the gateway; the token is kept nowhere, Redis has its digest."""

    token: str
    expires_ms: int
    topics: Sequence[str]


def issue_ticket(client: redis.Redis, visit: Visit, wanted: Iterable[str], now_ms: int) -> Ticket:
    """Write a ticket that allows all topics of the person's roles, and mark the session, in one transaction.

    Raises TopicsRefused when nothing of `wanted` (or, if that is empty, nothing at all) is allowed; redis.RedisError.
    """
    allowed = sorted(
        topics(visit.roles, scenes()) | screen_topics(visit.roles, visit.screen) | desk_topics(visit.roles)
    )
    asked = list(wanted)
    if not allowed or (asked and not any(allows(allowed, topic) for topic in asked)):
        raise TopicsRefused
    token = identity.new_token()
    fact = {
        "person": visit.person,
        "role": first(visit.roles).value,
        "session": visit.session,
        "topics": allowed,
        "regions": sorted(visit.within or [DISTRICT]),
    }
    with client.pipeline(transaction=True) as pipe:
        pipe.set(keys.ticket(identity.digest(token)), json.dumps(fact), ex=TICKET_S)
        pipe.set(keys.session(visit.session), "1", px=max(1, visit.lasts_ms(now_ms)))
        pipe.execute()
    return Ticket(token, now_ms + TICKET_S * 1000, allowed)


def mark_session(client: redis.Redis, visit: Visit, now_ms: int) -> None:
    """Let the open sockets of this session live as long as the session. Raises redis.RedisError."""
    client.set(keys.session(visit.session), "1", px=max(1, visit.lasts_ms(now_ms)))


def unmark_sessions(client: redis.Redis, session_ids: Sequence[str]) -> None:
    """Close the sockets of these sessions; the gateway looks every 2 s. Raises redis.RedisError."""
    if session_ids:
        client.delete(*(keys.session(session_id) for session_id in session_ids))
