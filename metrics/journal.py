"""The journal of a source of readings: the rows that measures fold one by one, in order of event time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metrics.keeping import Index, Keeping
from metrics.ledger import Ledger
from metrics.observation import Dictionary
from metrics.rows import Rows
from metrics.watermark import BEGINNING
from metrics.window import Window

_RESTS = 4_096  # rows that may lie behind the horizon before the journal is cut


class Journal:
    """Readings that count, duplicates and late rows already left out. Indexes are those of its ledger."""

    def __init__(self, keeping: Keeping, entities: Dictionary, identities: Dictionary | None, *, current: bool) -> None:
        self.keeping = keeping
        self.ledger = Ledger(keeping.types)
        self._entities = entities
        self._identities = identities
        self.current = current  # the last row of each entity stays whatever its age
        self.whole_ms = BEGINNING  # all rows from here on are there
        self.since: dict[str, int] = {}  # columns that only rows from here on have
        self.silent_ms = BEGINNING  # the current row of an entity may be missing if it is older than this,
        self.silent: frozenset[str] = frozenset()  # and the entity is one of these
        self._order: Index = np.empty(0, np.intp)
        self._times: NDArray[np.int64] = np.empty(0, np.int64)
        self._seen = -1
        self._next: tuple[int, NDArray[np.int64]] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The ledger columns that a checkpoint holds."""
        return tuple(self.keeping.types)

    def take(self, rows: Rows, identity: NDArray[np.int32] | None) -> None:
        """Add rows."""
        cells = self.keeping.cells(rows)
        if identity is not None:
            cells["identity"] = identity
        self.ledger.append(cells, len(rows))

    def replace(self, at_ms: int, rows: Rows, identity: NDArray[np.int32] | None) -> None:
        """The rows of this time are now these."""
        stood = self.ledger["time"] == at_ms
        if stood.any():
            self.ledger.keep(~stood)
        if len(rows):
            self.take(rows, identity)

    def fill(self, rows: Rows, identity: NDArray[np.int32] | None) -> None:
        """Rows of old with all their columns; those of them that are here already are these."""
        times, entities = self.ledger["time"], self.ledger["entity"].astype(np.int64)
        named = np.zeros(len(times), np.int64) if identity is None else self.ledger["identity"].astype(np.int64)
        own = np.zeros(len(rows), np.int64) if identity is None else identity.astype(np.int64)
        near = np.flatnonzero((times >= rows.time.min()) & (times <= rows.time.max()))
        keys = [
            np.concatenate(pair)
            for pair in ((times[near], rows.time), (entities[near], rows.entity), (named[near], own))
        ]
        order = np.lexsort(keys)
        new = np.zeros(len(order), np.bool_)
        for key in keys:
            new[1:] |= key[order][1:] != key[order][:-1]
        group = np.empty(len(order), np.intp)
        group[order] = np.cumsum(new)
        given = np.zeros(len(order), np.bool_)
        given[group[len(near) :]] = True
        again = given[group[: len(near)]]
        if again.any():
            kept = np.ones(len(times), np.bool_)
            kept[near[again]] = False
            self.ledger.keep(kept)
        self.take(rows, identity)

    def load(self, chunks: dict[int, bytes]) -> set[str]:
        """Take over the chunks of a checkpoint; returns the columns that they lack."""
        return self.ledger.load(chunks, self.columns, {})

    def forget(self, before_ms: int) -> None:
        """Leave out rows older than this, but for the last one of each entity where that is asked for."""
        times = self.ledger["time"]
        old = times < before_ms
        if int(old.sum()) < max(_RESTS, len(times) // 2):
            return
        if self.current:
            old[self._last(before_ms)] = False
        if int(old.sum()) >= max(_RESTS, len(times) // 2):
            self.whole_ms = max(self.whole_ms, int(times[old].max()) + 1)
            self.ledger.keep(~old)

    def windows(self, window: Window, ends: Sequence[int], *, reach_ms: int = 0) -> list[Index]:
        """For each end the rows of its window (and `reach_ms` before it), oldest first; the current rows for `now`."""
        self._sort()
        if window.kind == "now":
            return [self._last(end, None if window.max_age_ms is None else end - window.max_age_ms) for end in ends]
        starts = [np.iinfo(np.int64).min if window.kind == "all" else window.start(end) - reach_ms for end in ends]
        low, high = np.searchsorted(self._times, starts), np.searchsorted(self._times, ends)
        return [self._order[first:last] for first, last in zip(low, high, strict=True)]

    def heard(self, since_ms: int, before_ms: int) -> NDArray[np.int32]:
        """The entities with a reading in [since, before)."""
        self._sort()
        low, high = np.searchsorted(self._times, (since_ms, before_ms))
        return np.unique(self.ledger["entity"][self._order[low:high]])

    def is_current(self, before_ms: int, since_ms: int) -> bool:
        """Whether the current row of every entity just before an instant is there, and is not older than `since_ms`."""
        if since_ms <= BEGINNING and not self.silent:
            return True
        rows = self._last(before_ms)
        if since_ms > BEGINNING and len(rows) and int(self.ledger["time"][rows].min()) < since_ms:
            return False
        return self.silent <= {self._entities[code] for code in self.ledger["entity"][rows].tolist()}

    def sort_keys(self, at: Index) -> tuple[NDArray[np.int64], ...]:
        """The order of rows wherever it matters: time, entity, identity (as texts)."""
        keys = [self.ledger["time"][at], self._entities.ranks()[self.ledger["entity"][at]]]
        if self._identities is not None:
            keys.append(self._identities.ranks()[self.ledger["identity"][at]])
        return tuple(keys)

    def part_ends(self) -> NDArray[np.int64]:
        """When the next reading of the same entity came, per row of the ledger; the greatest number for the last."""
        if self._next is not None and self._next[0] == self.ledger.version:
            return self._next[1]
        everything = np.arange(len(self.ledger))
        time, rank, *rest = self.sort_keys(everything)
        order = np.lexsort((*reversed(rest), time, rank))
        following = np.full(len(order), np.iinfo(np.int64).max)
        same = rank[order][1:] == rank[order][:-1]
        following[order[:-1][same]] = time[order[1:][same]]
        self._next = self.ledger.version, following
        return following

    def _sort(self) -> None:
        if self._seen == self.ledger.version:
            return
        times = self.ledger["time"]
        if len(times) > 1 and (times[1:] < times[:-1]).any():
            self._order = np.argsort(times, kind="stable")
            self._times = times[self._order]
        else:
            self._order, self._times = np.arange(len(times)), times.copy()
        self._seen = self.ledger.version

    def _last(self, before_ms: int, since_ms: int | None = None) -> Index:
        """The last row of each entity in [since, before)."""
        self._sort()
        low = 0 if since_ms is None else int(np.searchsorted(self._times, since_ms))
        rows = self._order[low : int(np.searchsorted(self._times, before_ms))]
        if self._identities is not None and len(rows):
            # Of rows of one instant the one with the greatest identity is the last.
            identity = self._identities.ranks()[self.ledger["identity"][rows]]
            rows = rows[np.lexsort((identity, self.ledger["time"][rows]))]
        newest = np.full(len(self._entities), -1, np.intp)
        newest[self.ledger["entity"][rows]] = rows  # of equal targets the last assignment stays
        return newest[newest >= 0]
