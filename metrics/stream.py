"""Observation streams: reading ahead of the engine, knowing what was missed, trimming what no checkpoint needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import redis

AWAY = (redis.RedisError, OSError)  # what a server that is lost, frozen, full or of another mind raises

Gap = Literal["trimmed", "flushed", "replaced", "lost", "checkpoint"]

REPLY_BYTES = 2 * 1024 * 1024  # about 100,000 packed rows: long arrays, still in the cache of one core
MOST_ENTRIES = 16_384  # of one stream in one reply
FEWEST_ENTRIES = 8  # 8 payloads of 4 MiB each are the most that a first reply may bring
BLOCK_MS = 250  # how long the server holds a read that finds nothing; new streams are asked for after it
ANSWER_S = 5.0  # beyond BLOCK_MS: a server that is silent for longer is frozen or gone


@dataclass(frozen=True, slots=True)
class Place:
    """How far one stream has been read: the id of the last entry, and how many entries were read or missed in all.

    `added` is the number of entries the stream had ever got when it was last looked at.
    """

    id: str = "0-0"
    read: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What XINFO STREAM says at one instant: entries ever added, entries held, ids of the first one and the newest."""

    added: int
    length: int
    first: str | None
    last: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What facts mean for a place: where to go on from, entries waiting unread, and what was missed, if anything."""

    place: Place
    lag: int
    gap: Gap | None = None
    missing: int = 0


def connect(url: str) -> redis.Redis:
    """A client for streams: the raw protocol, and no call that waits for ever."""
    return redis.Redis.from_url(url, protocol=2, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)


def order(entry_id: str) -> tuple[int, int]:
    """The sort key of an entry id."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def judge(place: Place, facts: Facts | None) -> Judgement:
    """Whether entries went by unread. `facts` None: the stream does not exist.

    The number of entries ever added, less those read, is the number unread; where all entries held are unread, or
    none is, their number is known, and a difference is what was deleted before it was read.
    """
    if facts is None:
        if place.read == 0 and place.id == "0-0":
            return Judgement(Place(), 0)
        return Judgement(Place(), 0, "flushed", max(0, place.added - place.read))
    if order(facts.last) < order(place.id) or facts.added < place.read:
        # Another stream of the same name: what it holds was never read.
        return Judgement(Place(added=facts.added), facts.length, "replaced", max(0, place.added - place.read))
    place = replace(place, added=facts.added)
    if facts.first is None or order(place.id) >= order(facts.last):
        unread = 0
        place = replace(place, id=facts.last)
    elif order(place.id) < order(facts.first):
        unread = facts.length
    else:
        return Judgement(place, facts.added - place.read)
    missing = facts.added - place.read - unread
    if missing < 0:
        return Judgement(replace(place, read=facts.added - unread), unread, "replaced", 0)
    if missing:
        return Judgement(replace(place, read=facts.added - unread), unread, "trimmed", missing)
    return Judgement(place, unread)


def look(client: redis.Redis, keys: Sequence[str]) -> dict[str, Facts | None]:
    """The facts of each stream; None where there is none. A key that holds something else counts as none."""
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.execute_command("XINFO", "STREAM", key)  # type: ignore[no-untyped-call]
    answers = pipeline.execute(raise_on_error=False)
    return {key: _facts(answer) for key, answer in zip(keys, answers, strict=True)}


def trim(client: redis.Redis, floors: Mapping[str, str]) -> None:
    """Delete the entries below the id of each stream: those that every kept checkpoint has behind it."""
    pipeline = client.pipeline(transaction=False)
    for key, floor in floors.items():
        # ~ cuts whole nodes only, which is cheap; LIMIT 0 lifts the bound that would let a fast stream grow
        pipeline.execute_command("XTRIM", key, "MINID", "~", floor, "LIMIT", 0)  # type: ignore[no-untyped-call]
    for answer in pipeline.execute(raise_on_error=False):
        if isinstance(answer, redis.ConnectionError):
            raise answer


def _facts(answer: Any) -> Facts | None:
    if isinstance(answer, redis.ConnectionError):
        raise answer
    if isinstance(answer, Exception):  # no such key, or no stream
        return None
    table = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
    first = table[b"first-entry"]
    return Facts(
        int(table[b"entries-added"]),
        int(table[b"length"]),
        first[0].decode() if first else None,
        table[b"last-generated-id"].decode(),
    )


class Reader:
    """Reads many streams over one connection, one request ahead: the server answers while the engine works.

    The reply goes to the caller as the server sent it (RESP 2, no response callback: 1.6 times as fast). Errors:
    redis.RedisError; after one the reader is as new and only `ask` is needed.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool
        self._connection: Any = None
        self._asked = False
        self._entries = 64
        self._streams = 1
        self._count = 0
        self._full: frozenset[str] = frozenset()

    @property
    def asked(self) -> bool:
        """Whether a request is under way."""
        return self._asked

    @property
    def full(self) -> frozenset[str]:
        """The streams of the last answer that have more to give."""
        return self._full

    def ask(self, places: Mapping[str, str], block_ms: int | None = BLOCK_MS) -> None:
        """Send a read of everything behind the given id of each stream; the server holds it for `block_ms` while
        there is nothing (None: answers at once). Does not wait."""
        if self._connection is None:
            self._connection = self._pool.get_connection()
        count = max(FEWEST_ENTRIES, self._entries // self._streams)
        block = () if block_ms is None else ("BLOCK", block_ms)
        try:
            self._connection.send_command("XREAD", "COUNT", count, *block, "STREAMS", *places.keys(), *places.values())
        except (redis.RedisError, OSError):
            self.close()
            raise
        self._asked, self._count = True, count

    def take(self, timeout_s: float) -> list[tuple[str, list[Any]]] | None:
        """The answer, or None if it has not begun to come within the time. An empty list: nothing new."""
        connection = self._connection
        if connection is None:
            raise redis.ConnectionError("nothing was asked")
        try:
            if not connection.can_read(timeout=timeout_s):
                return None
            answer = connection.read_response(disable_decoding=True)
        except redis.ResponseError:
            self._asked = False
            raise
        except (redis.RedisError, OSError):
            self.close()
            raise
        self._asked = False
        reply = [(key.decode(), entries) for key, entries in answer or ()]
        self._full = frozenset(key for key, entries in reply if len(entries) >= self._count)
        self._adapt([entries for _, entries in reply])
        return reply

    def close(self) -> None:
        """Give the connection up, with the answer that may still be on its way."""
        connection, self._connection, self._asked = self._connection, None, False
        if connection is not None:
            connection.disconnect()
            self._pool.release(connection)

    def _adapt(self, parts: Sequence[Sequence[Any]]) -> None:
        """Ask for about REPLY_BYTES next time, growing slowly, so that sudden large entries meet a small request."""
        total = sum(map(len, parts))
        sample = [entry for part in parts for entry in part[:: max(1, len(part) // 16)]]
        if not total or not sample:
            self._entries = min(self._entries, 64)
            return
        size = sum(64 + sum(map(len, entry[1])) for entry in sample) / len(sample)
        self._streams = len(parts)
        self._entries = int(min(max(FEWEST_ENTRIES, REPLY_BYTES / size), 4 * total, MOST_ENTRIES))
