"""The engine alone: rows a second of `step`, without streams, for the traffic indicators and for plain folds.

Run: `python -m benchmarks.bench_engine`. CPU seconds of this process, so that neighbours count less.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ioc.packs.bundle import build
from metrics.column import Column
from metrics.compiler import compile
from metrics.definition import load
from metrics.engine import absorb, initial, step
from metrics.observation import Batch

ENTITIES = 1_000
ROWS = 65_536
BATCHES = 60
START = 1_764_000_000_000 // 300_000 * 300_000
MEASURES = {
    "n": {"agg": "count"},
    "mean": {"agg": "mean", "field": "speed"},
    "top": {"agg": "max", "field": "speed"},
}


def plain() -> dict[str, Any]:
    """Three measures over one source: count, mean and max of a minute."""
    fields = {"time": {"type": "time"}, "road": {"type": "text"}, "speed": {"type": "decimal", "scale": 2}}
    source = {"kind": "readings", "time": "time", "entity": "road", "disorder": "5s", "lateness": "10m"}
    indicator = {
        "id": "B", "source": "traffic", "window": {"kind": "tumbling", "size": "1m"}, "formula": "n + mean + top",
        "measures": MEASURES,
    }  # fmt: skip
    return {"v": 1, "sources": {"traffic": {**source, "fields": fields}}, "indicators": [indicator]}


def traffic() -> dict[str, Any]:
    """T1, T2 and T3 of the shipped pack over 1,000 roads."""
    bundle = build()
    roads = bundle["registries"]["roads"]
    bundle["registries"]["roads"] = [dict(roads[at % len(roads)], id=f"R{at}") for at in range(ENTITIES)]
    bundle["indicators"] = [table for table in bundle["indicators"] if table["id"] in ("T1", "T2", "T3")]
    return bundle


def batches(shuffled: bool) -> list[Batch]:
    """Readings each second; shuffled ones lie up to 2 s out of order."""
    rng = np.random.default_rng(440303)
    entities = [f"R{at}" for at in range(ENTITIES)]
    made = []
    for count in range(BATCHES):
        row = np.arange(count * ROWS, (count + 1) * ROWS)
        if shuffled:
            row = row[np.argsort(row + rng.integers(0, 2 * ENTITIES, ROWS), kind="stable")]
        speed = rng.integers(0, 9_000, ROWS)
        fields = {"speed": Column(speed, speed > 50, 2), "vehicles": Column(rng.integers(0, 40, ROWS), None, 0)}
        entity = (row % ENTITIES).astype(np.int32)
        made.append(Batch("traffic", START + row // ENTITIES * 1_000, entity, entities, fields))
    return made


def rate(bundle: Mapping[str, Any], given: list[Batch], publish_every: int) -> float:
    """Rows a CPU second; the first batch, which meets every entity for the first time, is left out."""
    state = initial(compile(load(bundle)))
    step(state, given[:1], int(given[0].time.max()))
    began = time.process_time()
    for count, batch in enumerate(given[1:], 1):
        (step if count % publish_every == 0 else absorb)(state, [batch], int(batch.time.max()))
    return (len(given) - 1) * ROWS / (time.process_time() - began)


def main() -> None:
    in_order, shuffled = batches(shuffled=False), batches(shuffled=True)
    print(f"{ENTITIES} entities, batches of {ROWS} rows, M rows per CPU second")
    for name, bundle in (("count, mean, max", plain()), ("T1, T2, T3", traffic())):
        for form, given in (("in order", in_order), ("shuffled", shuffled)):
            every, eighth = rate(bundle, given, 1), rate(bundle, given, 8)
            print(f"{name:18} {form:9} published each batch {every / 1e6:5.1f}   each 8th {eighth / 1e6:5.1f}")


if __name__ == "__main__":
    main()
