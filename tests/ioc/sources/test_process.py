"""`ioc source` and `ioc replay` as processes, on the embedded Valkey with the rights of their user and no more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis

from ioc.entrypoints import valkey
from ioc.entrypoints.source import UnknownSource, choose, makers
from ioc.packs.bundle import build
from ioc.settings import Settings
from metrics import keys
from metrics.codec import decode
from metrics.contract import Contract
from metrics.definition import load
from tests.conftest import wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def admin(settings: Settings) -> Iterator[redis.Redis]:
    """A client that may look at everything, of the embedded server of `settings`."""
    configuration = valkey.prepare(settings)
    environment = {**os.environ, "IOC_PARENT_PID": str(os.getpid())}
    server = subprocess.Popen([sys.executable, "-m", "ioc.entrypoints.valkey", str(configuration)], env=environment)
    client = redis.Redis.from_url(valkey.connections(settings)["admin"])
    wait_until(client.ping, "the embedded Valkey answers")
    yield client
    client.close()
    server.terminate()
    server.wait(10)


def start(settings: Settings, *command: str, **variables: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "IOC_DATA_DIR": str(settings.data_dir), "IOC_SOURCE_HEALTH_PORT": "0", **variables}
    return subprocess.Popen(
        [sys.executable, "-m", "ioc.entrypoints.cli", *command], env=environment, stderr=subprocess.PIPE
    )


def entries(client: redis.Redis, world: str, source: str) -> list[list[object]]:
    found = client.xrange(keys.observations(world, source))
    return [[entry_id, [part for pair in fields.items() for part in pair]] for entry_id, fields in found]


def admitted(client: redis.Redis, world: str, source: str, variant: Mapping[str, str]) -> tuple[int, list[object]]:
    """Rows that the source's own contract takes, and what it rejects."""
    contract = Contract.from_source(load(build()).for_world(variant).sources[source])
    decoded = decode(entries(client, world, source), contract.wanted)
    assert decoded.rejects == []
    rows, rejects = 0, []
    for run in decoded.runs:
        admission = contract.admit(run, 4_000_000_000_000)
        rows += admission.batch.rows if admission.batch else 0
        rejects += admission.letters
    return rows, rejects


@pytest.mark.service
def test_both_sources_feed_their_streams_and_their_contracts_take_every_row(
    settings: Settings, admin: redis.Redis
) -> None:
    process = start(settings, "source", "cloud", "traffic")
    try:
        wait_until(lambda: entries(admin, "live", "cloud"), "the cloud source feeds")
        wait_until(lambda: admin.hget(keys.HEARTBEATS, "source"), "the process has a heartbeat")
        beat = lambda: json.loads(admin.hget(keys.HEARTBEATS, "feed:live:traffic") or "{}")  # noqa: E731
        wait_until(lambda: beat().get("state") == "live", "the past day of traffic is there")
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 0, said.decode()
    rows, rejects = admitted(admin, "live", "traffic", {})
    assert rejects == []
    assert rows > 26 * 120 * len(build()["registries"]["roads"]) - 100
    rows, rejects = admitted(admin, "live", "cloud", {})
    assert rejects == []
    assert rows >= 2
    assert admin.hgetall(keys.origins("live")) == {b"traffic": b"simulated", b"cloud": b"real"}


@pytest.mark.service
def test_the_source_process_tells_its_health(settings: Settings, admin: redis.Redis) -> None:
    process = start(settings, "source", "cloud")
    try:
        assert process.stderr is not None
        started = next(json.loads(line) for line in process.stderr if b"sources_running" in line)
        address = f"http://127.0.0.1:{started['health_port']}"
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            assert json.load(answer) == {"process": "source", "checks": {"valkey": True}}

        def written() -> bool:
            with urllib.request.urlopen(f"{address}/metrics") as answer:
                lines = answer.read().decode().splitlines()
            return any(line.startswith('ioc_feed_rows_total{source="cloud"} ') and line[-2:] != " 0" for line in lines)

        wait_until(lambda: written() and entries(admin, "live", "cloud"), "rows are counted")
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.service
def test_a_whole_recording_of_luohu_at_high_speed_is_taken_by_its_contract(
    settings: Settings, admin: redis.Redis, shared_data: Path
) -> None:
    file = shared_data / "luohu_roads" / "speed_2015-01-01_to_24.csv"
    process = start(settings, "replay", str(file), "--speed", "1000000")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()
    assert admitted(admin, "replay", "traffic", {"traffic": "recorded"}) == (92_160, [])


