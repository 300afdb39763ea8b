"""Reading of roll-up pieces: of a large file only the row groups that hold one indicator, by footers that are kept."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

KEPT_FOOTERS = 256  # about 0.4 MB each where there are 300 indicators; two years of pieces of every roll-up
Bounds = tuple[str, str]  # least and greatest text of a column in a row group


@dataclass(frozen=True, slots=True)
class _Footer:
    """What a file says of itself, and per row group the bounds of indicator and dims (None: not told)."""

    stamp: tuple[int, int, int]
    metadata: pq.FileMetaData
    indicators: list[Bounds | None]
    dims: list[Bounds | None]


class PieceReader:
    """Reads pieces below a thousandth of their size; one for each thread. Raises OSError, pa.ArrowException."""

    def __init__(self) -> None:
        self._footers: OrderedDict[Path, _Footer] = OrderedDict()

    def read(self, path: Path, indicator: str, dims: str, columns: Sequence[str]) -> pa.Table:
        """The rows of an indicator and its dimensions, by region and end; also when the file is replaced meanwhile."""
        with path.open("rb") as file:
            footer = self._footer(path, file)
            groups = [
                at
                for at, (names, splits) in enumerate(zip(footer.indicators, footer.dims, strict=True))
                if _within(indicator, names) and _within(dims, splits)
            ]
            tested = [
                (name, text)
                for name, text, bounds in (("indicator", indicator, footer.indicators), ("dims", dims, footer.dims))
                if any(bounds[at] != (text, text) for at in groups)
            ]
            opened = pq.ParquetFile(file, metadata=footer.metadata)
            table = opened.read_row_groups(groups, columns=[*columns, *(name for name, _ in tested)], use_threads=False)
        table = table.unify_dictionaries()
        for name, text in tested:
            table = table.filter(
                pa.chunked_array([_equal(part, text) for part in table.column(name).chunks], pa.bool_())
            )
        return table.select(list(columns))

    def _footer(self, path: Path, file: IO[bytes]) -> _Footer:
        status = os.fstat(file.fileno())
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._footers.pop(path, None)
        if known is None or known.stamp != stamp:
            metadata = pq.ParquetFile(file).metadata
            places = {metadata.schema.column(at).name: at for at in range(metadata.num_columns)}
            known = _Footer(stamp, metadata, _bounds(metadata, places["indicator"]), _bounds(metadata, places["dims"]))
        self._footers[path] = known
        if len(self._footers) > KEPT_FOOTERS:
            self._footers.popitem(last=False)
        return known


def by_region(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables that follow each other in time, each by region and end, as one by region and end."""
    table = pa.concat_tables(tables).unify_dictionaries()
    chunks = table.column("region").chunks
    if not table.num_rows or len(chunks) < 2:
        return table
    texts = chunks[0].dictionary.to_pylist()
    rank = np.empty(len(texts), np.int32)
    rank[np.argsort(np.array(texts))] = np.arange(len(texts), dtype=np.int32)
    regions: NDArray[np.int32] = rank[np.concatenate([chunk.indices.to_numpy() for chunk in chunks])]
    narrow = regions.astype(np.int16) if len(texts) < 2**15 else regions  # radix sort
    return table.take(pa.array(np.argsort(narrow, kind="stable")))


def _bounds(metadata: pq.FileMetaData, column: int) -> list[Bounds | None]:
    found: list[Bounds | None] = []
    for at in range(metadata.num_row_groups):
        statistics = metadata.row_group(at).column(column).statistics
        told = statistics is not None and statistics.has_min_max
        found.append((statistics.min, statistics.max) if told else None)
    return found


def _within(text: str, bounds: Bounds | None) -> bool:
    return bounds is None or bounds[0] <= text <= bounds[1]


def _equal(part: pa.DictionaryArray, text: str) -> pa.Array:
    """A mask of the rows of a column of texts that are this text."""
    texts = part.dictionary.to_pylist()
    code = texts.index(text) if text in texts else -1
    return pa.array(part.indices.to_numpy() == code)
