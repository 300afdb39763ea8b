"""Rows of a source with their tenures in memory: what stands at an instant, and who stands otherwise at another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.archive_batch import batch_of
from metrics.column import Column
from metrics.layer_rows import Versions, taken
from metrics.observation import Batch
from metrics.source import Source
from metrics.tenure import FROM, UNTIL
from metrics.tenure_asked import SHOWN, Asked

_MIX = np.uint64(0x9E3779B97F4A7C15)
Ends = Mapping[int, str]  # shard -> id of the last entry


@dataclass(slots=True)
class Tenured:
    """Rows of a source with their tenures, by the instants from which they stand. `ends`: parts are in it up to there;
    `fresh`: rows that came since it was looked at last."""

    asked: Asked
    table: pa.Table
    ends: Ends
    fresh: frozenset[str] = frozenset()
    begin: NDArray[np.int64] = field(init=False)
    until: NDArray[np.int64] = field(init=False)
    on: NDArray[np.bool_] = field(init=False)
    batch: Batch = field(init=False)

    def __post_init__(self) -> None:
        self.begin = self.table.column(FROM).to_numpy()
        self.until = self.table.column(UNTIL).to_numpy()
        self.on = self.table.column(SHOWN).to_numpy().astype(np.bool_)
        self.batch = batch_of(self.asked.source, self.table, self.table.column("t").to_numpy())

    def at(self, moment: int) -> NDArray[np.intp]:
        """The rows that stand on a layer at an instant."""
        return np.flatnonzero((self.begin <= moment) & (self.until > moment) & self.on)

    def touched(self, after: int, until: int) -> frozenset[str]:
        """Entities of which another row stands since some instant of (after, until], or which came late."""
        first, last = np.searchsorted(self.begin, [after, until], side="right").tolist()
        ended = np.flatnonzero((self.until > after) & (self.until <= until))
        entities = self.batch.entities
        changed = np.unique(np.concatenate([self.batch.entity[first:last], self.batch.entity[ended]]))
        return self.fresh | {entities[code] for code in changed.tolist()}

    def codes(self, entities: Collection[str]) -> NDArray[np.int32]:
        """The codes of those entities of which there are rows."""
        return np.array([code for code, name in enumerate(self.batch.entities) if name in entities], np.int32)

    def marks(self, at: NDArray[np.intp]) -> NDArray[np.int64]:
        """A number that tells each of some rows from all other rows of the source: of its entity, time and place."""
        found = np.zeros(len(at), np.uint64)
        for name in ("_shard", "_ms", "_seq", "_row", "t"):
            found = (found ^ self.table.column(name).to_numpy()[at].astype(np.uint64)) * _MIX
            found ^= found >> np.uint64(29)
        return found.astype(np.int64)

    def versions(self, at: NDArray[np.intp], only: Collection[str] | None = None) -> Versions:
        """Some rows, with all fields or with some."""
        return versions_of(self.asked.source, self.batch, at, only)


def versions_of(source: Source, batch: Batch, at: NDArray[np.intp], only: Collection[str] | None = None) -> Versions:
    """Some rows of a batch, with key and change time among their fields."""
    times = batch.time[at]
    names = [batch.entities[code] for code in batch.entity[at].tolist()]
    columns = {name: taken(column, at) for name, column in batch.fields.items() if only is None or name in only}
    columns[source.entity] = Column(np.arange(len(names), dtype=np.int32), dictionary=names)
    if source.time:
        columns[source.time] = Column(times)
    return Versions(names, times, columns)
