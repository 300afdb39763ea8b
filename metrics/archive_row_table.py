"""Archived rows as the SQL program takes them, column by column and without a detour by batches.

The same rows, in the same order, as `Evidence.everything` and `metrics.row_table` give together; some ten times as
quickly where the archive's columns are those that the source declares and nothing was remarked on its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Part, every_part, in_force, shards
from metrics.archive_evidence import PLACE, Evidence
from metrics.archive_rows import SCALE
from metrics.column import Column
from metrics.outline import Outlines
from metrics.region import Regions
from metrics.row_table import ARRIVAL, INTERVALS, REGION, row_table
from metrics.source import Field, Source
from metrics.watermark import BEGINNING

EVER = (-(2**62), 2**62)
_PLAIN = {"int": pa.int64(), "decimal": pa.int64(), "time": pa.int64(), "bool": pa.bool_()}


def archived_table(
    evidence: Evidence, source: Source, regions: Regions, outlines: Outlines | None, between: tuple[int, int] = EVER
) -> pa.Table | None:
    """All archived rows of a source with event time in `between` [from, until), late and repeated ones too, as by
    `row_table`; of records every version. Only the declared fields are read. None: there are none."""
    parts, (from_ms, until_ms) = _parts(evidence, source.id), between
    if source.kind == "readings":
        parts = [(shard, part) for shard, part in parts if part.meets(from_ms, until_ms)]
    if not parts:
        return None
    if not evidence.stands(source.id) or not _as_declared([part for _, part in parts], source):
        batch = evidence.everything(source, max(from_ms, BEGINNING), until_ms).batch
        return row_table(source, [batch], regions, outlines) if batch.rows else None
    table = _read(parts, source, None if source.kind == "records" else (from_ms, until_ms))
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for name, spec in source.fields.items():
        columns |= _columns(spec, name, table, source)
    columns[ARRIVAL] = pa.array(np.arange(table.num_rows))
    if source.region is not None and source.region.way == "point" and source.region.name in table.column_names:
        columns[REGION] = _region(table.column(source.region.name), outlines)
    return pa.table(columns)


def archived_rows(evidence: Evidence, source: str) -> int:
    """How many rows are archived of a source."""
    return sum(pq.read_metadata(part.path).num_rows for _, part in _parts(evidence, source))


def oldest_ms(evidence: Evidence, sources: Iterable[str]) -> int:
    """The oldest event time among the rows of sources; 0 where there is none."""
    return max(0, min((part.first_ms for name in sources for _, part in _parts(evidence, name)), default=0))


def _parts(evidence: Evidence, source: str) -> list[tuple[int, Part]]:
    """With the shard of each."""
    return [
        (strand.shard, part)
        for strand in shards(evidence.root, evidence.life, source)
        for part in in_force(every_part(strand.folder(evidence.root)))
    ]


def _as_declared(parts: Collection[Part], source: Source) -> bool:
    """Whether all parts have one form, and its columns the types and scales that are declared now."""
    if len({part.form for part in parts}) > 1:
        return False
    for one in pq.read_schema(next(iter(parts)).path):
        spec = source.fields.get(one.name)
        if spec is None:
            continue
        scale = int(one.metadata[SCALE]) if one.metadata and SCALE in one.metadata else 0
        fits = {
            "text": pa.types.is_dictionary(one.type), "category": pa.types.is_dictionary(one.type),
            "point": pa.types.is_fixed_size_list(one.type), "intervals": pa.types.is_list(one.type),
        }.get(spec.type, one.type == _PLAIN.get(spec.type) and scale == spec.scale)  # fmt: skip
        if not fits:
            return False
    return True


def _read(parts: Collection[tuple[int, Part]], source: Source, span: tuple[int, int] | None) -> pa.Table:
    """The declared columns in order of arrival."""
    several = len({shard for shard, _ in parts}) > 1
    tables = []
    for shard, part in parts:
        there = set(pq.read_schema(part.path).names)
        wanted = [name for name in source.fields if name in there and name not in (source.time, source.entity)]
        columns = ["t", "k", *(PLACE if several else ()), *wanted]
        within = None if span is None else (pc.field("t") >= span[0]) & (pc.field("t") < span[1])
        table = pq.read_table(part.path, columns=columns, filters=within).replace_schema_metadata(None)
        if several:
            table = table.append_column("_shard", pa.array(np.full(table.num_rows, shard, np.int32)))
        tables.append(table.cast(pa.schema([pa.field(one.name, one.type) for one in table.schema])))
    whole = pa.concat_tables(tables)
    if several:  # rows of one entry stay in order
        by = [(name, "ascending") for name in (*PLACE[:2], "_shard", PLACE[2])]
        whole = whole.sort_by(by)
    return whole


def _columns(spec: Field, name: str, table: pa.Table, source: Source) -> dict[str, pa.Array | pa.ChunkedArray]:
    if name == source.time:
        at = table.column("t")
        return {name: pc.if_else(pc.greater(at, BEGINNING), at, pa.scalar(None, pa.int64()))}
    if name == source.entity:
        return {name: table.column("k").cast(pa.string())}
    if name not in table.column_names:
        return {}
    cells = table.column(name)
    match spec.type:
        case "text" | "category":
            return {name: cells.cast(pa.string())}
        case "point":
            lon, lat = _ends(cells)
            return {f"{name}_lon": lon, f"{name}_lat": lat}
        case "intervals":
            return {name: _spans(cells)}
    return {name: cells}


def _ends(cells: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    values, null = _places(cells)
    return pa.array(values[:, 0], mask=null), pa.array(values[:, 1], mask=null)


def _places(cells: pa.ChunkedArray) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], np.ndarray]:
    """Points as (rows, 2), and which are null."""
    null = cells.is_null().to_numpy()
    values = np.zeros((len(cells), 2), np.int64)
    values[~null] = pc.list_flatten(cells).to_numpy().reshape(-1, 2)
    return values, null


def _spans(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists of {begin, end} as lists of {s, e}."""
    found = []
    for chunk in cells.chunks:
        inner = chunk.values
        spans = pa.StructArray.from_arrays([inner.field("begin"), inner.field("end")], names=["s", "e"])
        found.append(pa.ListArray.from_arrays(chunk.offsets, spans, mask=chunk.is_null()).cast(INTERVALS))
    return pa.chunked_array(found, INTERVALS)


def _region(cells: pa.ChunkedArray, outlines: Outlines | None) -> pa.Array:
    values, null = _places(cells)
    if outlines is None:
        return pa.nulls(len(values), pa.string())
    found = outlines.region_of(Column(values, ~null, 7))
    known = found.known() & (found.values >= 0)
    codes = pa.array(np.where(known, found.values, 0).astype(np.int32), mask=~known)
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(found.dictionary or ()), pa.string())).cast(pa.string())
