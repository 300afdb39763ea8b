"""One run of the real worker: from its start until the value of the last reading is published, checked."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis

from benchmarks.definitions import Definitions
from benchmarks.readings import NAMES, end_of, within
from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.codec import decode
from metrics.stream import Reader
from metrics.value_form import unpack_values
from metrics.worker import Worker
from metrics.world import World

WORLD = "bench"
STREAM = keys.observations(WORLD, "traffic")
KEPT_DB = 1
LATER_MS = 5_000  # by how much the world's clock is ahead of the newest reading: its windows have passed


@dataclass(frozen=True)
class Run:
    """What a run took. `core_s`: CPU of the worker's process; `commit_s`: from preparing commits to their answers;
    `archived_s`: until the archive held the last reading too."""

    rows: int
    elapsed_s: float
    core_s: float
    commit_s: float
    commits: int
    values: int
    archived_s: float = 0.0

    @property
    def rate(self) -> float:
        """Readings a second."""
        return self.rows / self.elapsed_s

    @property
    def commit_share(self) -> float:
        """Of the whole time, in percent."""
        return 100 * self.commit_s / self.elapsed_s


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread or process does."""
    while not condition():
        time.sleep(0.005)


def keep(url: str, form: str, fill: Callable[[redis.Redis, str], None]) -> None:
    """Fill a stream once, in a database of the server beside the one that is used; `restore` copies it from there."""
    fill(redis.Redis.from_url(url, db=KEPT_DB), form)


def restore(url: str, form: str, key: str) -> redis.Redis:
    """The database with nothing in it but a kept stream, under the name `key`."""
    client = redis.Redis.from_url(url)
    client.flushdb()
    assert redis.Redis.from_url(url, db=KEPT_DB).copy(form, key, destination_db=0)
    return client


def prepare(url: str, definitions: Definitions, form: str, rows: int) -> redis.Redis:
    """A kept stream of so many readings, definitions in force, and a world that nobody serves yet."""
    client = restore(url, form, STREAM)
    client.set(keys.BUNDLE, json.dumps(definitions.bundle))
    clock = WorldClock(end_of(rows) + LATER_MS, real_ms(), 1.0)
    client.hset(keys.WORLDS, WORLD, World(WORLD, "replay", clock, started_ms=1).to_json())
    return client


def serve(
    client: redis.Redis, url: str, definitions: Definitions, rows: int, *, commit_ms: int = 1000,
    beside: Callable[[], Callable[[], object]] | None = None,
) -> Run:  # fmt: skip
    """Run the worker over a prepared server. `beside` starts something with it and returns what to wait for at the
    end. Raises AssertionError when a published value is wrong."""
    worker, stop = Worker(url, commit_ms, [WORLD]), threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    last_line = definitions.line + NAMES[(rows - 1) % len(NAMES)]
    last_end = (end_of(rows) - 1) // definitions.every_ms * definitions.every_ms + definitions.every_ms

    def published() -> bool:
        raw: Any = client.hget(keys.engine(WORLD, "feeds"), "traffic")
        if not raw or f'"rows": {rows},' not in raw.decode():
            return False
        newest: Any = client.hget(keys.engine(WORLD, "latest"), last_line)
        return bool(newest) and unpack_values(newest)[0].window_end >= last_end

    start, cpu = time.perf_counter(), time.process_time()
    with contextlib.ExitStack() as stack:
        stack.callback(thread.join)
        stack.callback(stop.set)
        thread.start()
        finished = beside() if beside is not None else None
        until(published)
        elapsed, used, told = time.perf_counter() - start, time.process_time() - cpu, worker.tally
        values = sum(serving.values for serving in worker.servings.values())
        run = Run(rows, elapsed, used, told.commit_s, told.commits, values)
        if finished is not None:
            finished()
            run = Run(**{**vars(run), "archived_s": time.perf_counter() - start})
    check(client, definitions, rows)
    return run


def check(client: redis.Redis, definitions: Definitions, rows: int) -> None:
    """The newest value of every road counts exactly the readings of its window."""
    latest: Any = client.hgetall(keys.engine(WORLD, "latest"))
    for code, road in enumerate(NAMES):
        (value,) = unpack_values(latest[(definitions.line + road).encode()])
        expected = within(value.window_start, value.window_end, code, rows)
        assert value.samples == expected, f"{road}: {value.samples} readings counted, {expected} sent"


def floor(url: str, form: str, rows: int) -> float:
    """Bare XREAD of a kept stream with the same reader, and decoding to columns, readings a second."""
    restore(url, form, key := "floor")
    reader = Reader(redis.Redis.from_url(url, protocol=2))
    wanted, place, seen = frozenset({"t", "k", "speed", "vehicles"}), "0-0", 0
    start = time.perf_counter()
    reader.ask({key: place})
    while seen < rows:
        ((_, entries),) = reader.take(10.0) or [(key, [])]
        place = entries[-1][0].decode()
        reader.ask({key: place})
        seen += sum(run.rows for run in decode(entries, wanted).runs)
    elapsed = time.perf_counter() - start
    reader.close()
    return rows / elapsed
