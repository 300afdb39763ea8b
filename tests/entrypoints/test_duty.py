"""`ioc duty` as a process: healthy, waiting for what is away, done where it was killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import func, select

from ioc.queries.audit import verify
from ioc.services import outbox
from ioc.store import schema
from ioc.store.alarm_tables import AlarmFloodRow, AlarmRow, AlarmStepRow
from ioc.store.unit import Store
from metrics import keys
from metrics.clock import real_ms
from tests.centre import ROOT, free_ports
from tests.conftest import ValkeyServer, wait_until
from tests.ioc.services.alarming import T0, event

pytestmark = pytest.mark.service


class Process:
    """`ioc duty` on a server and data directory of its own."""

    def __init__(self, url: str, home: Path) -> None:
        (self.port,) = free_ports(1)
        home.mkdir(exist_ok=True)
        self.environment = {
            **os.environ, "IOC_REDIS_URL": url, "IOC_DATA_DIR": str(home), "IOC_DUTY_HEALTH_PORT": str(self.port),
        }  # fmt: skip
        self.output = home / "out"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ioc.entrypoints.cli", "duty"], cwd=ROOT, env=self.environment,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def ready(self) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    found = Store(f"sqlite:///{home}/ioc.sqlite3")
    schema.upgrade(found)
    yield found
    found.close()


def put(store: Store, entity: str) -> None:
    with store.write() as unit:
        outbox.put(unit, "live", "incident", entity, T0, {"level": 1}, T0)


def test_it_is_ready_beats_and_brings_records_to_the_bus_and_waits_for_a_frozen_one(
    valkey_server: ValkeyServer, home: Path, store: Store
):
    client = redis.Redis.from_url(valkey_server.url)
    process = Process(valkey_server.url, home)
    try:
        wait_until(lambda: process.ready()[0] == 200, "ready", 30)
        put(store, "a")
        wait_until(lambda: client.xlen(keys.observations("live", "incident")) == 1, "brought")
        beat: Any = client.hget(keys.HEARTBEATS, "duty")
        assert json.loads(beat)["state"] == "keeping"
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=5).read().decode()
        assert 'ioc_duty_done_total{keeper="outbox"}' in metrics
        valkey_server.freeze()
        put(store, "b")
        wait_until(lambda: process.ready()[0] == 503, "it says that it waits")
        valkey_server.thaw()
        wait_until(lambda: client.xlen(keys.observations("live", "incident")) >= 2, "brought after the frost")
        wait_until(lambda: process.ready()[0] == 200, "ready again")
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(10) == 0, process.output.read_text()
    finally:
        process.end()


def test_killed_again_and_again_while_alarms_pour_in_it_loses_none_and_takes_none_twice(
    valkey_server: ValkeyServer, home: Path, store: Store
):
    client = redis.Redis.from_url(valkey_server.url)
    total = 4_000
    stream = keys.engine("live", "alarms")
    begin = real_ms() - total  # they begin now: what began long ago is no flood
    events = [event(dims=(("点", str(at)),), at=begin + at).to_json() for at in range(total)]

    def taken() -> int:
        with store.read() as unit:
            return unit.scalar(select(func.count()).select_from(AlarmRow)) or 0

    for start in range(0, total, 2_000):
        with client.pipeline(transaction=False) as pipe:
            for text in events[start : start + 2_000]:
                pipe.xadd(stream, {"v": 1, "e": text})
            pipe.execute()
        before = taken()
        process = Process(valkey_server.url, home)
        try:
            wait_until(lambda before=before: taken() > before, "it takes alarms in", 60)
        finally:
            process.end()  # SIGKILL, most likely within the next transaction
    process = Process(valkey_server.url, home)
    try:
        wait_until(lambda: taken() == total, "all are taken in", 60)
    finally:
        process.end()
    with store.read() as unit:
        raised = unit.scalar(select(func.count()).select_from(AlarmStepRow).where(AlarmStepRow.signal == "raise"))
        aside = unit.scalar(select(func.count()).select_from(AlarmStepRow).where(AlarmStepRow.signal == "shelve"))
        floods = unit.scalars(select(AlarmFloodRow)).all()
    assert (raised, aside, len(floods)) == (total, total, 1)
    assert verify(store)[1] == []
