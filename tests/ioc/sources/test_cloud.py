"""The cloud source: what the machine, the processes and Valkey say, every two seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
import redis

from ioc.packs.bundle import build
from ioc.sources.cloud import Cloud, Machine, Valkey, read_machine, read_processes, read_valkey, sample
from ioc.sources.feed import Feed, Place
from ioc.sources.gaps import Missed
from metrics import keys
from metrics.clock import real_ms
from metrics.codec import decode
from tests.conftest import wait_until

MACHINE = Machine(cpu_pct=12.5, memory_pct=40.0, disk_pct=70.0, load1=0.25)
FIELDS = (
    "process", "cpu_pct", "memory_pct", "disk_pct", "load1", "rss_mb", "valkey_mb", "ops_per_s", "clients", "feed",
    "gaps", "missing",
)  # fmt: skip


def test_a_sample_has_a_row_for_the_machine_for_each_process_and_for_valkey() -> None:
    rows = sample(2_000, MACHINE, {"engine": 120.5, "web": 80.0}, Valkey(64.0, 900, 7))
    run = decode([[b"1-0", [b"p", rows.payload()]]], ("t", "k", *FIELDS)).runs[0]
    assert list(run.columns["k"].dictionary) == ["machine", "process:engine", "process:web", "valkey"]
    assert run.columns["t"].values.tolist() == [2_000] * 4
    assert run.columns["cpu_pct"].values.tolist()[0] == 1250
    assert run.columns["cpu_pct"].valid.tolist() == [True, False, False, False]
    assert run.columns["rss_mb"].values.tolist() == [0, 1205, 800, 0]
    assert run.columns["rss_mb"].valid.tolist() == [False, True, True, False]
    assert run.columns["process"].values.tolist() == [-1, 0, 1, -1]
    assert run.columns["ops_per_s"].values.tolist() == [0, 0, 0, 900]
    assert run.columns["ops_per_s"].valid.tolist() == [False, False, False, True]


def test_a_sample_has_a_row_for_each_feed_with_what_it_missed() -> None:
    rows = sample(2_000, MACHINE, {}, None, {"cloud": Missed(0, 0), "replay/traffic": Missed(2, 70)})
    run = decode([[b"1-0", [b"p", rows.payload()]]], ("t", "k", *FIELDS)).runs[0]
    assert list(run.columns["k"].dictionary) == ["machine", "feed:cloud", "feed:replay/traffic"]
    assert run.columns["feed"].values.tolist() == [-1, 0, 1]
    assert run.columns["gaps"].values.tolist() == [0, 0, 2]
    assert run.columns["missing"].values.tolist() == [0, 0, 70]
    assert run.columns["missing"].valid.tolist() == [False, True, True]


def test_a_sample_without_valkey_has_the_machine_alone() -> None:
    assert len(sample(2_000, MACHINE, {}, None)) == 1


def test_a_sample_has_the_fields_that_the_pack_declares() -> None:
    declared = build()["sources"]["cloud"]["fields"]
    rows = sample(2_000, MACHINE, {"engine": 1.0}, Valkey(1.0, 1, 1))
    assert set(rows.fields) == set(declared) - {"time", "probe"}
    scales = {name: column.scale for name, column in rows.fields.items() if column.kind == "fixed"}
    assert scales == {name: table["scale"] for name, table in declared.items() if table["type"] == "decimal"}


def test_the_machine_is_the_real_one(tmp_path: Path) -> None:
    machine = read_machine(tmp_path)
    assert 0 <= machine.cpu_pct <= 100
    assert machine.disk_pct == pytest.approx(psutil.disk_usage(str(tmp_path)).percent, abs=1)


def resident(without: int) -> float:
    """MB of this process and what it has started (the servers of the tests), without one of them."""
    this = psutil.Process()
    return sum(one.memory_info().rss for one in (this, *this.children(recursive=True)) if one.pid != without) / 1e6


@pytest.mark.service
def test_processes_are_found_by_their_heartbeats(redis_client: redis.Redis) -> None:
    now = real_ms()
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    def beat(name: str, pid: int, at: int = now) -> None:
        redis_client.hset(keys.HEARTBEATS, name, json.dumps({"at": at, "pid": pid}))

    try:
        beat("web", os.getpid())
        beat("engine", child.pid)
        beat("gateway", gone.pid)
        beat("source", os.getpid() + 1, now - 60_000)
        beat("feed:live:cloud", os.getpid())
        before = resident(child.pid)
        memory = read_processes(redis_client, now)
        assert set(memory) == {"web", "engine"}
        assert before * 0.8 <= memory["web"] <= resident(child.pid) * 1.2
        assert 1 < memory["engine"] < 100
    finally:
        child.communicate()


@pytest.mark.service
def test_a_child_that_the_supervisor_names_is_a_process_of_its_own_and_no_part_of_the_supervisor(
    redis_client: redis.Redis,
) -> None:
    code = (
        "import sys; held = bytearray(60_000_000); held[::4096] = b'x' * len(held[::4096]); print(); sys.stdin.read()"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    now = real_ms()
    children = {
        "valkey": {"pid": server.pid, "alive": True}, "web": {"pid": None, "alive": False},
    }  # fmt: skip
    try:
        server.stdout.readline()  # it holds its memory
        fact = {"at": now, "pid": os.getpid(), "children": children}
        redis_client.hset(keys.HEARTBEATS, "supervisor", json.dumps(fact))
        before = resident(server.pid)
        memory = read_processes(redis_client, now)
        assert set(memory) == {"supervisor", "valkey"}
        assert memory["valkey"] > 60
        assert before - 30 <= memory["supervisor"] <= resident(server.pid) + 30
    finally:
        server.communicate()


@pytest.mark.service
def test_valkeys_figures_are_its_own(redis_client: redis.Redis) -> None:
    figures = read_valkey(redis_client)
    assert figures.memory_mb > 0.5
    assert figures.clients >= 1


@pytest.mark.service
def test_samples_stand_on_whole_even_seconds_of_real_time(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    place, stop = Place("live", "cloud", "real"), threading.Event()
    began = real_ms()
    with Feed(valkey_url, place) as feed:
        thread = threading.Thread(target=Cloud(tmp_path).run, args=(feed, stop))
        thread.start()
        wait_until(lambda: redis_client.xlen(place.stream(0)) >= 2, "two samples")
        stop.set()
        thread.join()
    for entry_id, fields in redis_client.xrange(place.stream(0)):
        times = decode([[entry_id, [b"p", fields[b"p"]]]], ("t", "k")).runs[0].columns["t"].values.tolist()
        assert set(times) == {times[0]}
        assert times[0] % 2_000 == 0
        assert began - 2_000 < times[0] <= real_ms()
