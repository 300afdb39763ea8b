"""Archived remarks: what the intake said of rows that did not count as they stand, and the bases of values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Strand, every_part, in_force
from metrics.archive_rows import PLACE, ROW, TEXT, Entries, Rows
from metrics.basis import Basis
from metrics.remark import unpack
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
    tables = [REMARKS.empty_table()]
    for entry_id, raw in entries:
        table: Mapping[bytes, bytes] = dict(zip(raw[::2], raw[1::2], strict=True))
        place, at = order(entry_id.decode("latin-1")), 0
        if b"basis" in table:
            cells: dict[str, Any] = {
                "kind": BASIS,
                "source": table[b"digest"].decode(),
                "text": table[b"basis"].decode(),
            }
            tables.append(_table(place, at, 1, cells))
            at += 1
        for one in unpack(table[b"b"]) if b"b" in table else ():
            ids = np.array([order(name) for name in one.ids], np.int64).reshape(-1, 2)
            stretches = {
                "first_ms": ids[one.first, 0], "first_seq": ids[one.first, 1], "first_row": one.first_row,
                "last_ms": ids[one.last, 0], "last_seq": ids[one.last, 1], "last_row": one.last_row,
            }  # fmt: skip
            cells = {"kind": one.kind, "source": one.source, "shard": one.shard, "time_ms": one.time_ms, **stretches}
            tables.append(_table(place, at, len(one.first), cells))
            at += len(one.first)
    return Rows(pa.concat_tables(tables), "_ms")


def _table(place: tuple[int, int], first: int, count: int, cells: Mapping[str, Any]) -> pa.Table:
    """Rows of one entry from its row `first` on; cells are an array, or one value for all."""
    given = {"_ms": place[0], "_seq": place[1], ROW: np.arange(first, first + count), **cells}
    columns = []
    for spec in REMARKS:
        cell = given.get(spec.name, 0 if spec.name.startswith(("first", "last", "shard")) else None)
        if spec.type == TEXT:
            codes = pa.array(np.zeros(count, np.int32))
            columns.append(pa.DictionaryArray.from_arrays(codes, pa.array([cell], pa.string())))
        elif isinstance(cell, np.ndarray):
            columns.append(pa.array(cell.astype(np.int64), pa.int64()).cast(spec.type))
        else:
            columns.append(pa.array([cell] * count, spec.type))
    return pa.Table.from_arrays(columns, schema=REMARKS)


def remarks(root: Path, life: Life, since_ms: int = 0) -> pa.Table:
    """All archived remarks and bases of a life in the order in which they were made; columns as REMARKS. `since_ms`:
    of those that were made before some may be left out."""
    parts = in_force(every_part(Strand(life, "intake").folder(root)))
    parts = [part for part in parts if order(part.last)[0] >= since_ms]
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
