"""Row tables: the accepted rows of a source as one Arrow table, the form that the SQL program reads."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.column import Column
from metrics.observation import Batch
from metrics.outline import Outlines
from metrics.region import Regions
from metrics.source import Field, Source
from metrics.watermark import BEGINNING

ARRIVAL = "_seq"
REGION = "_region"
INTERVALS = pa.list_(pa.struct([pa.field("s", pa.int64()), pa.field("e", pa.int64())]))
WIDE = pa.decimal128(38, 0)
_TYPES = {
    "int": pa.int64(), "decimal": pa.int64(), "time": pa.int64(), "bool": pa.bool_(), "text": pa.string(),
    "category": pa.string(), "intervals": INTERVALS,
}  # fmt: skip


def row_table(source: Source, batches: Iterable[Batch], regions: Regions, outlines: Outlines | None) -> pa.Table:
    """Batches, in the order they arrived, as a table with one column for each field.

    Numbers are int64 at the field's scale (decimal128 if one does not fit), times int64 ms; a point has the columns
    NAME_lon and NAME_lat, degrees * 10**7; intervals are lists of {s, e}, e null while open. `_seq` counts the rows;
    `_region` is the region found by field or point, null if the region table lacks it.
    """
    tables: list[pa.Table] = []
    rows = 0
    for batch in batches:
        columns: dict[str, pa.Array] = {}
        for name, spec in source.fields.items():
            columns |= _columns(spec, _given(source, batch, name), batch.rows)
        columns[ARRIVAL] = pa.array(np.arange(rows, rows + batch.rows))
        if source.region is not None and source.region.way != "registry":
            columns[REGION] = _text(_region(source, batch, regions, outlines))
        rows += batch.rows
        tables.append(pa.table(columns))
    if not tables:
        return _schema(source).empty_table()
    if any(pa.types.is_decimal(kind) for table in tables for kind in table.schema.types):
        schema = pa.unify_schemas([table.schema for table in tables], promote_options="permissive")
        tables = [table.cast(schema) for table in tables]
    return pa.concat_tables(tables)


def _given(source: Source, batch: Batch, name: str) -> Column | None:
    if name == source.time:
        return Column(batch.time, batch.time > BEGINNING)
    if name == source.entity:
        return Column(batch.entity, None, None, batch.entities)
    return batch.fields.get(name)


def _columns(spec: Field, column: Column | None, rows: int) -> dict[str, pa.Array]:
    if column is None:
        return {name: pa.nulls(rows, kind) for name, kind in _kinds(spec).items()}
    null = None if column.valid is None else ~column.valid
    match spec.type:
        case "text" | "category":
            return {spec.name: _text(column)}
        case "bool":
            return {spec.name: pa.array(column.values.astype(np.bool_), mask=null)}
        case "point":
            lon, lat = column.values[:, 0], column.values[:, 1]
            return {f"{spec.name}_lon": pa.array(lon, mask=null), f"{spec.name}_lat": pa.array(lat, mask=null)}
        case "intervals":
            return {spec.name: _intervals(column)}
    if column.values.dtype == object:
        numbers = [None if null is not None and null[at] else Decimal(int(one)) for at, one in enumerate(column.values)]
        return {spec.name: pa.array(numbers, WIDE)}
    return {spec.name: pa.array(column.values, pa.int64(), mask=null)}


def _text(column: Column) -> pa.Array:
    known = column.known() & (column.values >= 0)
    codes = pa.array(np.where(known, column.values, 0).astype(np.int32), mask=~known)
    words = pa.array(list(column.dictionary or ()), pa.string())
    return pa.DictionaryArray.from_arrays(codes, words).cast(pa.string())


def _intervals(column: Column) -> pa.Array:
    words = [[{"s": start, "e": end} for start, end in spans] for spans in column.dictionary or ()]
    known = column.known()
    codes = pa.array(np.where(known, column.values, 0).astype(np.int32), mask=~known)
    return pa.array(words, INTERVALS).take(codes)


def _region(source: Source, batch: Batch, regions: Regions, outlines: Outlines | None) -> Column:
    assert source.region is not None  # noqa: S101  # asked only for sources with a region
    column = _given(source, batch, source.region.name)
    nowhere = Column(np.full(batch.rows, -1, np.int32), np.zeros(batch.rows, np.bool_), None, ())
    if column is None:
        return nowhere
    if source.region.way == "point":
        return nowhere if outlines is None else outlines.region_of(column)
    known = np.array([*(code in regions for code in column.dictionary or ()), False], np.bool_)
    return Column(column.values, column.known() & known[column.values], None, column.dictionary)


def _kinds(spec: Field) -> dict[str, pa.DataType]:
    if spec.type == "point":
        return {f"{spec.name}_lon": pa.int64(), f"{spec.name}_lat": pa.int64()}
    return {spec.name: _TYPES[spec.type]}


def _schema(source: Source) -> pa.Schema:
    kinds: dict[str, pa.DataType] = {}
    for spec in source.fields.values():
        kinds |= _kinds(spec)
    kinds[ARRIVAL] = pa.int64()
    if source.region is not None and source.region.way != "registry":
        kinds[REGION] = pa.string()
    return pa.schema(kinds)
