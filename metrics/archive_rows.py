"""Rows for the archive: stream entries as Arrow tables of plain columns, each row with its place in the stream.

Every table begins with `_ms`, `_seq` (the entry's id) and `_row` (the row inside the entry).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.clock import LIVE, WorldClock
from metrics.codec import decode
from metrics.column import Column
from metrics.contract import Contract
from metrics.field_type import field_rule
from metrics.raw import RawColumn, RawRows
from metrics.stream import order
from metrics.value import LEVELS, ORIGINS, QUALITIES, Value
from metrics.value_form import unpack_columns
from metrics.values import Values

ROW = "_row"
PLACE: Final = (
    pa.field("_ms", pa.int64(), False),
    pa.field("_seq", pa.int64(), False),
    pa.field(ROW, pa.int32(), False),
)
TEXT: Final = pa.dictionary(pa.int32(), pa.string())
POINT: Final = pa.list_(pa.int64(), 2)  # longitude and latitude, WGS-84 degrees * 10**7
INTERVALS: Final = pa.list_(pa.struct([("begin", pa.int64()), ("end", pa.int64())]))  # ms, half-open; end null: open
_UNDATED = -(2**62)  # no time of any row: what the contract puts in place of a missing one
SCALE = b"scale"  # in a column's description: its whole numbers are value * 10**scale

Entries = Sequence[Any]


class NotArchivable(ValueError):
    """A column of a shape that the archive has no form for; the message names it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one strand; `time` is the column by which their span is told."""

    table: pa.Table
    time: str

    def span(self) -> tuple[int, int]:
        """Least and greatest time, ms; (0, -1) for no rows."""
        if not self.table.num_rows:
            return 0, -1
        parts = [chunk.to_numpy() for chunk in self.table.column(self.time).chunks if len(chunk)]
        return min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)


Decoder = Callable[[Entries], Rows]


class Observations:
    """Admits the entries of a source as the engine does, and keeps what the contract accepts.

    A record without change time has that of its arrival, by the world's clock. Only the rule `future` is not applied,
    for it depends on the clock at which the engine read the row: what the engine refused by it stands in the archived
    dead letters, and readers leave it out.
    """

    def __init__(self, contract: Contract, clock: WorldClock = LIVE) -> None:
        place = field_rule(ROW, type="int")  # travels through the contract, so that it is known which rows remain
        self._contract = replace(contract, fields=(*contract.fields, place), future_ms=None)
        self._wanted = contract.wanted
        self._clock = clock
        fields = (field_of(rule.name, rule.type, rule.scale) for rule in contract.fields)
        self.schema = pa.schema([*PLACE, pa.field("t", pa.int64(), False), pa.field("k", TEXT, False), *fields])

    def __call__(self, entries: Entries) -> Rows:
        """All accepted rows of the entries, in stream order."""
        tables = [self._table(run) for run in decode(entries, self._wanted).runs]
        return Rows(_joined([table for table in tables if table is not None], self.schema), "t")

    def _table(self, run: RawRows) -> pa.Table | None:
        numbered = RawColumn("int", np.arange(run.rows, dtype=np.int64))
        batch = self._contract.admit(replace(run, columns={**run.columns, ROW: numbered}), _UNDATED).batch
        if batch is None:
            return None
        rows = batch.fields[ROW].values
        sizes = np.diff(run.starts)
        ids = np.array([order(one.decode("latin-1")) for one in run.ids], np.int64).reshape(-1, 2)
        milliseconds, sequences = np.repeat(ids[:, 0], sizes), np.repeat(ids[:, 1], sizes)
        inside = np.arange(run.rows, dtype=np.int32) - np.repeat(run.starts[:-1], sizes).astype(np.int32)
        if len(rows) != run.rows:
            milliseconds, sequences, inside = milliseconds[rows], sequences[rows], inside[rows]
        names = Column(batch.entity, None, None, batch.entities)
        columns: list[pa.Array] = [
            pa.array(milliseconds), pa.array(sequences), pa.array(inside),
            pa.array(self._times(batch.time, milliseconds)), arrow(names, TEXT),
        ]  # fmt: skip
        for spec in list(self.schema)[len(columns) :]:
            column = batch.fields.get(spec.name)
            columns.append(pa.nulls(batch.rows, spec.type) if column is None else arrow(column, spec.type))
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _times(self, times: NDArray[np.int64], arrived: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(times) or int(times.min()) != _UNDATED:
            return times
        clock = self._clock
        now = clock.event_ms + ((arrived - clock.real_ms) * clock.speed).astype(np.int64)
        return np.where(times == _UNDATED, now, times)


def field_of(name: str, kind: str, scale: int) -> pa.Field:
    if kind == "decimal":
        return pa.field(name, pa.int64(), metadata={SCALE: str(scale)})
    types = {"int": pa.int64(), "time": pa.int64(), "bool": pa.bool_(), "text": TEXT, "category": TEXT, "point": POINT,
             "intervals": INTERVALS}  # fmt: skip
    if kind not in types:
        raise NotArchivable(f"field {name}: no column for the type {kind!r}")
    return pa.field(name, types[kind])


def arrow(column: Column, kind: pa.DataType) -> pa.Array:
    """A column in the archive's form. Raises NotArchivable."""
    values = column.values
    if kind == POINT:
        flat = pa.array(np.ascontiguousarray(values, np.int64).reshape(-1))
        mask = None if column.valid is None else pa.array(~column.valid)
        return pa.FixedSizeListArray.from_arrays(flat, type=POINT, mask=mask)
    if kind == INTERVALS:
        known = column.known() & (values >= 0)
        distinct = [[{"begin": begin, "end": end} for begin, end in spans] for spans in column.dictionary or ()]
        return pa.array(distinct, INTERVALS).take(pa.array(np.where(known, values, 0).astype(np.int32), mask=~known))
    if values.ndim != 1 or values.dtype == object:
        raise NotArchivable(f"no column for values of {values.dtype} in {values.ndim} dimensions")
    null = None if column.valid is None else ~column.valid
    if column.dictionary is not None:
        missing = values < 0
        if missing.any():
            null = missing if null is None else null | missing
        if null is not None:
            values = np.where(null, 0, values)
        codes = pa.array(values.astype(np.int32, copy=False), mask=null)
        return pa.DictionaryArray.from_arrays(codes, pa.array(list(column.dictionary), pa.string()))
    if pa.types.is_boolean(kind):
        values = values.astype(np.bool_)
    return pa.array(values, type=kind, mask=null)


