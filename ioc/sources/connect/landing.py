"""Landing: rows that a connector read, through the contract of their source into its feed, and the count of them.

What the contract takes goes as rows. What it refuses goes too, as it was written, so that the engine tells it in its
dead letters with field and rule; so does a word on whatever is no row at all. Nothing vanishes, and the engine alone
says what counted.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack

from ioc.api import batch
from ioc.api.problem import Problem
from ioc.api.shapes import RowFault
from ioc.sources.feed import Entry, Feed
from metrics.clock import monotonic_s, real_ms
from metrics.raw import SHOWN
from metrics.source import Source

PIECE_ROWS = 1_000  # rows judged and written together
ERROR_SHOWN = 200
LIVE = "live"


class Stopped(Exception):
    """The process is to end before the rows were accepted: they are not, and nothing must be acknowledged."""


@dataclass(slots=True)
class Landing:
    """Of one connector, in one thread. `told`: the facts of all connectors of the feed by name, for its heartbeat."""

    name: str
    kind: str
    source: Source
    feed: Feed
    stop: threading.Event
    told: MutableMapping[str, dict[str, Any]]
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    unread: int = 0  # things that were no rows: messages, documents, files
    error: str = ""
    error_ms: int | None = None
    last_ms: int | None = None  # when the last row came that keeps the contract (real)
    ignored: dict[str, None] = field(default_factory=dict)
    spoke_s: float = field(default_factory=monotonic_s)

    def rows(self, rows: Sequence[Any]) -> list[RowFault]:
        """Send rows: maps of declared field to text, bool, `[lon, lat]` or None. What of them is wrong, by place.

        Raises Stopped.
        """
        faults: list[RowFault] = []
        for start in range(0, len(rows), PIECE_ROWS):
            for fault in self._piece(rows[start : start + PIECE_ROWS]):
                faults.append(RowFault(fault.row + start, fault.field, fault.rule, fault.zh, fault.en))
        return faults

    def _piece(self, rows: Sequence[Any]) -> list[RowFault]:
        judged = batch.judge(batch.columns(rows, self.source), self.source, real_ms())
        try:
            shards = self.feed.place.shards
            parts = batch.payloads(judged, shards) if judged.kept else []
            parts += batch.refused(judged, shards)
        except Problem as problem:  # more than an entry holds
            if len(rows) == 1:
                self.unreadable(problem.en, _shown(rows[0]))
                return [RowFault(0, "", "size", *batch.RULES["size"])]
            half = len(rows) // 2
            later = self._piece(rows[half:])
            return self._piece(rows[:half]) + [RowFault(f.row + half, f.field, f.rule, f.zh, f.en) for f in later]
        newest = max(judged.times, default=None)
        entries = [Entry(self.feed.place.stream(one.shard), one.payload, one.rows, newest) for one in parts]
        entries += [self._letter(f"{one.field}: {one.en}", _shown(rows[one.row])) for one in judged.batch.faults]
        self._put(entries)
        self.accepted += len(judged.kept)
        self.last_ms = real_ms() if judged.kept else self.last_ms
        self.rejected.update(judged.rules)
        self.ignored |= dict.fromkeys(judged.batch.ignored)
        return judged.faults

    def unreadable(self, why: str, content: bytes = b"") -> None:
        """A message, document or file that is no rows: told in the dead letters with the reason. Raises Stopped."""
        self.unread += 1
        self.failed(why)
        self._put([self._letter(why, content)])

    def settle(self) -> None:
        """Wait until the bus has everything. Raises Stopped."""
        if not self.feed.drain(self.stop):
            raise Stopped

    def failed(self, why: str) -> None:
        """Something went wrong: shown until something else does."""
        self.error, self.error_ms = why[:ERROR_SHOWN], real_ms()

    def alive(self, state: str = LIVE, **facts: Any) -> None:
        """The connector lives, and so does its feed."""
        self._tell(state, facts)
        self.feed.beat(state=state, connectors=dict(self.told))

    def away(self, state: str, why: str) -> None:
        """What it connects to does not answer: the feed is shown as lost, unless another connector of it lives."""
        self.failed(why)
        self._tell(state, {})
        others = any(one["state"] == LIVE for name, one in self.told.items() if name != self.name)
        self.feed.beat(state=state, connectors=dict(self.told), **({} if others else {"ended": True}))

    def working(self) -> None:
        """It is at work and will say how it is when that is done."""
        self.spoke_s = monotonic_s()

    def _tell(self, state: str, facts: dict[str, Any]) -> None:
        self.working()
        self.told[self.name] = {
            "kind": self.kind, "state": state, "accepted": self.accepted, "rejected": dict(self.rejected),
            "unread": self.unread, "error": self.error, "error_at": self.error_ms, "last_at": self.last_ms,
            "ignored": list(self.ignored)[:20],
            **facts,
        }  # fmt: skip

    def _letter(self, why: str, content: bytes) -> Entry:
        """A text where a map belongs is refused as a whole, with its words as the value of the dead letter."""
        shown = content[:SHOWN].decode("utf-8", "replace")
        letter = f"{self.kind} {self.name}: {why}" + (f" | {shown}" if shown else "")
        return Entry(self.feed.place.stream(0), msgpack.packb(letter[: 2 * SHOWN]), 1, None)

    def _put(self, entries: Iterable[Entry]) -> None:
        if not self.feed.accept(list(entries), self.stop):
            raise Stopped


def _shown(row: Any) -> bytes:
    """The beginning of a row, for a letter."""
    try:
        text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(row)
    return text[:SHOWN].encode("utf-8", "replace")
