"""A year of history as the archive keeps it, and the ways to read it that know less or more than the archive does.

300 indicators x 120 regions: a year at 1 h and at 1 day, 90 days at 15 min and 14 days at 1 min for 10 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.size import FULL
from metrics import archive_period as periods
from metrics.archive import Life
from metrics.archive_file import write_slices
from metrics.archive_period import DAY_MS, SLOTS, period_at
from metrics.archive_rollup import GROUP_ROWS, SCHEMA

LIFE = Life("bench", 1)
NUMBER, REGIONS, FINE = 300, 120, 10
DAYS = 365
LAST = 1_767_196_800_000  # 2026-01-01T00:00:00+08:00
ASKED = [int(at) for at in np.linspace(0, NUMBER - 1, 20)]  # indicators that are asked for, each once


def lines(indicator: int, ends: np.ndarray, *, lively: bool = True) -> pa.Table:
    """One indicator, all regions, the slots that end then: a daily wave with noise, one decimal, as readings have; or
    one and the same value, which is quickly written."""
    count = len(ends) * REGIONS
    value, samples = np.full(count, 40.0), np.full(count, 30)
    if lively:
        draw = np.random.default_rng(indicator * 1_000_003 + int(ends[0] % 999_983))
        wave = 40 + 20 * np.sin(np.tile(ends, REGIONS) / DAY_MS * 2 * np.pi) + draw.normal(0, 5, count)
        value, samples = np.round(wave, 1), draw.integers(1, 90, count)
    codes = pa.array(np.repeat(np.arange(REGIONS, dtype=np.int32), len(ends)))
    regions = pa.DictionaryArray.from_arrays(codes, pa.array([f"440303{at:06d}" for at in range(REGIONS)], pa.string()))
    columns = {
        "indicator": _same(f"I{indicator:03d}", count), "dims": _same("", count), "region": regions,
        "end": np.tile(ends, REGIONS), "value": value, "window_end": np.tile(ends, REGIONS),
        "mean": np.round(value + 0.1, 1), "least": value - 1, "greatest": value + 1, "samples": samples,
        "count": np.full(count, 4, np.int32), "quality": _same("complete", count), "level": _same(None, count),
        "version": np.ones(count, np.int32), "origin": _same("real", count),
    }  # fmt: skip
    return pa.Table.from_arrays([pa.array(columns[spec.name], spec.type) for spec in SCHEMA], schema=SCHEMA)


def _same(text: str | None, count: int) -> pa.Array:
    codes = pa.array(np.zeros(count, np.int32), mask=np.full(count, text is None))
    return pa.DictionaryArray.from_arrays(codes, pa.array([text or ""], pa.string()))


def write_history(root: Path) -> int:
    """The settled pieces of a year; returns the rows.

    Every indicator is there, with its row groups. The asked ones, and all in a row group with them, have values of
    their own; the others have one value each, unless all was asked for: they cost time to write and are not read.
    """
    rows = 0
    for name, days, indicators in (("1d", DAYS, NUMBER), ("1h", DAYS, NUMBER), ("15m", 90, FINE), ("1m", 14, FINE)):
        slot = SLOTS[name]
        unit = slot.units[-1] if name != "1d" else "month"
        ends = np.arange(LAST - days * DAY_MS + slot.size_ms, LAST + 1, slot.size_ms)
        named = np.array([period_at(unit, int(end)).name for end in ends])
        for piece in dict.fromkeys(named.tolist()):
            path = periods.folder(root, LIFE, slot) / f"{piece}.parquet"
            write_slices(path, SCHEMA, _groups(ends[named == piece], indicators), {}, row_group=None)
            rows += indicators * REGIONS * int((named == piece).sum())
    return rows


def _groups(ends: np.ndarray, indicators: int) -> Iterator[pa.Table]:
    """The row groups of a piece: as many indicators in each as a roll-up puts there."""
    some = max(1, -(-GROUP_ROWS // (REGIONS * len(ends))))
    dull = lines(0, ends, lively=False)
    for first in range(0, indicators, some):
        inside = range(first, min(first + some, indicators))
        if FULL or some > 1 or indicators < NUMBER or set(inside) & set(ASKED):
            yield pa.concat_tables([lines(one, ends) for one in inside]).unify_dictionaries()
        else:
            yield dull.set_column(0, SCHEMA.field("indicator"), _same(f"I{first:03d}", dull.num_rows))


def exact_read(root: Path, slot: str, from_ms: int, columns: Sequence[str]) -> Callable[[str], int]:
    """pyarrow that knows where everything lies: footers at hand, per file the one row group of the indicator, the same
    columns, nothing filtered or sorted."""
    pieces = [piece.path for piece in periods.every_piece(root, LIFE, SLOTS[slot]) if piece.period.end > from_ms]
    footers = [pq.read_metadata(path) for path in pieces]
    groups = [{name: at for at in range(footer.num_row_groups)
               for name in bounds(footer.row_group(at).column(0).statistics)} for footer in footers]  # fmt: skip

    def ask(name: str) -> int:
        tables = [
            pq.ParquetFile(path, metadata=footer).read_row_groups([known[name]], columns=list(columns))
            for path, footer, known in zip(pieces, footers, groups, strict=True)
        ]
        return sum(table.num_rows for table in tables)

    return ask


def bounds(statistics: Any) -> list[str]:
    """The indicators of a row group, by the first and the last one."""
    return [f"I{at:03d}" for at in range(int(statistics.min[1:]), int(statistics.max[1:]) + 1)]


def write_unsorted(root: Path, parts: Path, month: periods.Period) -> None:
    """The rows of a month as they would come: by time, a part a day."""
    parts.mkdir()
    source = str(periods.folder(root, LIFE, SLOTS["1h"]) / f"{month.name}.parquet")
    with duckdb.connect(config={"threads": 2}) as connection:
        for begin in range(month.begin, month.end, DAY_MS):
            table = connection.sql('SELECT indicator, dims, region, "end", value, quality, samples '
                                   'FROM read_parquet(?) WHERE "end" > ? AND "end" <= ? '
                                   'ORDER BY "end", region, indicator',
                                   params=[source, begin, begin + DAY_MS]).to_arrow_table()  # fmt: skip
            pq.write_table(table, parts / f"{begin}.parquet", compression="zstd", compression_level=1)


def by_pandas(files: Sequence[str], name: str) -> pd.DataFrame:
    columns = ["region", "end", "value"]
    frames = [pd.read_parquet(path, columns=columns, filters=[("indicator", "=", name)]) for path in files]
    return pd.concat(frames).sort_values(["region", "end"])