# ---- what the engine publishes ----

_VALUE_TYPES: Final[Mapping[str, pa.DataType]] = {
    "indicator": TEXT, "version": pa.int32(), "region": TEXT, "dims": TEXT, "window_start": pa.int64(),
    "window_end": pa.int64(), "value": pa.float64(), "quality": TEXT, "samples": pa.int64(), "revision": pa.int32(),
    "level": TEXT, "same_time_1d": pa.float64(), "origin": TEXT,
}  # fmt: skip
_VALUE_FIELDS = tuple(spec.name for spec in fields(Value))
_COMMIT = (b"positions", b"watermarks", b"bundle", b"basis")
VALUES: Final = pa.schema([
    *PLACE, *(pa.field(name, _VALUE_TYPES[name]) for name in _VALUE_FIELDS),
    pa.field("published_at", pa.int64()), pa.field("world_now", pa.int64()),
    *(pa.field(name, TEXT) for name in ("positions", "watermarks", "bundle", "basis")),
])  # fmt: skip
"""`dims` is `name=value,...` as in the series id; `positions` and `watermarks` are the JSON of the commit, `bundle` the
hash of the definitions and `basis` the digest of what else the values rest on."""


def values(entries: Entries) -> Rows:
    """Published values, one row each. Raises metrics.value_form.UnknownValueVersion."""
    tables = []
    for entry_id, raw in entries:
        table = dict(zip(raw[::2], raw[1::2], strict=True))
        told = unpack_columns(table[b"b"])
        count = len(told)
        milliseconds, sequence = order(entry_id.decode("latin-1"))
        columns = [pa.array(np.full(count, milliseconds)), pa.array(np.full(count, sequence)), _numbers(count)]
        cells = _cells(told)
        columns += [cells[name] for name in _VALUE_FIELDS]
        columns += [pa.array(np.full(count, int(table[name]))) for name in (b"at", b"now")]
        columns += [_constant(table.get(name, b"").decode(), count) for name in _COMMIT]
        tables.append(pa.Table.from_arrays(columns, schema=VALUES))
    return Rows(_joined(tables, VALUES), "window_end")


