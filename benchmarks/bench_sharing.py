"""The cost of indicators over the same measures, and of series: CPU time of the engine by their number.

Run: `python -m benchmarks.bench_sharing`. A second of readings of every series, then one step, for 30 s of event time;
the indicators are formulas with thresholds over the same three measures. CPU seconds of this process.
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
SECONDS = 30
READINGS_A_SECOND = 100_000
COUNTS = (1, 2, 10, 50, 100, 150, 300)
SERIES = (100, 1_000, 10_000, 50_000)
MOST = 1_000_000  # indicators x series in one run: beyond, what is said outgrows what comes in


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


def batches(series: int) -> list[Batch]:
    """A second of readings each: every series in turn."""
    rng = np.random.default_rng(440303)
    entities = [f"R{at}" for at in range(series)]
    made = []
    for second in range(SECONDS):
        row = np.arange(second * READINGS_A_SECOND, (second + 1) * READINGS_A_SECOND)
        # A series that speaks several times in a second does so at different milliseconds.
        times = START + second * 1_000 + (row - second * READINGS_A_SECOND) * 1_000 // READINGS_A_SECOND
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
    print(f"{READINGS_A_SECOND} readings and one step a second; ms of CPU a second of event time, by indicators")
    print(f"{'series':>8}" + "".join(f"{count:>9}" for count in COUNTS) + "   300/150")
    for series in SERIES[1:2] if quick else SERIES:
        given = batches(series)
        costs = {count: seconds(count, given) * 1_000 for count in COUNTS}
        line = "".join(f"{costs[count]:9.1f}" for count in COUNTS)
        print(f"{series:>8}{line}   {costs[300] / costs[150]:.2f}", flush=True)


if __name__ == "__main__":
    main()