@pytest.mark.service
def test_below_a_supervisor_a_replay_that_has_ended_stays_and_says_so(
    settings: Settings, admin: redis.Redis, tmp_path: Path
) -> None:
    file = tmp_path / "short.csv"
    file.write_text("date,90217\n1/1/2015 0:00,12\n", encoding="utf-8")
    process = start(settings, "replay", str(file), IOC_PARENT_PID=str(os.getpid()))
    beat = lambda: json.loads(admin.hget(keys.HEARTBEATS, "feed:replay:traffic") or "{}")  # noqa: E731
    wait_until(lambda: beat().get("state") == "ended", "the replay has ended")
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_source_that_cannot_be_run_is_named_with_those_that_can(settings: Settings) -> None:
    with pytest.raises(UnknownSource, match="no source 'cloudy'; known: cloud, traffic, city, connectors"):
        choose(["cloudy"], makers(settings, build()))


@pytest.mark.service
def test_a_connector_feeds_its_source_and_status_shows_it(settings: Settings, admin: redis.Redis) -> None:
    settings.data_dir.joinpath("connectors.toml").write_text('[cap.files]\nfolder = "cap"\norigin = "recorded"\n')
    folder = settings.data_dir / "cap"
    folder.mkdir()
    (folder / "bad.xml").write_text("<alert/>")
    process = start(settings, "source", "connectors")
    try:
        wait_until((folder / "failed" / "bad.xml").exists, "the file has been looked at")
        wait_until(lambda: admin.xlen(keys.observations("live", "warning")) == 1, "its letter is on the bus")
        wait_until(lambda: b'"unread": 1' in (admin.hget(keys.HEARTBEATS, "feed:live:warning") or b""), "a heartbeat")
        assert process.stderr is not None
        port = next(json.loads(line)["health_port"] for line in process.stderr if b"sources_running" in line)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b'ioc_connector_unread_total{connector="files",source="warning"} 1.0' in answer.read()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert admin.hget(keys.origins("live"), "warning") == b"recorded"
    shown = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "status"],
        env={**os.environ, "IOC_DATA_DIR": str(settings.data_dir)}, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    [told] = [line for line in shown.splitlines() if "files" in line]
    assert "cap" in told
    assert "accepted=0 rejected=0 unread=1" in told


@pytest.mark.service
def test_a_connector_does_not_make_simulated_rows_real(settings: Settings, admin: redis.Redis) -> None:
    admin.hset(keys.origins("live"), "warning", "simulated")
    admin.xadd(keys.observations("live", "warning"), {"k": "1"})
    settings.data_dir.joinpath("connectors.toml").write_text('[cap.files]\nfolder = "cap"\n')
    (settings.data_dir / "cap").mkdir()
    (settings.data_dir / "cap" / "bad.xml").write_text("<alert/>")
    process = start(settings, "source", "connectors")
    assert process.stderr is not None
    try:
        line = next(text for text in process.stderr if b"feed_waits" in text)
        assert "不能改称 real" in line.decode()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert admin.hget(keys.origins("live"), "warning") == b"simulated"
    assert admin.xlen(keys.observations("live", "warning")) == 1


def test_a_wrong_connectors_file_ends_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "connectors.toml").write_text("[cap.met]\n")
    done = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "source", "connectors"],
        env={**os.environ, "IOC_DATA_DIR": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "connectors.toml:cap.met" in done.stderr) == (2, True)
