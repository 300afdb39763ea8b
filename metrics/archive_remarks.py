"""Archived remarks: what the intake said of rows that did not count as they stand, and the bases of values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Strand, every_part, in_force
from metrics.archive_rows import PLACE, TEXT, Entries, Rows
from metrics.basis import Basis
from metrics.remark import Remark, unpack
from metrics.stream import order

BASIS: Final = "basis"  # the kind of a row that holds a basis: `source` is its digest, `text` its JSON
REMARKS: Final = pa.schema([
    *PLACE, pa.field("kind", TEXT), pa.field("source", TEXT), pa.field("shard", pa.int32()),
    *(pa.field(name, pa.int64()) for name in ("first_ms", "first_seq", "first_row", "last_ms", "last_seq", "last_row")),
    pa.field("time_ms", pa.int64()), pa.field("text", pa.string()),
])  # fmt: skip
"""A remark a row: rows from (first_ms, first_seq, first_row) to (last_ms, last_seq, last_row), both included."""


def remarked(entries: Entries) -> Rows:
    """Entries of the stream `intake`, one row for each remark and each basis. Raises UnknownRemarkVersion."""
    cells: list[tuple[Any, ...]] = []
    for entry_id, raw in entries:
        table: Mapping[bytes, bytes] = dict(zip(raw[::2], raw[1::2], strict=True))
        place = order(entry_id.decode("latin-1"))
        rows: list[tuple[Any, ...]] = []
        if b"basis" in table:
            rows.append((BASIS, table[b"digest"].decode(), 0, 0, 0, 0, 0, 0, 0, None, table[b"basis"].decode()))
        rows += [_cells(one) for one in unpack(table[b"b"])] if b"b" in table else []
        cells += [(*place, at, *row) for at, row in enumerate(rows)]
    columns = list(zip(*cells, strict=True)) or [()] * len(REMARKS)
    arrays = []
    for spec, column in zip(REMARKS, columns, strict=True):
        array = pa.array(column, pa.string() if spec.type == TEXT else spec.type)
        arrays.append(array.dictionary_encode() if spec.type == TEXT else array)
    return Rows(pa.Table.from_arrays(arrays, schema=REMARKS), "_ms")


def _cells(one: Remark) -> tuple[Any, ...]:
    return (one.kind, one.source, one.shard, *order(one.first), one.first_row, *order(one.last), one.last_row,
            one.time_ms, None)  # fmt: skip


def remarks(root: Path, life: Life) -> pa.Table:
    """All archived remarks and bases of a life in the order in which they were made; columns as REMARKS."""
    parts = in_force(every_part(Strand(life, "intake").folder(root)))
    if not parts:
        return REMARKS.empty_table()
    with duckdb.connect() as connection:
        found = connection.sql(
            "SELECT * FROM read_parquet(?) ORDER BY _ms, _seq, _row", params=[[str(part.path) for part in parts]]
        )
        table: pa.Table = found.to_arrow_table()
        return table


def bases(table: pa.Table) -> dict[str, Basis]:
    """The bases among remarks, by digest, in the order in which they were last said. Raises UnknownBasisVersion."""
    kinds = table.column("kind").to_numpy(zero_copy_only=False).astype(object)
    chosen = table.take(np.flatnonzero(kinds == BASIS))
    found = zip(chosen.column("source").to_pylist(), chosen.column("text").to_pylist(), strict=True)
    texts: dict[str, str] = {}
    for digest, text in found:
        texts.pop(digest, None)  # the one that was said last comes last
        texts[digest] = text
    return {digest: Basis.from_json(text) for digest, text in texts.items()}
