"""A session: the rules of one open socket, without the socket: what it may ask, how often, and what follows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ioc.live import frame
from ioc.live.frame import FrameError
from ioc.live.topic import Topic, TopicError, permits

TICKET_MISSING, FORBIDDEN, TOO_SLOW, TOO_MUCH, SESSION_ENDED = 4401, 4403, 4408, 4413, 4001
FRAMES_PER_S = 20  # the contract; also the size of the burst
TOPICS = 32  # seven scenes in four worlds and room to spare
RESYNC_S = 1.0  # a snapshot is the dearest frame there is; once a second per topic is enough for any repair


class GrantError(ValueError):
    """What lies behind a ticket is no grant."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a ticket allows: who, in which session, which topics (patterns) and which regions with all below them."""

    person: str
    role: str
    session: str
    topics: tuple[str, ...]
    regions: frozenset[str]

    @staticmethod
    def from_json(text: str | bytes) -> Grant:
        """Raises GrantError when a key is missing or of the wrong type."""
        try:
            raw = json.loads(text)
            person, role, session, topics, regions = (
                raw[key] for key in ("person", "role", "session", "topics", "regions")
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise GrantError(f"ticket content: {problem!r}") from None
        if not isinstance(session, str) or not session:
            raise GrantError("ticket content: session is no text")
        if not (_texts(topics) and _texts(regions)):
            raise GrantError("ticket content: topics and regions are lists of texts")
        return Grant(str(person), str(role), session, tuple(topics), frozenset(regions))


@dataclass(frozen=True, slots=True)
class Join:
    """Send deltas of the topic from now on, after a snapshot."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Leave:
    """Send nothing of the topic any more."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Refresh:
    """Send a snapshot of a topic that is joined already."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this frame."""

    frame: frame.Frame


@dataclass(frozen=True, slots=True)
class End:
    """Close the socket with this code."""

    code: int
    why: str


Effect: TypeAlias = Join | Leave | Refresh | Reply | End


@dataclass(slots=True)
class Session:
    """The state of one socket. `receive` takes a message and monotonic seconds and says what must be done."""

    grant: Grant
    joined: dict[Topic, float] = field(default_factory=dict)  # topic -> when its last snapshot was asked for
    _allowance: float = FRAMES_PER_S
    _counted_at: float | None = None

    def receive(self, message: str | bytes, now_s: float) -> list[Effect]:
        """What follows from one message. After End nothing more may be received."""
        if not self._spend(now_s):
            return [End(TOO_MUCH, "too many frames")]
        size = len(message) if isinstance(message, bytes) else len(message.encode("utf-8", "surrogatepass"))
        if size > frame.REQUEST_BYTES:
            return [End(TOO_MUCH, "frame too long")]
        try:
            asked = frame.request(message)
        except FrameError as refused:
            return [Reply(frame.error(refused.code))]
        return [self._one(asked.operation, text, now_s) for text in asked.topics]

    def _spend(self, now_s: float) -> bool:
        if self._counted_at is not None:
            earned = (now_s - self._counted_at) * FRAMES_PER_S
            self._allowance = min(float(FRAMES_PER_S), self._allowance + max(0.0, earned))
        self._counted_at = now_s
        self._allowance -= 1
        return self._allowance >= 0

    def _one(self, operation: frame.Operation, text: str, now_s: float) -> Effect:
        try:
            topic = Topic.parse(text)
        except TopicError:
            return Reply(frame.denied(text, "form"))
        if operation == "unsubscribe":
            self.joined.pop(topic, None)
            return Leave(topic)
        if not permits(self.grant.topics, topic):
            return Reply(frame.denied(text, "permission"))
        if topic in self.joined:
            return self._refresh(topic, now_s)
        if operation == "resync":
            return Reply(frame.denied(text, "not-subscribed"))
        if len(self.joined) >= TOPICS:
            return Reply(frame.denied(text, "limit"))
        self.joined[topic] = now_s
        return Join(topic)

    def _refresh(self, topic: Topic, now_s: float) -> Effect:
        if now_s - self.joined[topic] < RESYNC_S:
            return Reply(frame.error("resync-too-soon"))
        self.joined[topic] = now_s
        return Refresh(topic)


def _texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(text, str) for text in value)
