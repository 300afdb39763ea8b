"""Archived rows as a batch: the columns of parts as those that the engine takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.column import Column
from metrics.observation import Batch
from metrics.source import Field, Source

Index = NDArray[np.int64]


def in_scale(table: pa.Table, source: Source, known: Mapping[str, int]) -> pa.Table:
    """Decimals in the scale that the source declares."""
    for name, scale in known.items():
        declared = source.fields.get(name)
        if declared is None or scale == declared.scale or name not in table.column_names:
            continue
        values = table.column(name).to_pylist()
        wanted = [None if one is None else _rounded(one, declared.scale - scale) for one in values]
        table = table.set_column(table.column_names.index(name), name, pa.array(wanted, pa.int64()))
    return table


def _rounded(value: int, more: int) -> int:
    if more >= 0:
        return int(value * 10**more)
    whole, rest = divmod(value, 10**-more)
    twice = 2 * rest - int(10**-more)
    return int(whole + (twice > 0 or (twice == 0 and whole % 2 == 1)))


def batch_of(source: Source, table: pa.Table | None, time: Index) -> Batch:
    """Rows as a batch, at these times; None: no rows."""
    if table is None:
        return Batch(source.id, time, np.empty(0, np.int32), [], {})
    entity = _coded(table.column("k"))
    fields = {}
    for name, spec in source.fields.items():
        if name in table.column_names and name not in (source.time, source.entity):
            fields[name] = _column(spec, table.column(name))
    return Batch(source.id, time, entity.values, entity.dictionary or [], fields)


def _column(spec: Field, cells: pa.ChunkedArray) -> Column:
    valid = None if not cells.null_count else cells.is_valid().to_numpy()
    match spec.type:
        case "text" | "category":
            return _coded(cells)
        case "bool":
            return Column(cells.fill_null(False).to_numpy().astype(np.int8), valid)
        case "point":
            return Column(_points(cells), valid, 7)
        case "intervals":
            return _intervals(cells.to_pylist())
    values = cells.fill_null(0).to_numpy().astype(np.int64)
    return Column(values, valid, None if spec.type == "time" else spec.scale)


def _coded(cells: pa.ChunkedArray) -> Column:
    coded: Any = cells.dictionary_encode().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0) if coded.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Column(codes, None if not cells.null_count else codes >= 0, None, coded.dictionary.to_pylist())


def _points(cells: pa.ChunkedArray) -> NDArray[Any]:
    """Longitude and latitude, shape (rows, 2); 0 0 where there is none."""
    found: NDArray[np.int64] = np.zeros((len(cells), 2), np.int64)
    known = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in cells.chunks]  # without those that are null
    found[cells.is_valid().to_numpy()] = np.concatenate([np.empty(0, np.int64), *known]).reshape(-1, 2)
    return found


def _intervals(cells: Sequence[Any]) -> Column:
    codes: dict[tuple[tuple[int, int | None], ...], int] = {}
    found = np.full(len(cells), -1, np.int32)
    for at, spans in enumerate(cells):
        if spans is not None:
            found[at] = codes.setdefault(tuple((one["begin"], one["end"]) for one in spans), len(codes))
    return Column(found, None if (found >= 0).all() else found >= 0, None, list(codes))
