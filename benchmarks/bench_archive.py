"""The archive: readings a second into parts; and how long a year of history takes.

Run: `python -m benchmarks archive [--quick | --full]`. The engine with the archiver off and on is in `stream`. The
floor of a question is pyarrow reading exactly the row groups that hold the answer; the peers are DuckDB and pandas over
one month of the same rows as they come, by time. `--full`: every indicator of the year has values of its own.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from benchmarks.archive_year import (
    ASKED,
    DAYS,
    FINE,
    LAST,
    LIFE,
    NUMBER,
    by_pandas,
    exact_read,
    write_history,
    write_unsorted,
)
from benchmarks.archiving import alone
from benchmarks.definitions import minute
from benchmarks.readings import fill_packed, fill_plain, write
from benchmarks.served import floor, keep, prepare
from benchmarks.server import valkey
from benchmarks.size import FULL, sized
from metrics.archive_history import BRIEF, COLUMNS, ArchiveHistory
from metrics.archive_period import DAY_MS, period_at

PACKED = sized(3_000_000, 10_000_000)
PLAIN = sized(100_000, 500_000)
ROUNDS = sized(1, 2)


# ---- into the archive ----


def into(url: str) -> None:
    """Each form of entries: the floor, and the archiver alone."""
    for form, rows in (("packed", PACKED), ("plain", PLAIN)):
        bare, own = [], []
        for _ in range(ROUNDS):
            bare.append(floor(url, form, rows))
            own.append(alone(prepare(url, minute(), form, rows), url, rows))
        rate, size = max(own)
        print(f"{form}: {rows:,} readings; bare XREAD + decode {max(bare) / 1e6:.3f} M/s, archiver alone "
              f"{rate / 1e6:.3f} M/s ({100 * rate / max(bare):.0f} % of the floor), {size:.2f} bytes a reading",
              flush=True)  # fmt: skip


# ---- out of it ----


def timed(ask: Callable[[str], int], names: Sequence[str]) -> tuple[float, float, int]:
    """Median and greatest ms over the names, and rows of an answer."""
    took, rows = [], 0
    for name in names:
        start = time.perf_counter()
        rows = ask(name)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), max(took), rows


def out_of(root: Path) -> None:
    start = time.perf_counter()
    rows = write_history(root)
    size = sum(path.stat().st_size for path in root.rglob("*.parquet"))
    kind = "all with values of their own" if FULL else "those asked for with values of their own, the others with one"
    print(f"history: {rows / 1e6:.0f} M rows of {NUMBER} indicators, {kind}; {size / 1e9:.2f} GB, written in "
          f"{time.perf_counter() - start:.0f} s", flush=True)  # fmt: skip
    names = [f"I{at:03d}" for at in ASKED]
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
    slow, _, same = timed(lambda name: len(by_pandas(files, name)), names[:2])
    assert same == found
    print(f"a month at 1 h: {with_layout:.1f} ms; DuckDB over parts by time {naive:.0f} ms "
          f"({naive / with_layout:.0f} x), pandas {slow:.0f} ms ({slow / with_layout:.0f} x)")  # fmt: skip


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


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home, valkey() as url:
        path = Path(home) / "readings.parquet"
        write(path, PACKED)
        keep(url, "packed", lambda client, key: fill_packed(client, key, path, PACKED))
        keep(url, "plain", lambda client, key: fill_plain(client, key, path, PLAIN))
        into(url)
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        out_of(Path(home))


if __name__ == "__main__":
    main()