def _cells(told: Values) -> dict[str, pa.Array]:
    """The columns of VALUES that tell of values."""
    heads, line = told.series.heads, told.line
    level = _coded((told.level - 1).astype(np.int32), list(LEVELS))
    return {
        "indicator": _coded(line, [head.indicator for head in heads]),
        "version": pa.array(np.array([head.version for head in heads], np.int32)[line]),
        "region": _coded(line, [head.region for head in heads]),
        "dims": _coded(line, [head.dims_text for head in heads]),
        "window_start": pa.array(told.start), "window_end": pa.array(told.end),
        "value": pa.array(told.value, from_pandas=True), "quality": _coded(told.quality, list(QUALITIES)),
        "samples": pa.array(told.samples), "revision": pa.array(told.revision), "level": level,
        "same_time_1d": pa.array(told.earlier, from_pandas=True), "origin": _coded(told.origin, list(ORIGINS)),
    }  # fmt: skip


def _coded(codes: NDArray[Any], texts: Sequence[str]) -> pa.Array:
    """Texts by their place in a list that may name one more than once; -1 is null."""
    places: dict[str, int] = {}
    place = np.array([places.setdefault(text, len(places)) for text in texts] or [0], np.int32)
    found = np.where(codes < 0, 0, place[codes]).astype(np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(found, mask=codes < 0 if (codes < 0).any() else None), pa.array(list(places), pa.string())
    )


DEAD: Final = pa.schema([
    *PLACE, pa.field("source", TEXT), pa.field("shard", pa.int32()), pa.field("entry", pa.string()),
    pa.field("row", pa.int32()), pa.field("field", TEXT), pa.field("rule", TEXT), pa.field("value", pa.string()),
])  # fmt: skip


def letters(entries: Entries) -> Rows:
    """Dead letters, one row each; `entry` and `row` are the place of the rejected row in the source's stream."""
    ids = np.array([order(entry_id.decode("latin-1")) for entry_id, _ in entries], np.int64).reshape(-1, 2)
    tables = [dict(zip(raw[::2], raw[1::2], strict=True)) for _, raw in entries]
    columns: list[pa.Array] = [pa.array(ids[:, 0]), pa.array(ids[:, 1]), pa.array(np.zeros(len(ids), np.int32))]
    for spec in list(DEAD)[len(PLACE) :]:
        texts = [table[spec.name.encode()].decode("utf-8", "replace") for table in tables]
        if pa.types.is_integer(spec.type):
            columns.append(pa.array([int(text) for text in texts], spec.type))
        else:
            column = pa.array(texts, pa.string())
            columns.append(column.dictionary_encode() if spec.type == TEXT else column)
    return Rows(pa.Table.from_arrays(columns, schema=DEAD), "_ms")


def _numbers(count: int) -> pa.Array:
    return pa.array(np.arange(count, dtype=np.int32))


def _constant(text: str, count: int) -> pa.Array:
    codes: NDArray[np.int32] = np.zeros(count, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([text], pa.string()))


def _joined(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables(tables) if tables else schema.empty_table()
