"""Catching up: a backlog of 10 min at 10,000 readings a second, packed and plain, from the start of the worker until
the value of the last reading is published. The aim is 60 s.

Run: `python -m benchmarks.bench_catchup [--quick]`. Every value of the last window is checked against the readings.
"""

from __future__ import annotations

import gc
import io
import logging
import tempfile
from pathlib import Path

import structlog

from benchmarks.definitions import minute, traffic
from benchmarks.readings import PER_S, fill_packed, fill_plain, write
from benchmarks.served import keep, prepare, serve
from benchmarks.server import valkey
from benchmarks.size import sized
from metrics.worker import ease_collection

BACKLOG_S = sized(30, 600)
AIM_S = 60
ROWS = BACKLOG_S * PER_S
FORMS = {"packed": fill_packed, "plain": fill_plain}


def main() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=io.StringIO()))
    print(f"backlog of {BACKLOG_S} s at {PER_S:,} readings a second: {ROWS:,} readings; aim {AIM_S} s for 600 s")
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        path = Path(home) / "readings.parquet"
        write(path, ROWS)
        ease_collection()  # as `ioc engine` does
        for form, fill in FORMS.items():
            with valkey() as url:
                keep(url, form, lambda client, key, fill=fill: fill(client, key, path, ROWS))
                for label, definitions in (("60 s count and sum", minute()), ("traffic pack", traffic())):
                    run = serve(prepare(url, definitions, form, ROWS), url, definitions, ROWS)
                    print(
                        f"  {form:<8}{label:<20}{run.elapsed_s:>7.1f} s  {run.rate / 1e6:.3f} M/s  "
                        f"{run.values:,} values in {run.commits} commits",
                        flush=True,
                    )
    gc.unfreeze()


if __name__ == "__main__":
    main()
