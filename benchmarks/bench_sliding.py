"""Sliding windows from Redis to the published value: what it costs that each reading counts in more and more of them.

Run: `python -m benchmarks sliding [--quick]`. The worker is the real one, with a commit each second; worker and server
share the machine. Every run is checked against the readings.
"""

from __future__ import annotations

import gc
import io
import logging
import tempfile
from pathlib import Path

import structlog

from benchmarks.bench_stream import PACKED, ROUNDS, best, commits, line, once
from benchmarks.definitions import sliding
from benchmarks.readings import fill_packed, write
from benchmarks.served import Run, keep
from benchmarks.server import valkey
from metrics.worker import ease_collection

WIDTHS_S = (600, 60)  # sliding by the whole, a tenth and a sixtieth
SLIDES = (1, 10, 60)


def slides(url: str, width_s: int) -> None:
    """Windows of one width that slide by less and less; what each publishes grows as the slide shrinks."""
    runs: dict[int, list[Run]] = {share: [] for share in SLIDES}
    for _ in range(ROUNDS):
        for share in SLIDES:
            runs[share].append(once(url, sliding(width_s, width_s // share), "packed", PACKED))
    whole = best(runs[1])
    print(f"sliding windows of {width_s} s, count and sum, packed", flush=True)
    for share in SLIDES:
        run = best(runs[share])
        line(f"slide {width_s // share} s", run.rate, f"{whole.rate / run.rate:.2f} x the time of slide = width, "
             f"{run.core_s / whole.core_s:.2f} x the CPU", f"a value per {run.rows / run.values:,.0f} readings, "
             f"{run.values / run.elapsed_s:,.0f} values/s", commits(run))  # fmt: skip


def main() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=io.StringIO()))
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        path = Path(home) / "readings.parquet"
        write(path, PACKED)
        ease_collection()  # as `ioc engine` does
        with valkey() as url:
            keep(url, "packed", lambda client, key: fill_packed(client, key, path, PACKED))
            for width_s in WIDTHS_S:
                slides(url, width_s)
    gc.unfreeze()


if __name__ == "__main__":
    main()
