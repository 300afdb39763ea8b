"""A world on a real server, served by a real worker, and what it must come to: a pandas computation over all rows."""

from __future__ import annotations

import ctypes
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import redis

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.codec import RawColumn, coded, pack
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.worker import Worker
from metrics.world import World

ROOT = Path(__file__).resolve().parents[2]
WORLD = "drill"
STREAM = keys.observations(WORLD, "traffic")
NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
MINUTE = 60_000
SOURCE = {
    "kind": "readings",
    "time": "time",
    "entity": "road",
    "period": "30s",
    "disorder": "0s",
    "lateness": "26h",
    "future": "1m",
    "fields": {
        "time": {"type": "time"},
        "road": {"type": "text"},
        "speed": {"type": "decimal", "scale": 1, "unit": "km/h", "range": [0, 150], "missing": ["0"]},
    },
}
INDICATORS = [
    {"id": "N", "source": "traffic", "window": {"kind": "tumbling", "size": "1m"}, "dimensions": ["road"],
     "formula": "n", "measures": {"n": {"agg": "count"}}},
    {"id": "S", "source": "traffic", "window": {"kind": "tumbling", "size": "1m"}, "dimensions": ["road"],
     "formula": "total", "measures": {"total": {"agg": "sum", "field": "speed"}}},
]  # fmt: skip

Row = tuple[int, str, int]  # event time ms, road, speed * 10


def bundle(indicators: Sequence[Any] = INDICATORS, digest: str = "one") -> str:
    return json.dumps({"v": 1, "hash": digest, "sources": {"traffic": SOURCE}, "indicators": list(indicators)})


def open_world(client: redis.Redis, started_ms: int = 1, name: str = WORLD, now_ms: int = NOON + 60 * MINUTE) -> None:
    """Put the definitions in force and open a world whose clock shows `now_ms` (an hour after noon) and runs."""
    client.set(keys.BUNDLE, bundle())
    world = World(name, "replay", WorldClock(now_ms, real_ms(), 1.0), started_ms=started_ms)
    client.hset(keys.WORLDS, name, world.to_json())


def send_packed(client: redis.Redis, rows: Sequence[Row], stream: str = STREAM) -> None:
    times, roads, speeds = zip(*rows, strict=True)
    columns = {
        "t": RawColumn("int", np.array(times)),
        "k": coded(roads),
        "speed": RawColumn("fixed", np.array(speeds), scale=1),
    }
    client.xadd(stream, {"p": pack(columns, len(rows))})


def send_plain(client: redis.Redis, rows: Sequence[Row], stream: str = STREAM) -> None:
    pipeline = client.pipeline(transaction=False)
    for time, road, speed in rows:
        pipeline.xadd(stream, {"t": time, "k": road, "speed": f"{speed / 10:.1f}"})
    pipeline.execute()


def rows_of_half_an_hour(seed: int, count: int) -> list[Row]:
    """Readings of 20 roads between noon and half past, each road at most once a second, shuffled within a minute."""
    draw = random.Random(seed)
    chosen = draw.sample(range(20 * 1800), count)
    rows = [(NOON + (place // 20) * 1000, f"LH{place % 20:03d}", draw.randrange(1, 1000)) for place in chosen]
    return sorted(rows, key=lambda row: row[0] + draw.randrange(MINUTE))


def closing_row() -> Row:
    """A reading so late that every window before it is complete."""
    return (NOON + 50 * MINUTE, "LH000", 500)


def oracle(rows: Sequence[Row]) -> dict[tuple[str, int], float]:
    """Count and sum per road and minute before half past, as pandas sees them; each identity once."""
    table = pd.DataFrame(rows, columns=["time", "road", "speed"]).drop_duplicates(["time", "road"])
    table = table[table.time < NOON + 30 * MINUTE]
    groups = table.groupby([table.road, table.time // MINUTE * MINUTE + MINUTE]).speed
    found = {(f"N||road={road}", int(end)): float(n) for (road, end), n in groups.count().items()}
    return found | {(f"S||road={road}", int(end)): total / 10 for (road, end), total in groups.sum().items()}


def completed(client: redis.Redis, world: str = WORLD) -> dict[tuple[str, int], Value]:
    """Of each series and window before half past the latest revision that was published as complete."""
    found: dict[tuple[str, int], Value] = {}
    for _, fields in client.xrange(keys.engine(world, "completed")):
        for value in unpack_values(fields[b"b"]):
            known = found.get((value.series, value.window_end))
            if known is None or value.revision >= known.revision:
                found[value.series, value.window_end] = value
    return {
        (series, end): value
        for (series, end), value in found.items()
        if value.value is not None and value.dims and end <= NOON + 30 * MINUTE and value.samples
    }


def numbers(client: redis.Redis, world: str = WORLD) -> dict[tuple[str, int], float]:
    return {place: value.value for place, value in completed(client, world).items() if value.value is not None}


def latest(client: redis.Redis, series: str, world: str = WORLD) -> Value | None:
    raw = client.hget(keys.engine(world, "latest"), series)
    return unpack_values(raw)[0] if raw else None


def feed(client: redis.Redis, world: str = WORLD) -> dict[str, Any]:
    raw = client.hget(keys.engine(world, "feeds"), "traffic")
    return json.loads(raw) if raw else {}


@contextmanager
def working(
    url: str, commit_ms: int = 50, worlds: Sequence[str] = (WORLD,), archive: Path | None = None
) -> Iterator[Worker]:
    """A worker in a thread of this process."""
    worker, stop = Worker(url, commit_ms, worlds, archive), threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


_CHILD = """
import sys, threading
from metrics.worker import Worker
Worker(sys.argv[1], 50, [sys.argv[2]]).run(threading.Event())
"""


def _tied() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def worker_process(url: str) -> subprocess.Popen[bytes]:
    """A worker in a process of its own, to be killed."""
    return subprocess.Popen([sys.executable, "-c", _CHILD, url, WORLD], cwd=ROOT, preexec_fn=_tied)  # noqa: PLW1509
