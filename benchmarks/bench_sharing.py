"""The cost of indicators over the same measures, and of series: CPU time of the engine by their number.

Run: `python -m benchmarks.bench_sharing [--quick]`. A second of readings of all series, then one step, again and again
for more than a minute, so that windows are completed and judged too; the indicators are formulas with thresholds over
the same three measures: all of one form (they differ in numbers), or of ten. CPU seconds of this process: packed
entries are decoded, admitted by their contract and stepped, as the worker does; the server and commits come on top.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from metrics.codec import RawColumn, decode, pack
from metrics.compiler import compile
from metrics.contract import Contract
from metrics.definition import load
from metrics.engine import initial, step

START = 1_764_000_000_000 // 60_000 * 60_000
SECONDS = 66  # a minute, and as long as its windows take to be complete
LOADS = (100_000, 1_000_000)  # readings a second
COUNTS = (1, 2, 10, 50, 100, 150, 300)
ROWS = 1_000  # readings of a packed entry
SERIES = (100, 1_000, 10_000, 50_000)
FORMS = (
    "(n + mean) / {0} + slow", "slow / (n + {0}) + mean", "mean * {0} - slow + n", "if(n > {0}, mean, slow)",
    "pct(slow, n + {0}) + mean", "min(mean, {0}) + slow + n", "abs(mean - {0}) + slow / n",
    "coalesce(mean, n) * slow + {0}", "clamp(mean, 0, {0}) + n - slow", "max(slow, n / {0}, mean)",
)  # fmt: skip


def bundle(indicators: int, forms: int = 1) -> dict[str, Any]:
    """Formulas over count, mean and max of a minute: by district only, so that what is said stays small."""
    fields = {"time": {"type": "time"}, "road": {"type": "text"}, "speed": {"type": "decimal", "scale": 2}}
    source = {"kind": "readings", "time": "time", "entity": "road", "disorder": "5s", "lateness": "1m"}
    road = {"agg": "mean", "field": "speed", "per": ["entity"]}
    tables = [
        {
            "id": f"B{at}", "source": "traffic", "window": {"kind": "tumbling", "size": "1m"},
            "formula": FORMS[at % forms].format(at + 1), "direction": "down",
            "thresholds": {"yellow": 5 + at, "red": 50 + at},
            "measures": {
                "n": {"agg": "count"}, "mean": {"agg": "mean", "field": "speed"},
                "slow": {**road, "having": "value < 30", "then": "count"},
            },
        }
        for at in range(indicators)
    ]  # fmt: skip
    return {"v": 1, "sources": {"traffic": {**source, "fields": fields}}, "indicators": tables}


Entries = list[tuple[bytes, list[bytes]]]


def entries(series: int, per_second: int, seconds_: int) -> Iterator[tuple[int, Entries]]:
    """The newest time and the packed entries of a second of readings each: every series in turn."""
    rng = np.random.default_rng(440303)
    entities = [f"R{at}" for at in range(series)]
    # A series that speaks several times in a second does so at different milliseconds.
    within = np.arange(per_second) * 1_000 // per_second
    for second in range(seconds_):
        row = np.arange(second * per_second, (second + 1) * per_second)
        times, speeds = START + second * 1_000 + within, rng.integers(0, 9_000, per_second)
        packed: Entries = []
        for first in range(0, per_second, ROWS):
            some = slice(first, first + ROWS)
            named, codes = np.unique(row[some] % series, return_inverse=True)
            columns = {
                "t": RawColumn("int", times[some]),
                "k": RawColumn("coded", codes.astype(np.int32), dictionary=[entities[at] for at in named.tolist()]),
                "speed": RawColumn("fixed", speeds[some], scale=2),
            }
            packed.append((f"{second + 1}-{first}".encode(), [b"p", pack(columns, len(times[some]))]))
        yield int(times.max()), packed


def seconds(indicators: int, series: int, per_second: int, forms: int) -> float:
    """CPU seconds of a second of event time; the first one, which meets every series, is left out."""
    definitions = load(bundle(indicators, forms))
    state, contract = initial(compile(definitions)), Contract.from_source(definitions.sources["traffic"])
    spent = 0.0
    for number, (now, some) in enumerate(entries(series, per_second, SECONDS)):
        began = time.process_time()
        admitted = [contract.admit(run, now).batch for run in decode(some, contract.wanted).runs]
        step(state, [batch for batch in admitted if batch is not None], now)
        spent += time.process_time() - began if number else 0.0
    return spent / (SECONDS - 1)


def main() -> None:
    quick = "--quick" in sys.argv
    print("one step a second; ms of CPU a second of event time by number of indicators, and the cost of doubling them")
    for per_second in LOADS[:1] if quick else LOADS:
        for forms in (1, len(FORMS)):
            print(f"{per_second:,} readings a second, formulas of {forms} form{'s' * (forms > 1)}")
            print(f"{'series':>8}" + "".join(f"{count:>8}" for count in COUNTS) + "    1->2  50->100  150->300")
            for series in SERIES[1:2] if quick else SERIES:
                cost = {count: seconds(count, series, per_second, forms) * 1_000 for count in COUNTS}
                line = "".join(f"{cost[count]:8.1f}" for count in COUNTS)
                ratios = f"{cost[2] / cost[1]:8.2f}{cost[100] / cost[50]:9.2f}{cost[300] / cost[150]:10.2f}"
                print(f"{series:>8}{line}{ratios}", flush=True)


if __name__ == "__main__":
    main()
