"""A feed: the way of one source's rows into the observation streams of one world, without loss.

What `put` has accepted is written at least once: it stays here while Valkey is away, and what Valkey acknowledged but
lost in a crash is written again. A row that is written twice counts once: the engine knows rows by their identity.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from ioc.sources.rows import Rows
from ioc.version import VERSION
from metrics import keys
from metrics.clock import monotonic_s, real_ms
from metrics.world import Origin

ENTRY_ROWS = 8_192  # rows per packed entry: far below the contract's limits, and one read of the engine holds several
CAPACITY_ROWS = 200_000  # rows held while Valkey is away; then `put` waits. About 10 MB
UNSETTLED_S = 5.0  # an append-only file synced each second may lose the last 2 s of a crash; 5 s leaves a margin
PIPELINE = 32  # entries per round trip
HEARTBEAT_S = 1.0
SILENT_S = 3.0  # a source that has not called `beat` or `put` this long is not vouched for any more
RETRY_S = 0.25
TIMEOUT_S = 5.0  # a server that does not answer this long counts as away
LOOK_S = 0.5  # how often a feed that yields looks at the server's memory
CALM = 0.9  # it goes on below this share of the bound at which it began to wait: it does not flap


class NotWelcome(Exception):
    """`greet` finds that rows of this feed must not be written; the text says why. It is asked again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of a feed belong and how real they are."""

    world: str
    source: str
    origin: Origin
    shards: int = 1

    def stream(self, shard: int) -> str:
        return keys.observations(self.world, self.source, shard)


@dataclass(slots=True)
class Tally:
    """What a feed has done so far."""

    rows: int = 0
    entries: int = 0
    resent: int = 0  # entries that Valkey had acknowledged and lost
    retries: int = 0
    newest_ms: int | None = None


@dataclass(slots=True)
class Entry:
    """One entry of a stream on its way: a packed payload, its rows and their newest event time, None: not known."""

    stream: str
    payload: bytes
    rows: int
    newest_ms: int | None
    id: bytes = b""
    written_s: float = 0.0


@dataclass(slots=True)
class _Buffer:
    waiting: deque[Entry] = field(default_factory=deque)
    unsettled: deque[Entry] = field(default_factory=deque)
    rows: int = 0  # of those waiting


class Feed:
    """Use as a context; a thread writes. `url` is a Redis or Valkey URL; `greet` is called after each connect and may
    raise NotWelcome: then nothing is written, the origin neither. `yields`: the share of the server's memory above
    which it waits, for a world that comes after the live one; 0: it does not.
    """

    def __init__(
        self,
        url: str,
        place: Place,
        *,
        capacity_rows: int = CAPACITY_ROWS,
        greet: Callable[[redis.Redis], object] | None = None,
        yields: float = 0.0,
    ) -> None:
        self.place, self.tally, self.connected = place, Tally(), False
        # what a source may look things up with, from its own thread
        self.client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._writer = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S,
            redis_connect_func=self._on_connect,
        )  # fmt: skip
        self._capacity, self._greeting, self._yields = capacity_rows, greet, yields
        self._waits, self._looked_s = False, -LOOK_S
        self._buffer, self._condition = _Buffer(), threading.Condition()
        self._closing, self._error = False, ""
        self._started, self._alive_s = real_ms(), monotonic_s()
        self._heartbeat_s = -HEARTBEAT_S
        self._facts: Mapping[str, Any] = {}
        self._log = structlog.get_logger().bind(world=place.world, source=place.source)
        self._thread = threading.Thread(target=self._run, name=f"feed-{place.world}-{place.source}", daemon=True)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is waiting, as long as Valkey answers, and end."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join(timeout=2 * TIMEOUT_S)
        if self._buffer.waiting:
            self._log.warning("feed_closed_with_rows", rows=self._buffer.rows)
        self.client.close()
        self._writer.close()

    def put(self, rows: Rows, stop: threading.Event) -> bool:
        """Accept rows; waits while the buffer is full. False: `stop` came first, and nothing more was accepted."""
        for chunk in rows.chunks(ENTRY_ROWS):
            entries = [
                Entry(self.place.stream(shard), part.payload(), len(part), part.newest_ms)
                for shard, part in chunk.by_shard(self.place.shards)
            ]
            if not self.accept(entries, stop):
                return False
        self.beat()
        return True

    def accept(self, entries: Sequence[Entry], stop: threading.Event) -> bool:
        """Accept entries that are ready, all or none; waits and answers as `put`."""
        rows = sum(entry.rows for entry in entries)
        with self._condition:
            while self._buffer.rows and self._buffer.rows + rows > self._capacity:
                self.beat()
                if stop.is_set() or self._closing:
                    return False
                self._condition.wait(RETRY_S)
            self._buffer.waiting.extend(entries)
            self._buffer.rows += rows
            self._condition.notify_all()
        return True

    def beat(self, **facts: Any) -> None:
        """The source lives; `facts` are shown with the feed's heartbeat."""
        self._alive_s = monotonic_s()
        if facts:
            self._facts = facts

    def drain(self, stop: threading.Event) -> bool:
        """Wait until everything accepted is written. False: `stop` came first."""
        with self._condition:
            while self._buffer.waiting:
                self.beat()
                if stop.is_set():
                    return False
                self._condition.wait(RETRY_S)
        return True

    @property
    def pending_rows(self) -> int:
        return self._buffer.rows

    # --- the writing thread ---

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._buffer.waiting and not self._closing:
                    self._condition.wait(self._until_heartbeat())
                if self._closing and not self._buffer.waiting:
                    return
            try:
                if not self.connected:
                    self._greet()
                if self._crowded():
                    if self._closing:
                        return
                    with self._condition:
                        self._condition.wait_for(lambda: self._closing, LOOK_S)
                else:
                    self._write()
                self._heartbeat()
            except (
                redis.RedisError,
                OSError,
                NotWelcome,
            ) as error:  # away, full, or a right withdrawn: told, tried again
                self._away(error)
                if self._closing:
                    return
                with self._condition:
                    self._condition.wait_for(lambda: self._closing, RETRY_S)

    def _on_connect(self, connection: Any) -> None:
        """The pool connects anew without a word; but a restarted server must be greeted before it is written to."""
        if self.connected:
            raise redis.ConnectionError("the connection was lost")
        connection.on_connect()

    def _away(self, error: Exception) -> None:
        self.connected = False
        self.tally.retries += 1
        if self._error != str(error):
            self._error = str(error)
            self._log.warning("feed_waits_for_valkey", error=self._error, pending_rows=self._buffer.rows)
        self._writer.connection_pool.disconnect()

    def _greet(self) -> None:
        """After each connect: say the origin, and write again what a restarted server has lost."""
        place = self.place
        if self._greeting:
            self._greeting(self._writer)
        self._writer.hset(keys.origins(place.world), place.source, place.origin)
        unsettled = list(self._buffer.unsettled)
        lost: list[Entry] = []
        if unsettled:
            pipe = self._writer.pipeline(transaction=False)
            for entry in unsettled:
                pipe.xrange(entry.stream, entry.id, entry.id)
            lost = [entry for entry, found in zip(unsettled, pipe.execute(), strict=True) if not found]
        with self._condition:
            gone = {id(entry) for entry in lost}
            self._buffer.unsettled = deque(entry for entry in unsettled if id(entry) not in gone)
            for entry in reversed(lost):
                self._buffer.waiting.appendleft(entry)
                self._buffer.rows += entry.rows
                self.tally.resent += 1
        if self._error or lost:
            self._log.info("feed_connected", resent=len(lost), pending_rows=self._buffer.rows)
        self._error, self.connected = "", True

    def _crowded(self) -> bool:
        """Whether it waits because the server holds as much as a world after the live one may fill."""
        if not self._yields or monotonic_s() - self._looked_s < LOOK_S:
            return self._waits
        self._looked_s = monotonic_s()
        memory: Any = self._writer.info("memory")
        share = self._yields * (CALM if self._waits else 1)
        waits = bool(memory["maxmemory"]) and memory["used_memory"] > share * memory["maxmemory"]
        if waits != self._waits:
            said = self._log.warning if waits else self._log.info
            said("feed_yields" if waits else "feed_goes_on", used=memory["used_memory"], most=memory["maxmemory"])
        self._waits = waits
        return waits

    def _write(self) -> None:
        with self._condition:
            batch = [self._buffer.waiting[index] for index in range(min(PIPELINE, len(self._buffer.waiting)))]
        if not batch:
            return
        pipe = self._writer.pipeline(transaction=False)
        for entry in batch:
            pipe.xadd(entry.stream, {"p": entry.payload})
        answers = pipe.execute(raise_on_error=False)
        now, fault = monotonic_s(), None
        with self._condition:
            for entry, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Exception):
                    fault = answer
                    break
                self._buffer.waiting.popleft()
                self._buffer.rows -= entry.rows
                entry.id, entry.written_s = answer, now
                self._buffer.unsettled.append(entry)
                self.tally.entries += 1
                self.tally.rows += entry.rows
                if entry.newest_ms is not None:
                    self.tally.newest_ms = max(entry.newest_ms, self.tally.newest_ms or entry.newest_ms)
            while self._buffer.unsettled and self._buffer.unsettled[0].written_s < now - UNSETTLED_S:
                self._buffer.unsettled.popleft()
            self._condition.notify_all()
        if fault:
            raise fault

    def _until_heartbeat(self) -> float:
        return max(0.0, self._heartbeat_s + HEARTBEAT_S - monotonic_s())

    def _heartbeat(self) -> None:
        now = monotonic_s()
        if self._until_heartbeat() > 0:
            return
        self._heartbeat_s = now
        if now - self._alive_s > SILENT_S:
            return
        place, tally = self.place, self.tally
        fact = {
            "at": real_ms(), "pid": os.getpid(), "started": self._started, "version": VERSION, "origin": place.origin,
            "rows": tally.rows, "entries": tally.entries, "resent": tally.resent, "pending": self._buffer.rows,
            "newest": tally.newest_ms, **({"yields": True} if self._waits else {}), **self._facts,
        }  # fmt: skip
        name = f"feed:{place.world}:{place.source}"
        self._writer.hset(keys.HEARTBEATS, name, json.dumps(fact, ensure_ascii=False))
