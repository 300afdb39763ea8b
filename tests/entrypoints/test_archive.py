"""`ioc archive` as a process: health, heartbeat, a clean end, and what it says when the disk is full."""

from __future__ import annotations

import http.client
import json
import os
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from metrics import keys
from tests.centre import ROOT, free_ports
from tests.conftest import ValkeyServer, wait_until
from tests.metrics.archive_world import archived_places, observed
from tests.metrics.worker_world import NOON, open_world, send_plain

pytestmark = pytest.mark.service


class Process:
    """`ioc archive` on a server and data directory of its own."""

    def __init__(self, url: str, home: Path) -> None:
        (self.port,) = free_ports(1)
        self.home = home
        self.environment = {**os.environ, "IOC_REDIS_URL": url, "IOC_DATA_DIR": str(home), "IOC_ARCHIVE_PART_S": "0.1",
                            "IOC_ARCHIVE_KEEP_S": "0.2", "IOC_ARCHIVE_HEALTH_PORT": str(self.port)}  # fmt: skip
        self.output = home / "out"
        home.mkdir(exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ioc.entrypoints.cli", "archive"], cwd=ROOT, env=self.environment,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def ready(self) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def metrics(self) -> str:
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5).read().decode()


@pytest.fixture
def process(valkey_server: ValkeyServer, tmp_path: Path) -> Iterator[Process]:
    started = Process(valkey_server.url, tmp_path / "data")
    yield started
    if started.process.poll() is None:
        started.process.kill()
    started.process.wait()


def beat(client: redis.Redis) -> dict[str, Any]:
    raw: Any = client.hget(keys.HEARTBEATS, "archive")
    return json.loads(raw) if raw else {}


def test_it_archives_beats_rolls_up_and_ends_cleanly(valkey_server: ValkeyServer, process: Process) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    wait_until(lambda: process.ready()[0] == 200, "it is ready")
    assert process.ready()[1]["checks"] == {"valkey": True, "disk": True, "streams": True, "keeping": True}
    send_plain(client, [(NOON, "LH001", 1), (NOON + 1, "LH002", 2)])
    wait_until(lambda: beat(client).get("rows") == 2, "the heartbeat counts the rows")
    assert beat(client)["state"] == "writing"
    assert "ioc_archive_rows_total 2.0" in process.metrics()
    process.process.terminate()
    assert process.process.wait(15) == 0, process.output.read_text()
    assert observed(process.home / "archive") == [(NOON, "LH001", 1), (NOON + 1, "LH002", 2)]
    assert archived_places(process.home / "archive", "values") == []


def test_a_second_one_on_the_same_data_directory_is_refused(valkey_server: ValkeyServer, process: Process) -> None:
    wait_until(lambda: process.ready()[0] == 200, "the first one is ready")
    second = Process(valkey_server.url, process.home)
    assert second.process.wait(20) == 1
    assert "another archiver writes here" in second.output.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set on Linux only")
def test_a_full_disk_shows_in_readiness_heartbeat_and_metrics_until_there_is_room(
    valkey_server: ValkeyServer, process: Process
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    wait_until(lambda: process.ready()[0] == 200, "it is ready")
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    send_plain(client, [(NOON, "LH001", 1)])
    wait_until(lambda: process.ready()[1]["checks"]["disk"] is False, "readiness says it")
    assert process.ready()[0] == 503
    wait_until(lambda: beat(client)["state"] == "disk", "the heartbeat says it")
    assert "File too large" in beat(client)["trouble"]
    assert "ioc_archive_disk_refuses 1.0" in process.metrics()
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: process.ready()[0] == 200, "it is well again")
    wait_until(lambda: beat(client)["rows"] == 1, "the row is archived")


def test_without_a_data_bus_it_says_what_to_do(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "archive"], cwd=ROOT, capture_output=True, text=True, timeout=30,
        env={**os.environ, "IOC_DATA_DIR": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "IOC_REDIS_URL" in result.stderr
