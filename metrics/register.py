"""The register of a source of records: every version that a value may still ask for, and which was known when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metrics.keeping import Index, Keeping, key_name
from metrics.ledger import Ledger
from metrics.rows import Rows
from metrics.watermark import BEGINNING

FOREVER = 2**62  # until when a current version is known
_RESTS = 1_024  # superseded versions that may lie there before the register is cut


class Register:
    """Versions of records. Column `time` is the change time, `until` the change time of the next version of the key.

    The snapshot at `end` has the versions with time < end <= until that are not deleted. Of two versions with equal
    change times the later arrival wins: the earlier one is valid at no instant.
    """

    def __init__(self, keeping: Keeping) -> None:
        self.keeping = keeping
        self.ledger = Ledger({**keeping.types, "deleted": "?", "until": "i8"})
        self._newest: Index = np.empty(0, np.intp)  # by key: its current version, -1 for none
        self._snapshots: tuple[int, dict[int, Index]] = (-1, {})
        self.whole_ms = BEGINNING  # versions that were superseded from here on are all there

    @property
    def columns(self) -> tuple[str, ...]:
        """The ledger columns that a checkpoint holds: what versions say. All others are made from these."""
        return (*self.keeping.base, "deleted")

    def take(self, rows: Rows, deleted: NDArray[np.bool_]) -> None:
        """Add versions in order of arrival."""
        cells = self.keeping.cells(rows)
        cells["deleted"] = deleted
        cells["until"] = np.full(len(rows), FOREVER)
        first = len(self.ledger)
        self.ledger.append(cells, len(rows))
        self._link(first)

    def load(self, chunks: dict[int, bytes]) -> set[str]:
        """Take over the chunks of a checkpoint; returns the columns that they lack. Then `remake`."""
        return self.ledger.load(chunks, self.columns, {"until": FOREVER})

    def remake(self, rows: Rows) -> None:
        """Make all columns that follow from what the versions say; `rows`: all of them."""
        self.ledger.replace(self.keeping.made(rows, self.keeping.fields))
        self._link(0)

    def forget(self, before_ms: int) -> None:
        """Leave out versions that ended at or before this, and deleted ones that no snapshot after it can show."""
        until = self.ledger["until"]
        old = until < before_ms
        old |= self.ledger["deleted"] & (until == FOREVER) & (self.ledger["time"] < before_ms)
        if int(old.sum()) >= max(_RESTS, len(until) // 4):
            self.whole_ms = max(self.whole_ms, int(until[old & (until < FOREVER)].max(initial=BEGINNING)))
            self.ledger.keep(~old)
            self._newest.fill(-1)
            current = np.flatnonzero(self.ledger["until"] == FOREVER)
            self._newest[self.ledger["entity"][current]] = current

    def keep_keys(self, kept: NDArray[np.int64]) -> None:
        """Leave out all keys but these (ascending); the versions have their new codes already."""
        self._newest = self._newest[kept[: np.searchsorted(kept, len(self._newest))]]

    def snapshot(self, end: int) -> Index:
        """The versions known just before `end`, one of each key that is not deleted."""
        if self._snapshots[0] != self.ledger.version:
            self._snapshots = (self.ledger.version, {})
        found = self._snapshots[1].get(end)
        if found is None:
            if len(self._snapshots[1]) >= 64:  # several measures ask for the same few instants
                self._snapshots[1].clear()
            known = (self.ledger["time"] < end) & (self.ledger["until"] >= end) & ~self.ledger["deleted"]
            found = self._snapshots[1][end] = np.flatnonzero(known)
        return found

    def as_of(self, entity: NDArray[np.int32], times: NDArray[np.int64]) -> Index:
        """For each (key, time) the version with the greatest change time <= time; -1 if none or deleted."""
        found = np.full(len(entity), -1, np.intp)
        if not len(self.ledger):
            return found
        inside = (entity >= 0) & (entity < len(self._newest))
        found[inside] = self._newest[entity[inside]]
        early = np.flatnonzero(inside & (found >= 0) & (self.ledger["time"][found] > times))
        if len(early):
            # Versions by (key, change time, arrival); the place behind the last one that is not younger.
            keys, changed = self.ledger["entity"].astype(np.int64), self.ledger["time"]
            order = np.lexsort((changed, keys))
            both = np.concatenate([keys[order], entity[early]]), np.concatenate([changed[order], times[early]])
            kind = np.repeat([0, 1], [len(order), len(early)])  # of equal times the version comes first
            by = np.lexsort((kind, both[1], both[0]))
            versions = np.maximum.accumulate(np.where(by < len(order), by, -1))
            place = np.empty(len(early), np.intp)
            asked = by >= len(order)
            place[by[asked] - len(order)] = versions[asked]
            version = np.where(place >= 0, order[np.maximum(place, 0)], -1)
            version[(version >= 0) & (keys[version] != entity[early])] = -1
            found[early] = version
        found[(found >= 0) & self.ledger["deleted"][found]] = -1
        return found

    def keys_of(self, key: Sequence[str], at: Index) -> NDArray[np.int32]:
        """The group key of some versions."""
        found: NDArray[np.int32] = self.ledger[key_name(tuple(key))][at]
        return found

    def _link(self, first: int) -> None:
        """Set `until` of the versions that the ones from `first` on end, and theirs."""
        entity, time = self.ledger["entity"][first:], self.ledger["time"][first:]
        if not len(entity):
            return
        most = int(entity.max()) + 1
        if most > len(self._newest):
            self._newest = np.concatenate([self._newest, np.full(most - len(self._newest), -1, np.intp)])
        before = self._newest[entity]
        rising = (before < 0) | (self.ledger["time"][np.maximum(before, 0)] <= time)
        if rising.all() and len(np.unique(entity)) == len(entity):
            ended = before[before >= 0]
            self.ledger.put("until", ended, time[before >= 0])
            self._newest[entity] = np.arange(first, first + len(entity))
            return
        touched = np.zeros(len(self._newest), np.bool_)
        touched[entity] = True
        versions = np.flatnonzero(touched[self.ledger["entity"]])
        keys, changed = self.ledger["entity"][versions], self.ledger["time"][versions]
        order = versions[np.lexsort((changed, keys))]  # stable: equal change times stay in order of arrival
        keys, changed = self.ledger["entity"][order], self.ledger["time"][order]
        last = np.append(keys[1:] != keys[:-1], True)
        until = np.append(changed[1:], FOREVER)
        until[last] = FOREVER
        self.ledger.put("until", order, until)
        self._newest[keys[last]] = order[last]
