"""Readings per second from Redis to the published value: two definitions, two forms, the archiver off and on, commits
each second; beside the bare floor, and Bytewax, pandas and DuckDB over the same file of readings.

Run: `python -m benchmarks stream [--quick]`. The worker is the real one: contract, duplicates, watermark, windows,
fenced commits. Worker, server and archiver share the machine. Every run is checked against the readings.
"""

from __future__ import annotations

import gc
import io
import logging
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import structlog

from benchmarks import stream_peers
from benchmarks.archiving import archiver
from benchmarks.definitions import Definitions, minute, traffic
from benchmarks.readings import fill_packed, fill_plain, write
from benchmarks.served import Run, floor, keep, prepare, serve
from benchmarks.server import valkey
from benchmarks.size import sized
from metrics.worker import ease_collection

PACKED = sized(6_000_000, 54_000_000)  # 90 min of event time: long enough that start and last commit hardly count
PLAIN = sized(300_000, 1_500_000)
STREAMED = sized(50_000, 200_000)  # readings for the peers that take them in small batches, which are slower
ROUNDS = sized(1, 2)  # in turns; the best of each is printed, as the one least disturbed by other programs


def best(runs: list[Run]) -> Run:
    return max(runs, key=lambda run: run.rate)


def once(url: str, definitions: Definitions, form: str, rows: int, *, archive: bool = False) -> Run:
    """One run over a stream that was never read."""
    client = prepare(url, definitions, form, rows)
    with ExitStack() as stack:
        running = stack.enter_context(archiver(client, url, rows)) if archive else None
        return serve(client, url, definitions, rows, beside=running.go if running is not None else None)


def compare(url: str, form: str, rows: int, peers: Mapping[str, float | None]) -> None:
    """One form of entries: the floor, then each definition with the archiver off and on, in turns."""
    one, pack = minute(), traffic()
    what = {
        "60 s count and sum": (one, False), f"traffic pack, {pack.indicators} indicators": (pack, False),
        "60 s count and sum, archiver on": (one, True), "traffic pack, archiver on": (pack, True),
    }  # fmt: skip
    runs: dict[str, list[Run]] = {label: [] for label in what}
    bare = []
    for _ in range(ROUNDS):
        bare.append(floor(url, form, rows))
        for label, (definitions, archive) in what.items():
            runs[label].append(once(url, definitions, form, rows, archive=archive))
    least = max(bare)
    print(f"{form}: {rows:,} readings", flush=True)
    line("bare XREAD + decode", least)
    for label, (definitions, archive) in what.items():
        run = best(runs[label])
        remarks = [f"{100 * run.rate / least:.0f} % of the floor", commits(run), f"{run.rows / run.core_s / 1e6:.2f} M "
                   "per core-second"]  # fmt: skip
        if archive:
            off = best(next(runs[other] for other, (same, on) in what.items() if same is definitions and not on))
            remarks = [f"{100 * run.rate / off.rate:.0f} % of off", commits(run),
                       f"counted and archived {run.rows / run.archived_s / 1e6:.2f} M/s"]  # fmt: skip
        elif definitions is one:
            remarks += [f"{run.rate / peer:.1f} x {which}" for which, peer in peers.items() if peer]
        line(label, run.rate, *remarks)


def commits(run: Run) -> str:
    return f"commits {run.commit_share:.1f} % of the time ({run.commits})"


def by_peers(path: Path) -> dict[str, float | None]:
    """The peers' best rates."""
    asked: dict[str, Callable[[], float | None]] = {
        "Bytewax": lambda: stream_peers.by_bytewax(path, STREAMED),
        "pandas (1,000 rows at a time)": lambda: stream_peers.by_pandas(path, STREAMED),
        "pandas (all rows at once)": lambda: stream_peers.by_pandas_at_once(path, PACKED),
        "DuckDB": lambda: stream_peers.by_duckdb(path, PACKED),
    }
    found: dict[str, float | None] = {}
    for name, run in asked.items():
        found[name] = max((run() or 0.0) for _ in range(ROUNDS)) or None
    print("peers: 60 s count and sum of the same file, without streams, commits or publication")
    for name, rate in found.items():
        if rate is None:
            print(f"  {name:<42} not installed: skipped")
        else:
            line(name, rate)
    return found


def line(name: str, rate: float, *remarks: str) -> None:
    """A rate in millions a second."""
    print(f"  {name:<34}{rate / 1e6:>9.3f} M/s   {'; '.join(remarks)}", flush=True)


def main() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=io.StringIO()))
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        path = Path(home) / "readings.parquet"
        write(path, PACKED)
        peers = by_peers(path)
        ease_collection()  # as `ioc engine` does
        with valkey() as url:
            keep(url, "packed", lambda client, key: fill_packed(client, key, path, PACKED))
            keep(url, "plain", lambda client, key: fill_plain(client, key, path, PLAIN))
            compare(url, "packed", PACKED, peers)
            compare(url, "plain", PLAIN, peers)
    gc.unfreeze()


if __name__ == "__main__":
    main()
