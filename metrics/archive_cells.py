"""Cells of the archive: published values of a span of time, read by row group, and of each series what stands.

Tables have the columns of SCHEMA. A row appears at `said` (known then) or at `window_end` (known now); which of two
rows on a series stands is one rule (`newest`), for a moment and for every hour of a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.archive_rows import VALUES
from metrics.series import Head, Series
from metrics.value import LEVELS, ORIGINS, QUALITIES
from metrics.values import Values

Known = Literal["then", "now"]
"""`then`: by what had been published up to the moment; `now`: by what is known today of the windows up to it."""
CELL: Final = (
    "indicator", "version", "region", "dims", "window_start", "window_end", "value", "quality", "samples", "revision",
    "level", "same_time_1d", "origin",
)  # fmt: skip
SCHEMA: Final = pa.schema([*(VALUES.field(name) for name in CELL), pa.field("said", pa.int64())])
"""`said`: the world's time at which it was published; of what was recomputed when it was."""
SILENT_MS: Final = 49 * 3_600_000  # the engine's `completed` reaches so far back: what was silent for longer is no more
LONGEST_MS: Final = 62 * 86_400_000  # the longest step between two words on one series: two months
_ARCHIVED: Final = (*CELL, "world_now")
_WINDOW_BITS: Final = 44  # ms of an instant fit
_EVER: Final = 2**62


def when(known: Known) -> str:
    """The column by which a row appears."""
    return "said" if known == "then" else "window_end"


