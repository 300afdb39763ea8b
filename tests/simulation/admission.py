"""Admission by the page: which rows of a source count, at which time, and how far its watermark is; row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.simulation.city import City
from tests.simulation.declared import SENSORS, Feed, Row
from tests.simulation.deliveries import Sent, read
from tests.simulation.span import EVER

REGISTERED = {row["id"]: row for row in SENSORS}


@dataclass
class Progress:
    """One source so far; `rows` in order of acceptance."""

    feed: Feed
    newest: int = EVER
    mark: int = EVER
    heard: int | None = None
    rows: list[Row] = field(default_factory=list)
    known: set[Any] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def take(self, sent: Sequence[Sent], now: int) -> None:
        """Rows in order of arrival, the clock at `now`."""
        feed = self.feed
        mark, newest, held = self.mark, self.newest, False
        for one in sent:
            fault = "future" if feed.future is not None and one.time > now + feed.future else one.fault
            if fault:
                self.rejected[fault] += 1
                continue
            self.counts["rows"] += 1
            newest = max(newest, one.time)
            mark = max(mark, newest - feed.disorder)
            late, time = one.time < mark - feed.lateness, one.time
            if late:
                self.counts["late"] += 1
                if feed.kind == "readings":
                    continue
                time = mark
            fields = read(feed, one)
            if feed.kind == "readings":
                identity = fields["ticket"] if feed.named else (one.entity, one.time)
                if identity in self.known:
                    self.counts["duplicate"] += 1
                    continue
                self.known.add(identity)
            held = True
            self.rows.append(self._row(time, one, fields))
            self.newest, self.mark = newest, mark
        if held:
            self.heard = now if self.heard is None else max(self.heard, now)

    def tick(self, now: int, behind: bool) -> None:
        """The clock shows `now`; of a source with unread entries silence says nothing."""
        if self.heard is None or behind:
            self.heard = now if self.heard is None else max(self.heard, now)
        elif self.feed.idle is not None and now - self.heard >= self.feed.idle:
            self.mark = max(self.mark, now - self.feed.disorder)

    def saved(self) -> tuple[Any, ...]:
        """What a commit keeps of it."""
        return (self.newest, self.mark, self.heard, len(self.rows), frozenset(self.known), Counter(self.counts),
                Counter(self.rejected))  # fmt: skip

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Back to a commit."""
        self.newest, self.mark, self.heard, count, known, counts, rejected = saved
        del self.rows[count:]
        self.known, self.counts, self.rejected = set(known), Counter(counts), Counter(rejected)

    def _row(self, time: int, one: Sent, fields: dict[str, Any]) -> Row:
        feed = self.feed
        if feed.region == "registry":
            entry = REGISTERED.get(one.entity)
            if entry is None:
                self.counts["unregistered"] += 1
            number = None if entry is None else entry["weight"].as_integer_ratio()
            fields |= {"weight": None, "kind": None} if entry is None else {"kind": entry["kind"]}
            if number is not None:
                fields["weight"] = Fraction(*number)
            return Row(time, one.entity, fields, "" if entry is None else entry["code"])
        if feed.kind == "readings":
            return Row(time, one.entity, fields, (fields["code"] or "") if feed.region else "")
        deleted = bool(fields["void"]) and "deleted" in feed.raw
        return Row(time, f"{feed.id}|{one.entity}", fields, (fields["place"] or "") if feed.region else "", deleted)


class Admission:
    """All sources of a city."""

    def __init__(self, city: City) -> None:
        self._city = city
        self.sources = {name: Progress(feed) for name, feed in city.feeds.items() if not feed.parts}

    def saved(self) -> dict[str, tuple[Any, ...]]:
        return {name: source.saved() for name, source in self.sources.items()}

    def restore(self, saved: dict[str, tuple[Any, ...]]) -> None:
        for name, source in self.sources.items():
            source.restore(saved[name])

    def rows(self, name: str) -> list[Row]:
        """The rows of a source or a union."""
        parts = self._city.feeds[name].parts or (name,)
        return [row for part in parts for row in self.sources[part].rows]

    def mark(self, name: str) -> int:
        """The watermark; that of a union is the least of its parts."""
        return min(self.sources[part].mark for part in self._city.feeds[name].parts or (name,))
