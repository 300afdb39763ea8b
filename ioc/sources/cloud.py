"""The cloud source: the machine, the centre's processes, Valkey, and what feeds have missed, every two seconds."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import psutil
import redis

from ioc.sources.feed import Feed
from ioc.sources.gaps import Missed, read_gaps
from ioc.sources.rows import Rows, fixed, rows_of, whole
from metrics import keys
from metrics.clock import real_ms
from metrics.codec import coded
from metrics.world import Origin

PERIOD_MS = 2_000  # as declared in packs/operations/sources.toml
FRESH_MS = 10_000  # a heartbeat older than this names a process that may be gone, and its number may be another's
MB = 1_000_000
SCALES = {"cpu_pct": 2, "memory_pct": 2, "disk_pct": 2, "load1": 3, "rss_mb": 1, "valkey_mb": 1}  # as declared there
NO_GAPS: Mapping[str, Missed] = MappingProxyType({})


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
            gaps: dict[str, Missed] = {}
            with suppress(redis.RedisError, OSError):  # it is away: the machine's own figures go on
                valkey, processes = read_valkey(client), read_processes(client, real_ms())
                gaps = read_gaps(client, real_ms())
            if not feed.put(sample(at, read_machine(self._disk), processes, valkey, gaps), stop):
                return


def sample(
    at_ms: int,
    machine: Machine,
    processes: Mapping[str, float],
    valkey: Valkey | None,
    gaps: Mapping[str, Missed] = NO_GAPS,
) -> Rows:
    """One instant: a row for the machine, one per process (name -> resident MB), one for Valkey if it answers, and one
    per feed."""
    rows: dict[str, dict[str, Any]] = {"machine": asdict(machine)}
    rows |= {f"process:{name}": {"process": name, "rss_mb": resident} for name, resident in processes.items()}
    if valkey is not None:
        rows["valkey"] = {"valkey_mb": valkey.memory_mb, "ops_per_s": valkey.ops_per_s, "clients": valkey.clients}
    rows |= {f"feed:{name}": {"feed": name, "gaps": one.gaps, "missing": one.missing} for name, one in gaps.items()}

    def cells(name: str) -> list[Any]:
        return [row.get(name) for row in rows.values()]

    return rows_of(
        at_ms,
        list(rows),
        {name: coded(cells(name)) for name in ("process", "feed")}
        | {name: fixed(cells(name), scale) for name, scale in SCALES.items()}
        | {name: whole(cells(name)) for name in ("ops_per_s", "clients", "gaps", "missing")},
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
    """Process -> resident memory, MB, of those with a fresh heartbeat and of the children that the supervisor names,
    each with its descendants that have no name of their own: Valkey is no part of the supervisor.

    Heartbeats of feeds are not processes. A process of another machine, or one that is gone, is left out.
    """
    beats = cast("dict[bytes, bytes]", client.hgetall(keys.HEARTBEATS))
    pids: dict[int, str] = {}
    for name, text in sorted(beats.items()):
        fact = json.loads(text)
        if name.startswith(b"feed:") or now_ms - int(fact.get("at", 0)) >= FRESH_MS:
            continue
        if "pid" in fact:
            pids.setdefault(int(fact["pid"]), name.decode())
        for child, about in fact.get("children", {}).items():
            if about.get("alive") and about.get("pid"):
                pids.setdefault(int(about["pid"]), child)
    memory: dict[str, float] = {}
    for pid, process in pids.items():
        with suppress(psutil.Error):
            own = sum(_resident(member) for member in _family(psutil.Process(pid), pids)) / MB
            memory[process] = memory.get(process, 0.0) + own  # a server and its worker are one
    return memory


def _family(process: psutil.Process, others: Mapping[int, str]) -> Iterator[psutil.Process]:
    """The process and its descendants, without those that have a name (and their descendants)."""
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
