"""The archive: readings a second into parts, beside the engine and alone; and how long a year of history takes.

Run: `python -m benchmarks archive`. History: 300 indicators x 120 regions, a year at 1 h and at 1 day, 90 days at
15 min and 14 days at 1 min for 10 of them; the floor is pyarrow reading exactly the row groups that hold the answer,
the peers are DuckDB and pandas over one month of the same rows as they come, by time.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import logging
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import redis
import structlog

from benchmarks.bench_stream import (
    INDICATORS,
    NOON,
    PER_S,
    ROWS,
    SOURCE,
    fill_packed,
    fill_plain,
    floor,
    line,
    valkey,
)
from metrics import archive_period as periods
from metrics import keys
from metrics.archive import Life, Part, every_part, in_force, shards
from metrics.archive_file import write_slices
from metrics.archive_history import BRIEF, COLUMNS, ArchiveHistory
from metrics.archive_period import DAY_MS, SLOTS, period_at
from metrics.archive_rollup import GROUP_ROWS, SCHEMA
from metrics.clock import WorldClock, real_ms
from metrics.worker import Worker, ease_collection
from metrics.world import World

PAYLOADS = 10_000  # of 1,000 readings each
PLAIN = 500_000
ROUNDS = 2
WORLD = "bench"
LIFE = Life(WORLD, 1)
NUMBER, REGIONS, FINE = 300, 120, 10
DAYS = 365
LAST = 1_767_196_800_000  # 2026-01-01T00:00:00+08:00
ASKED = 20  # indicators that are asked for, each once
_CHILD = """
import sys, threading, os
from pathlib import Path
from metrics.archiver import Archiver, Options
os.nice(5)
Archiver(sys.argv[1], Path(sys.argv[2]), Options(part_s=0.25), ["bench"]).run(threading.Event())
"""


# ---- into the archive ----


def prepare(url: str, fill: Callable[[redis.Redis, str, int], None], count: int, rows: int) -> redis.Redis:
    client = redis.Redis.from_url(url)
    client.flushall()
    fill(client, keys.observations(WORLD, "traffic"), count)
    bundle = {"v": 1, "hash": "bench", "sources": {"traffic": SOURCE}, "indicators": INDICATORS}
    client.set(keys.BUNDLE, json.dumps(bundle))
    end = NOON + rows * 1000 // PER_S + 3_600_000
    client.hset(keys.WORLDS, WORLD, World(WORLD, "replay", WorldClock(end, real_ms(), 1.0), started_ms=1).to_json())
    return client


@contextlib.contextmanager
def archiver(client: redis.Redis, url: str, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An archiver in a process of its own, nice as `ioc archive` is, stopped just before it begins to read."""
    process = subprocess.Popen([sys.executable, "-c", _CHILD, url, str(root)], stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        until(lambda: client.exists(keys.archive(WORLD)))
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.wait()
        client.delete(keys.archive(WORLD), keys.ARCHIVE)


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.005)


def parts_of(root: Path) -> list[Part]:
    return [part for strand in shards(root, LIFE, "traffic") for part in in_force(every_part(strand.folder(root)))]


def rest(process: subprocess.Popen[bytes], client: redis.Redis, root: Path, rows: int) -> int:
    """Wait until the newest reading is in a part; rows that were there before the archiver was let go."""
    last: Any = client.xinfo_stream(keys.observations(WORLD, "traffic"))["last-generated-id"]
    before = sum(pq.read_metadata(part.path).num_rows for part in parts_of(root))
    process.send_signal(signal.SIGCONT)
    until(lambda: any(part.last == last.decode() for part in parts_of(root)))
    assert sum(pq.read_metadata(part.path).num_rows for part in parts_of(root)) == rows
    return before


def alone(client: redis.Redis, url: str, rows: int) -> tuple[float, int]:
    """The archiver alone, until the newest reading is in a part: rows a second, bytes of the parts."""
    with tempfile.TemporaryDirectory() as home, archiver(client, url, Path(home)) as process:
        start = time.perf_counter()
        before = rest(process, client, Path(home), rows)
        elapsed = time.perf_counter() - start
        size = sum(part.path.stat().st_size for part in parts_of(Path(home)))
    return (rows - before) / elapsed, size


