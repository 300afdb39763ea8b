"""Rows: observations of one source in columns, as a source hands them to its feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics import keys
from metrics.codec import RawColumn, coded, pack


@dataclass(frozen=True, slots=True)
class Rows:
    """Observations in the order in which they are to arrive; all columns have the length of `time`.

    `time` is event time, ms UTC, (rows,) int64. `entity` is dictionary-coded without nulls. `fields` holds the other
    declared fields by name.
    """

    time: NDArray[np.int64]
    entity: RawColumn
    fields: Mapping[str, RawColumn]

    def __len__(self) -> int:
        return len(self.time)

    @property
    def newest_ms(self) -> int:
        """The greatest event time. Raises ValueError when there are no rows."""
        return int(self.time.max())

    def take(self, index: NDArray[np.intp]) -> Rows:
        """The rows of these positions, in this order."""
        return Rows(
            self.time[index],
            _take(self.entity, index),
            {name: _take(column, index) for name, column in self.fields.items()},
        )

    def by_shard(self, shards: int) -> Iterator[tuple[int, Rows]]:
        """(shard, its rows) for each shard that has any; the order within a shard stays."""
        if shards == 1:
            yield 0, self
            return
        homes = np.asarray([keys.shard_of(text, shards) for text in self.entity.dictionary], dtype=np.int64)
        home = homes[self.entity.values]
        for shard in range(shards):
            index = np.flatnonzero(home == shard)
            if index.size:
                yield shard, self.take(index)

    def chunks(self, most: int) -> Iterator[Rows]:
        """Runs of at most `most` rows; an instant is cut only where it alone is longer than that.

        So a stream that ends after any entry ends with a whole instant.
        """
        start, total = 0, len(self)
        while start < total:
            end = min(start + most, total)
            if end < total and self.time[end] == self.time[end - 1]:
                earlier = np.flatnonzero(self.time[start:end] != self.time[end])
                end = start + int(earlier[-1]) + 1 if earlier.size else end
            yield self if start == 0 and end == total else self.take(np.arange(start, end))
            start = end

    def payload(self) -> bytes:
        """The packed form of the contract, for the field `p`."""
        return pack({"t": RawColumn("int", self.time), "k": _compact(self.entity), **self._compacted()}, len(self))

    def _compacted(self) -> dict[str, RawColumn]:
        return {name: _compact(column) for name, column in self.fields.items()}


def rows_of(time_ms: int, entities: Sequence[str], fields: Mapping[str, RawColumn]) -> Rows:
    """Rows of one instant, one per entity."""
    return Rows(np.full(len(entities), time_ms, dtype=np.int64), coded(entities), fields)


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one behind the other; all parts have the same fields. Raises ValueError without parts."""
    if len(parts) == 1:
        return parts[0]
    names = parts[0].fields
    return Rows(
        np.concatenate([part.time for part in parts]),
        _joined([part.entity for part in parts]),
        {name: _joined([part.fields[name] for part in parts]) for name in names},
    )


def fixed(values: Sequence[float | None], scale: int) -> RawColumn:
    """A decimal column from floats, None = null; rounded to the nearest, for figures that are measured as floats."""
    factor = 10**scale
    numbers = [0 if value is None else round(value * factor) for value in values]
    return RawColumn("fixed", np.asarray(numbers, dtype=np.int64), _validity(values), scale)


def whole(values: Sequence[int | None]) -> RawColumn:
    """An int column, None = null."""
    return RawColumn("int", np.asarray([value or 0 for value in values], dtype=np.int64), _validity(values))


def _validity(values: Sequence[float | int | None]) -> NDArray[np.bool_] | None:
    valid = np.asarray([value is not None for value in values], dtype=np.bool_)
    return None if valid.all() else valid


def _take(column: RawColumn, index: NDArray[np.intp]) -> RawColumn:
    valid = None if column.valid is None else column.valid[index]
    return RawColumn(column.kind, column.values[index], valid, column.scale, column.dictionary)


def _joined(columns: Sequence[RawColumn]) -> RawColumn:
    """One column of several; texts that stand in several dictionaries are one text."""
    first = columns[0]
    valid = None
    if any(column.valid is not None for column in columns):
        whole = [np.ones(len(one.values), np.bool_) if one.valid is None else one.valid for one in columns]
        valid = np.concatenate(whole)
    if first.kind != "coded" or all(column.dictionary is first.dictionary for column in columns):
        values = np.concatenate([column.values for column in columns])
        return RawColumn(first.kind, values, valid, first.scale, first.dictionary)
    index: dict[str, int] = {}
    codes = []
    for column in (_compact(each) for each in columns):
        table = [*(index.setdefault(text, len(index)) for text in column.dictionary), -1]
        codes.append(np.asarray(table, np.int32)[column.values])
    return RawColumn("coded", np.concatenate(codes), valid, dictionary=list(index))


def _compact(column: RawColumn) -> RawColumn:
    """A text column with only the texts that occur, so that an entry of few rows stays small."""
    if column.kind != "coded" or len(column.dictionary) <= len(column.values):
        return column
    used, codes = np.unique(column.values, return_inverse=True)
    texts = [column.dictionary[code] for code in used if code >= 0]
    codes = codes - (1 if used.size and used[0] < 0 else 0)
    return RawColumn("coded", codes.astype(np.int32), dictionary=texts)
