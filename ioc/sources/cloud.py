"""The cloud source: the machine's own load, the centre's own processes and Valkey's own figures, every two seconds."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
import redis

from ioc.sources.feed import Feed
from ioc.sources.rows import Rows, fixed, rows_of, whole
from metrics import keys
from metrics.clock import real_ms
from metrics.codec import coded
from metrics.world import Origin

PERIOD_MS = 2_000  # as declared in packs/operations/sources.toml
FRESH_MS = 10_000  # a heartbeat older than this names a process that may be gone, and its number may be another's
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """Shares in percent; `load1` is the run queue of the last minute per core, None where the system has none."""

    cpu_pct: float
    memory_pct: float
    disk_pct: float
    load1: float | None


@dataclass(frozen=True, slots=True)
class Valkey:
    memory_mb: float
    ops_per_s: int
    clients: int


class Cloud:
    """Runs until stopped; `disk` is a path on the disk that matters (the data directory)."""

    origin: Origin = "real"

    def __init__(self, disk: Path) -> None:
        self._disk = disk

    def run(self, feed: Feed, stop: threading.Event) -> None:
        """Sample on whole even seconds, whatever a sample took; a sample missed is missed."""
        psutil.cpu_percent()  # the first call has nothing to compare with
        # its own connection: looking must not wait behind the feed's writing
        client = redis.Redis(connection_pool=redis.ConnectionPool(**_settings(feed)))
        while not stop.wait(_until_next(real_ms()) / 1000):
            at = real_ms() // PERIOD_MS * PERIOD_MS
            valkey: Valkey | None = None
            processes: dict[str, float] = {}
            with suppress(redis.RedisError, OSError):  # it is away: the machine's own figures go on
                valkey, processes = read_valkey(client), read_processes(client, real_ms())
            if not feed.put(sample(at, read_machine(self._disk), processes, valkey), stop):
                return


def sample(at_ms: int, machine: Machine, processes: Mapping[str, float], valkey: Valkey | None) -> Rows:
    """One instant: a row for the machine, one per process (name -> resident MB) and one for Valkey if it answers."""
    names = list(processes)
    behind: int = len(names) + (valkey is not None)
    own, ahead = [None] * behind, [None] * (1 + len(names))
    after = [None] * (valkey is not None)
    figures = [valkey] if valkey is not None else []
    return rows_of(
        at_ms,
        ["machine", *(f"process:{name}" for name in names), *("valkey" for _ in figures)],
        {
            "process": coded([None, *names, *after]),
            "cpu_pct": fixed([machine.cpu_pct, *own], 2),
            "memory_pct": fixed([machine.memory_pct, *own], 2),
            "disk_pct": fixed([machine.disk_pct, *own], 2),
            "load1": fixed([machine.load1, *own], 3),
            "rss_mb": fixed([None, *(processes[name] for name in names), *after], 1),
            "valkey_mb": fixed([*ahead, *(figure.memory_mb for figure in figures)], 1),
            "ops_per_s": whole([*ahead, *(figure.ops_per_s for figure in figures)]),
            "clients": whole([*ahead, *(figure.clients for figure in figures)]),
        },
    )


def read_machine(disk: Path) -> Machine:
    """What psutil says; CPU since the last call."""
    try:
        load: float | None = os.getloadavg()[0] / (psutil.cpu_count() or 1)
    except OSError:
        load = None
    return Machine(
        min(100.0, psutil.cpu_percent()), psutil.virtual_memory().percent, psutil.disk_usage(str(disk)).percent, load
    )


def read_valkey(client: redis.Redis) -> Valkey:
    """Valkey's own figures. Raises RedisError."""
    info = client.info()
    return Valkey(info["used_memory"] / MB, int(info["instantaneous_ops_per_sec"]), int(info["connected_clients"]))


def read_processes(client: redis.Redis, now_ms: int) -> dict[str, float]:
    """Process -> resident memory, MB, of those with a fresh heartbeat, with their descendants that have none.

    Heartbeats of feeds are not processes. A process of another machine, or one that is gone, is left out.
    """
    beats = cast("dict[bytes, bytes]", client.hgetall(keys.HEARTBEATS))
    pids: dict[int, str] = {}
    for name, text in sorted(beats.items()):
        fact = json.loads(text)
        if not name.startswith(b"feed:") and now_ms - int(fact.get("at", 0)) < FRESH_MS and "pid" in fact:
            pids.setdefault(int(fact["pid"]), name.decode())
    memory: dict[str, float] = {}
    for pid, process in pids.items():
        with suppress(psutil.Error):
            memory[process] = sum(_resident(member) for member in _family(psutil.Process(pid), pids)) / MB
    return memory


def _family(process: psutil.Process, others: Mapping[int, str]) -> Iterator[psutil.Process]:
    """The process and its descendants, without those that speak for themselves (and their descendants)."""
    yield process
    for child in process.children():
        if child.pid not in others:
            yield from _family(child, others)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:  # ended while we looked
        return 0


def _until_next(now_ms: int) -> int:
    return PERIOD_MS - now_ms % PERIOD_MS


def _settings(feed: Feed) -> dict[str, Any]:
    pool = feed.client.connection_pool
    return {"connection_class": pool.connection_class, **pool.connection_kwargs}