def end_to_end(client: redis.Redis, url: str, rows: int, *, with_archive: bool) -> tuple[float, float]:
    """The worker from its start to the last reading counted, with or without an archiver that begins with it: rows a
    second of the engine, and until the archive holds the last reading too."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        process = stack.enter_context(archiver(client, url, home)) if with_archive else None
        worker, stop = Worker(url, 1000, [WORLD]), threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        start = time.perf_counter()
        thread.start()
        if process is not None:
            process.send_signal(signal.SIGCONT)

        def counted() -> bool:
            raw: Any = client.hget(keys.engine(WORLD, "feeds"), "traffic")
            return bool(raw) and f'"rows": {rows},' in raw.decode()

        until(counted)
        engine = time.perf_counter() - start
        if process is not None:
            rest(process, client, home, rows)
        both = time.perf_counter() - start
        stop.set()
        thread.join()
    return rows / engine, rows / both


def into(url: str) -> None:
    for name, fill, count, rows in (
        ("packed", fill_packed, PAYLOADS, PAYLOADS * ROWS),
        ("plain", fill_plain, PLAIN, PLAIN),
    ):
        bare, own, off, on = [], [], [], []
        size = 0
        for _ in range(ROUNDS):
            client = prepare(url, fill, count, rows)
            bare.append(floor(url, keys.observations(WORLD, "traffic"), rows))
            rate, size = alone(client, url, rows)
            own.append(rate)
            off.append(end_to_end(client, url, rows, with_archive=False)[0])
            on.append(end_to_end(prepare(url, fill, count, rows), url, rows, with_archive=True))
        line(f"{name}: bare XREAD + decode", max(bare))
        line(f"{name}: archiver alone", max(own), f"{100 * max(own) / max(bare):.0f} % of the floor",
             f"{size / rows:.2f} bytes a reading")  # fmt: skip
        line(f"{name}: engine, archiver off", max(off))
        line(f"{name}: engine, archiver on", max(rate for rate, _ in on),
             f"{100 * max(rate for rate, _ in on) / max(off):.0f} % of off")  # fmt: skip
        line(f"{name}: counted and archived", max(both for _, both in on))


# ---- out of it ----


def lines(indicator: int, ends: np.ndarray) -> pa.Table:
    """One indicator, all regions, the slots that end then: a daily wave with noise, one decimal, as readings have."""
    draw = np.random.default_rng(indicator * 1_000_003 + int(ends[0] % 999_983))
    count = len(ends) * REGIONS
    wave = 40 + 20 * np.sin(np.tile(ends, REGIONS) / DAY_MS * 2 * np.pi) + draw.normal(0, 5, count)
    value = np.round(wave, 1)

    def same(text: str | None) -> pa.Array:
        codes = pa.array(np.zeros(count, np.int32), mask=np.full(count, text is None))
        return pa.DictionaryArray.from_arrays(codes, pa.array([text or ""], pa.string()))

    codes = pa.array(np.repeat(np.arange(REGIONS, dtype=np.int32), len(ends)))
    regions = pa.DictionaryArray.from_arrays(codes, pa.array([f"440303{at:06d}" for at in range(REGIONS)], pa.string()))
    columns = {
        "indicator": same(f"I{indicator:03d}"), "dims": same(""), "region": regions, "end": np.tile(ends, REGIONS),
        "value": value, "window_end": np.tile(ends, REGIONS), "mean": np.round(value + 0.1, 1), "least": value - 1,
        "greatest": value + 1, "samples": draw.integers(1, 90, count), "count": np.full(count, 4, np.int32),
        "quality": same("complete"), "level": same(None), "version": np.ones(count, np.int32), "origin": same("real"),
    }  # fmt: skip
    return pa.Table.from_arrays([pa.array(columns[spec.name], spec.type) for spec in SCHEMA], schema=SCHEMA)


def write_history(root: Path) -> int:
    """The settled pieces of a year; returns the rows."""
    rows = 0
    for name, days, indicators in (("1d", DAYS, NUMBER), ("1h", DAYS, NUMBER), ("15m", 90, FINE), ("1m", 14, FINE)):
        slot = SLOTS[name]
        unit = slot.units[-1] if name != "1d" else "month"
        ends = np.arange(LAST - days * DAY_MS + slot.size_ms, LAST + 1, slot.size_ms)
        named = np.array([period_at(unit, int(end)).name for end in ends])
        for piece in dict.fromkeys(named.tolist()):
            inside = ends[named == piece]
            path = periods.folder(root, LIFE, slot) / f"{piece}.parquet"
            some = max(1, -(-GROUP_ROWS // (REGIONS * len(inside))))  # as many in a row group as a roll-up puts there
            tables = (
                pa.concat_tables([lines(one, inside) for one in range(first, min(first + some, indicators))])
                for first in range(0, indicators, some)
            )
            write_slices(path, SCHEMA, (table.unify_dictionaries() for table in tables), {}, row_group=None)
            rows += indicators * REGIONS * len(inside)
    return rows


def timed(ask: Callable[[str], int], names: Sequence[str]) -> tuple[float, float, int]:
    """Median and greatest ms over the names, and rows of an answer."""
    took, rows = [], 0
    for name in names:
        start = time.perf_counter()
        rows = ask(name)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), max(took), rows


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


def out_of(root: Path) -> None:
    start = time.perf_counter()
    rows = write_history(root)
    size = sum(path.stat().st_size for path in root.rglob("*.parquet"))
    print(f"history: {rows / 1e6:.0f} M rows, {size / 1e9:.2f} GB, written in {time.perf_counter() - start:.0f} s")
    names = [f"I{at:03d}" for at in np.linspace(0, NUMBER - 1, ASKED).astype(int)]
    fine = [f"I{at:03d}" for at in range(FINE)]
    spans = (("1d", DAYS, names, COLUMNS), ("1h", DAYS, names, BRIEF), ("1h", DAYS, names, COLUMNS),
             ("15m", 90, fine, BRIEF), ("1m", 14, fine, BRIEF))  # fmt: skip
    for slot, days, asked, columns in spans:
        ask_history(root, slot, days, asked, columns)
    history = ArchiveHistory(root)
    month = period_at("month", LAST - DAY_MS)
    with_layout, _, found = timed(
        lambda name: (
            history.series(LIFE, name, month.begin, month.end, slot="1h", columns=["region", "end", "value"]).num_rows
        ),
        names[:5],
    )
    history.close()
    parts = root / "unsorted"
    write_unsorted(root, parts, month)
    files = [str(path) for path in sorted(parts.glob("*.parquet"))]
    plain = duckdb.connect(config={"threads": 2})
    naive, _, same = timed(
        lambda name: plain.sql("SELECT region, \"end\", value FROM read_parquet(?) WHERE indicator = ? ORDER BY 1, 2",
                               params=[files, name]).to_arrow_table().num_rows, names[:5])  # fmt: skip
    assert same == found
    by_pandas, _, same = timed(lambda name: len(with_pandas(files, name)), names[:2])
    assert same == found
    print(f"a month at 1 h: {with_layout:.1f} ms; DuckDB over parts by time {naive:.0f} ms "
          f"({naive / with_layout:.0f} x), pandas {by_pandas:.0f} ms ({by_pandas / with_layout:.0f} x)")  # fmt: skip


def ask_history(root: Path, slot: str, days: int, asked: Sequence[str], columns: Sequence[str]) -> None:
    """One span: the first answer, the others, the floor, and one region of 120."""
    history = ArchiveHistory(root)
    from_ms = LAST - days * DAY_MS

    def ask(name: str, regions: Sequence[str] | None = None) -> int:
        return history.series(LIFE, name, from_ms, LAST, slot=slot, regions=regions, columns=columns).num_rows

    start = time.perf_counter()
    found = ask(asked[0])
    first = (time.perf_counter() - start) * 1000
    median, greatest, _ = timed(ask, asked[1:])
    least, _, _ = timed(exact_read(root, slot, from_ms, columns), asked[1:])
    one, _, _ = timed(lambda name: ask(name, ["440303000007"]), asked[1:])
    history.close()
    print(f"{days:>4} days of one indicator at {slot:<4}{len(columns):>3} columns {found:>10,} rows {median:>7.1f} ms "
          f"(at most {greatest:.0f}, the first {first:.0f}); {median / least:.1f} x the floor of {least:.1f} ms; "
          f"one region {one:.1f} ms", flush=True)  # fmt: skip


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


def with_pandas(files: Sequence[str], name: str) -> pd.DataFrame:
    columns = ["region", "end", "value"]
    frames = [pd.read_parquet(path, columns=columns, filters=[("indicator", "=", name)]) for path in files]
    return pd.concat(frames).sort_values(["region", "end"])


def main() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=io.StringIO()))
    ease_collection()  # as `ioc engine` does
    with valkey() as url:
        into(url)
    gc.unfreeze()
    home = Path(tempfile.mkdtemp(prefix="ioc-bench-"))
    try:
        out_of(home)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