def read_span(path: Path, known: Known, after_ms: int, until_ms: int, arrived_ms: int = -1) -> pa.Table:
    """Rows of a part that appear in (after, until] and arrived at `arrived_ms` or later, in the order in which they
    were published; row groups outside are not read. Words on windows to come (`ID~forecast`) are no cells. Raises
    OSError, pa.ArrowException."""
    column = "world_now" if known == "then" else "window_end"
    with pq.ParquetFile(path) as file:
        footer, names = file.metadata, file.schema_arrow.names
        groups = [
            at
            for at in range(footer.num_row_groups)
            if _meets(footer.row_group(at), names.index(column), after_ms, until_ms)
            and _meets(footer.row_group(at), names.index("_ms"), arrived_ms - 1, _EVER)
        ]
        if not groups:
            return SCHEMA.empty_table()
        table = file.read_row_groups(groups, columns=[*_ARCHIVED, "_ms"], use_threads=False)
    at = table.column(column).to_numpy()
    inside = (at > after_ms) & (at <= until_ms) & (table.column("_ms").to_numpy() >= arrived_ms)
    table = table.select(list(_ARCHIVED)).rename_columns([*CELL, "said"]).cast(SCHEMA)
    return _values_only(table if inside.all() else table.filter(pa.array(inside)))


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables one behind the other, each text under one code."""
    filled = [table for table in tables if table.num_rows]
    return pa.concat_tables(filled).unify_dictionaries().combine_chunks() if filled else SCHEMA.empty_table()


def newest(table: pa.Table, known: Known, edges: Sequence[int]) -> list[pa.Table]:
    """For each edge (ascending) what stands then: of each series the row of the newest window that had appeared, of one
    window its last word (the higher version and revision, then the later row). What was silent for too long has left.
    """
    if not table.num_rows:
        return [SCHEMA.empty_table() for _ in edges]
    series = _series_codes(table)
    end = table.column("window_end").to_numpy()
    word = table.column("version").to_numpy().astype(np.int64) * 2**32 + table.column("revision").to_numpy()
    bucket = np.searchsorted(np.array(edges, np.int64), table.column(when(known)).to_numpy(), side="left")
    order = np.lexsort((word, end, bucket, series))  # stable: of equal words the later row comes last
    order = order[_ends_of_runs(series[order], bucket[order])]
    order = order[bucket[order] < len(edges)]
    series, bucket, end = series[order], bucket[order], end[order]
    # a word on an older window than one that had been told does not stand: the greatest end so far, series by series
    risen = (series << _WINDOW_BITS) + end
    stands = np.maximum.accumulate(risen) == risen
    order, series, bucket, end = order[stands], series[stands], bucket[stands], end[stands]
    until = np.full(len(order), len(edges))
    until[:-1] = np.where(series[1:] == series[:-1], bucket[1:], len(edges))
    start = table.column("window_start").to_numpy()[order]
    silent = end + np.maximum(SILENT_MS, np.minimum(2 * np.minimum(end - start, LONGEST_MS), LONGEST_MS))
    return [
        table.take(pa.array(order[(bucket <= at) & (until > at) & (silent >= edge)])) for at, edge in enumerate(edges)
    ]


def left(published: pa.Table, recomputed: pa.Table | None = None) -> pa.Table:
    """Of each window of each series its last word, in the order of window ends: how they were left. What was recomputed
    counts where nothing was published of the window."""
    table, count = published, published.num_rows
    if recomputed is not None and recomputed.num_rows:
        table = joined([published, recomputed])
    if not table.num_rows:
        return table
    series = _series_codes(table)
    end = table.column("window_end").to_numpy()
    if table.num_rows > count:
        windows = (series << _WINDOW_BITS) + end
        kept = np.concatenate([np.ones(count, np.bool_), ~np.isin(windows[count:], windows[:count])])
        table, series, end = table.filter(pa.array(kept)), series[kept], end[kept]
    word = table.column("version").to_numpy().astype(np.int64) * 2**32 + table.column("revision").to_numpy()
    order = np.lexsort((word, series, end))
    return table.take(pa.array(order[_ends_of_runs(series[order], end[order])]))


def values(table: pa.Table) -> Values:
    """Cells as the engine publishes them; `done` tells of windows that were complete when it was said."""
    indicator, region, dims = (_coded(table.column(name)) for name in ("indicator", "region", "dims"))
    version = table.column("version").to_numpy().astype(np.int64)
    places = [region[1], dims[1]]
    code = ((indicator[0].astype(np.int64) * (len(places[0]) + 1) + region[0]) * (len(places[1]) + 1) + dims[0]) * 2**16
    _, first, line = np.unique(code + version, return_index=True, return_inverse=True)
    heads = [
        Head(
            indicator[1][indicator[0][at]], int(version[at]), region[1][region[0][at]],
            _dims(dims[1][dims[0][at]]),
        )
        for at in first.tolist()
    ]  # fmt: skip
    end, said = table.column("window_end").to_numpy(), table.column("said").to_numpy()
    quality = _placed(table.column("quality"), QUALITIES, 0)
    return Values(
        Series(heads), line.astype(np.int32).reshape(-1), _int64(table, "window_start"), end,
        table.column("value").to_numpy().astype(np.float64), quality, _int64(table, "samples"),
        table.column("revision").to_numpy().astype(np.int32), _placed(table.column("level"), ("", *LEVELS), 0),
        table.column("same_time_1d").to_numpy().astype(np.float64), _placed(table.column("origin"), ORIGINS, 0),
        (quality != QUALITIES.index("provisional")) & (end <= said),
    )  # fmt: skip


def _dims(text: str) -> tuple[tuple[str, str], ...]:
    parts = [one.partition("=") for one in text.split(",")]
    return tuple((name, value) for name, _, value in parts if name)


def _int64(table: pa.Table, name: str) -> NDArray[np.int64]:
    found: NDArray[np.int64] = table.column(name).to_numpy().astype(np.int64)
    return found


def _meets(group: Any, place: int, after_ms: int, until_ms: int) -> bool:
    told = group.column(place).statistics
    return told is None or not told.has_min_max or (told.min <= until_ms and told.max > after_ms)


def _values_only(table: pa.Table) -> pa.Table:
    codes, texts = _coded(table.column("indicator"))
    words = np.array([*("~" in text for text in texts), False])
    return table.filter(pa.array(~words[codes])) if words.any() else table


def _series_codes(table: pa.Table) -> NDArray[np.int64]:
    """A number for each series: its indicator, region and dimensions, whatever the version."""
    code: NDArray[np.int64] = np.zeros(table.num_rows, np.int64)
    for name in ("indicator", "region", "dims"):
        codes, texts = _coded(table.column(name))
        code = code * (len(texts) + 1) + codes
    dense: NDArray[np.int64] = np.unique(code, return_inverse=True)[1].reshape(-1)
    return dense


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Codes and the texts they stand for; -1 is null."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    whole = column.unify_dictionaries().combine_chunks()
    one = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole
    if isinstance(one, pa.ChunkedArray):
        return np.zeros(0, np.int64), []
    return pc.fill_null(one.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64), one.dictionary.to_pylist()


def _placed(column: pa.ChunkedArray, names: Sequence[str], null: int) -> NDArray[np.int8]:
    """The place of each text in a list of names."""
    codes, texts = _coded(column)
    place = np.array([*(names.index(text) for text in texts), null], np.int8)
    return place[codes]


def _ends_of_runs(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the next row differs in one of the columns."""
    last = np.ones(len(columns[0]), np.bool_)
    last[:-1] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return last
