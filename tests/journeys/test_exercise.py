"""An exercise below a running centre: begun, fed, let stand, removed, and the world live never touched."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis

from metrics import keys
from metrics.world import World
from tests.centre import ROOT, Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey

WORLD = "crowd-dongmen"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with Centre(tmp_path_factory.mktemp("centre") / "var", IOC_SOURCES="cloud", IOC_ARCHIVE_PART_S="1") as one:
        one.start()
        yield one


def said(centre: Centre, *command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "exercise", *command],
        cwd=ROOT, env=centre.environment, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip


def registered(client: redis.Redis) -> World:
    return World.from_json(client.hget(keys.WORLDS, WORLD))


def counted(client: redis.Redis, source: str) -> int:
    return int(json.loads(client.hget(keys.engine(WORLD, "feeds"), source) or '{"rows": 0}')["rows"])


def test_an_exercise_runs_stands_and_is_gone_without_a_trace(centre: Centre) -> None:
    client = centre.redis()
    before = set(client.hkeys(keys.origins("live")))
    assert f"/wall/emergency?world={WORLD}" in said(centre, "start", WORLD, "--speed", "60")
    wait_until(lambda: counted(client, "crowd") > 100, "the engine counts the crowds of the exercise", 180)
    wait_until((centre.home / "archive" / WORLD).is_dir, "its archive", 30)
    assert set(client.hvals(keys.origins(WORLD))) == {b"simulated"}
    assert set(client.hkeys(keys.origins("live"))) == before
    assert "进行中 runs" in said(centre, "status")
    assert f"exercise {WORLD} stands at" in said(centre, "stop")
    stood = registered(client)
    assert stood.clock.speed == 0
    wait_until(lambda: not client.hexists(keys.HEARTBEATS, "exercise"), "the feeder has ended by itself")
    dead = [json.loads(text) for text in client.hvals(keys.engine(WORLD, "feeds"))]
    assert sum(count for feed in dead for count in feed["rejected"].values()) == 0
    # what stands was known before the readings of it came
    assert 50 * sum(feed["unregistered"] for feed in dead) < sum(feed["rows"] for feed in dead)
    assert json.loads(said(centre, "status", "--json"))[0]["stands"] is True
    assert f"exercise {WORLD} is gone" in said(centre, "remove", WORLD)
    assert list(client.scan_iter(keys.everything(WORLD))) == []
    assert not client.hexists(keys.WORLDS, WORLD)
    assert [name for name in client.hkeys(keys.HEARTBEATS) if WORLD.encode() in name] == []
    assert not (centre.home / "archive" / WORLD).exists()
    assert "没有演练 no exercise" in said(centre, "status")
    assert "已退出 ended" not in centre.said()


def test_an_exercise_that_is_not_there_is_said(centre: Centre) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "exercise", "stop", "nothing"],
        cwd=ROOT, env=centre.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 4
    assert "there is no exercise 'nothing'" in answer.stderr
