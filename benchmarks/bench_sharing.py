"""The cost of indicators over the same measures, and of series: CPU time of the engine by their number.

Run: `python -m benchmarks.bench_sharing [--quick]`. A second of readings of all series, then one step, again and again;
the indicators are formulas with thresholds over the same three measures. CPU seconds of this process, engine alone:
reading and decoding the stream, which no number of indicators changes, comes on top.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from metrics.column import Column
from metrics.definition import load
from metrics.engine import initial, step
from metrics.observation import Batch
from metrics.plan import compile

START = 1_764_000_000_000 // 60_000 * 60_000
LOADS = ((100_000, 30), (1_000_000, 12))  # readings a second, and seconds
COUNTS = (1, 2, 10, 50, 100, 150, 300)
SERIES = (100, 1_000, 10_000, 50_000)


def bundle(indicators: int) -> dict[str, Any]:
    """Formulas over count, mean and max of a minute: by district only, so that what is said stays small."""
    fields = {"time": {"type": "time"}, "road": {"type": "text"}, "speed": {"type": "decimal", "scale": 2}}
    source = {"kind": "readings", "time": "time", "entity": "road", "disorder": "5s", "lateness": "1m"}
    road = {"agg": "mean", "field": "speed", "per": ["entity"]}
    tables = [
        {
            "id": f"B{at}", "source": "traffic", "window": {"kind": "tumbling", "size": "1m"},
            "formula": f"(n + mean) / {at + 1} + slow", "direction": "down",
            "thresholds": {"yellow": 5 + at, "red": 50 + at},
            "measures": {
                "n": {"agg": "count"}, "mean": {"agg": "mean", "field": "speed"},
                "slow": {**road, "having": "value < 30", "then": "count"},
            },
        }
        for at in range(indicators)
    ]  # fmt: skip
    return {"v": 1, "sources": {"traffic": {**source, "fields": fields}}, "indicators": tables}


def batches(series: int, per_second: int, seconds_: int) -> list[Batch]:
    """A second of readings each: every series in turn."""
    rng = np.random.default_rng(440303)
    entities = [f"R{at}" for at in range(series)]
    made = []
    for second in range(seconds_):
        row = np.arange(second * per_second, (second + 1) * per_second)
        # A series that speaks several times in a second does so at different milliseconds.
        times = START + second * 1_000 + (row - second * per_second) * 1_000 // per_second
        speed = Column(rng.integers(0, 9_000, len(row)), None, 2)
        made.append(Batch("traffic", times, (row % series).astype(np.int32), entities, {"speed": speed}))
    return made


def seconds(indicators: int, given: list[Batch]) -> float:
    """CPU seconds of a second of event time; the first one, which meets every series, is left out."""
    state = initial(compile(load(bundle(indicators))))
    step(state, given[:1], int(given[0].time.max()))
    began = time.process_time()
    for batch in given[1:]:
        step(state, [batch], int(batch.time.max()))
    return (time.process_time() - began) / (len(given) - 1)


def main() -> None:
    quick = "--quick" in sys.argv
    print("one step a second; ms of CPU a second of event time by number of indicators, and the cost of doubling them")
    for per_second, seconds_ in LOADS:
        print(f"{per_second:,} readings a second")
        print(f"{'series':>8}" + "".join(f"{count:>8}" for count in COUNTS) + "    1->2  50->100  150->300")
        for series in SERIES[1:2] if quick else SERIES:
            given = batches(series, per_second, seconds_)
            cost = {count: seconds(count, given) * 1_000 for count in COUNTS}
            line = "".join(f"{cost[count]:8.1f}" for count in COUNTS)
            ratios = f"{cost[2] / cost[1]:8.2f}{cost[100] / cost[50]:9.2f}{cost[300] / cost[150]:10.2f}"
            print(f"{series:>8}{line}{ratios}", flush=True)


if __name__ == "__main__":
    main()
