"""The peers of the streams: count and sum per road and minute of the same file in Bytewax, pandas and DuckDB.

Each reads the file itself and is checked against the number of its readings. None of them checks a contract, knows
duplicates, commits or publishes.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.readings import ROWS, batches

MINUTE = 60_000
COLUMNS = ["t", "k", "speed"]
THREADS = 2


def by_duckdb(path: Path, rows: int) -> float:
    """SQL over the whole Parquet file, all cores: readings a second."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        start = time.perf_counter()
        found = connection.sql(
            "SELECT t // ? AS w, k, count(*) AS n, sum(speed) AS s FROM read_parquet(?) GROUP BY ALL",
            params=[MINUTE, str(path)],
        ).to_arrow_table()
        elapsed = time.perf_counter() - start
    assert sum(found.column("n").to_pylist()) == rows == pq.read_metadata(path).num_rows
    return rows / elapsed


def by_pandas(path: Path, rows: int) -> float:
    """A stream in pandas: batches of 1,000 rows, grouped and added to the running totals."""
    parts: dict[tuple[int, str], list[int]] = {}
    start = time.perf_counter()
    for batch in batches(path, rows, ROWS, COLUMNS):
        table = batch.to_pandas()
        grouped = table.groupby([table.t // MINUTE, "k"], observed=True).speed.agg(["count", "sum"])
        for place, count, total in grouped.itertuples():
            known = parts.setdefault(place, [0, 0])
            known[0] += count
            known[1] += total
    elapsed = time.perf_counter() - start
    assert sum(count for count, _ in parts.values()) == rows
    return rows / elapsed


def by_pandas_at_once(path: Path, rows: int) -> float:
    """One table of all rows in pandas, grouped once: no stream, but what pandas is best at."""
    start = time.perf_counter()
    table = pd.read_parquet(path, columns=COLUMNS)
    found = table.groupby([table.t // MINUTE, "k"], observed=True).speed.agg(["count", "sum"])
    elapsed = time.perf_counter() - start
    assert int(found["count"].sum()) == rows
    return rows / elapsed


def by_bytewax(path: Path, rows: int) -> float | None:
    """The windows in Bytewax: event clock, tumbling windows, a fold per key; None where it is not installed."""
    try:
        import bytewax.operators as op
        import bytewax.operators.windowing as win
        from bytewax.dataflow import Dataflow
        from bytewax.testing import TestingSink, TestingSource, run_main
    except ImportError:
        return None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    events = [
        (road, (epoch + timedelta(milliseconds=ms), speed))
        for batch in batches(path, rows, ROWS, COLUMNS)
        for ms, road, speed in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]
    found: list[Any] = []
    flow = Dataflow("bench")
    stream = op.input("in", flow, TestingSource(events, batch_size=ROWS))
    clock = win.EventClock(ts_getter=lambda event: event[0], wait_for_system_duration=timedelta(seconds=2))
    windower = win.TumblingWindower(length=timedelta(minutes=1), align_to=epoch)
    folded = win.fold_window(
        "fold", stream, clock, windower, lambda: (0, 0), lambda sums, event: (sums[0] + 1, sums[1] + event[1]),
        lambda one, two: (one[0] + two[0], one[1] + two[1]),
    )  # fmt: skip
    op.output("out", folded.down, TestingSink(found))
    start = time.perf_counter()  # the readings are in memory: only the flow is timed
    run_main(flow)
    elapsed = time.perf_counter() - start
    assert sum(sums[0] for _, (_, sums) in found) == rows
    return rows / elapsed
