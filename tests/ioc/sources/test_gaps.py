"""A gap in a feed: noted by the engine, sampled by the cloud source, and told as an alarm of the operations scene."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from ioc.packs.bundle import publish
from ioc.sources.cloud import Machine, sample
from ioc.sources.gaps import Missed, missed, read_gaps
from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.world import World
from tests.conftest import wait_until
from tests.metrics.worker_world import working

MINUTE = 60_000
NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
MACHINE = Machine(cpu_pct=12.5, memory_pct=40.0, disk_pct=70.0, load1=0.25)
STREAM = keys.observations("drill", "traffic")


def test_only_gaps_of_the_last_ten_minutes_count():
    line = {
        "missing": 112,
        "gaps": [
            {"at": NOON - 11 * MINUTE, "missing": 100, "why": "trimmed", "shard": 0},
            {"at": NOON - 9 * MINUTE, "missing": 12, "why": "lost", "shard": 0},
            {"at": NOON, "missing": 0, "why": "flushed", "shard": 1},
        ],
    }
    assert missed(line, NOON) == Missed(gaps=2, missing=12)


def test_a_feed_without_gaps_missed_nothing():
    assert missed({"rows": 7, "gaps": []}, NOON) == Missed(0, 0)


@pytest.mark.service
def test_the_feeds_of_every_world_are_named(redis_client: redis.Redis) -> None:
    gap = {"at": NOON, "missing": 3, "why": "trimmed", "shard": 0}
    for world in ("live", "replay"):
        redis_client.hset(keys.WORLDS, world, World(world).to_json())
    redis_client.hset(keys.engine("live", "feeds"), "cloud", json.dumps({"gaps": []}))
    redis_client.hset(keys.engine("live", "feeds"), "torn", b"{")
    redis_client.hset(keys.engine("replay", "feeds"), "traffic", json.dumps({"gaps": [gap]}))
    assert read_gaps(redis_client, NOON) == {"cloud": Missed(0, 0), "replay/traffic": Missed(1, 3)}


def observe(client: redis.Redis, rows: int) -> None:
    for number in range(rows):
        client.xadd(STREAM, {"t": NOON + number * 1000, "k": "LH001", "speed": "30.0", "vehicles": "1"})


def watch(client: redis.Redis, since_ms: int, real_now_ms: int) -> None:
    """Half a minute of samples of the cloud source in the world's own time."""
    gaps = read_gaps(client, real_now_ms)
    for at in range(since_ms, since_ms + 30_000, 2_000):
        rows = sample(at, MACHINE, {"engine": 80.0}, None, gaps)
        client.xadd(keys.observations("drill", "cloud"), {"p": rows.payload()})


def told(client: redis.Redis) -> list[tuple[str, Any, str, Any, int]]:
    entries: Any = client.xrange(keys.engine("drill", "alarms"))
    events = [json.loads(fields[b"e"]) for _, fields in entries]
    return [
        (one["kind"], one["dims"], one["level_after"], one["value"], one["number"])
        for one in events
        if one["indicator"] == "O8" and one["dims"]
    ]


def line(client: redis.Redis) -> dict[str, Any]:
    raw: Any = client.hget(keys.engine("drill", "feeds"), "traffic")
    return json.loads(raw) if raw else {}


@pytest.mark.service
@pytest.mark.parametrize("loss", ["trimmed", "flushed"])
def test_entries_lost_before_they_were_read_raise_an_alarm_that_names_the_feed(
    valkey_url: str, redis_client: redis.Redis, loss: str
) -> None:
    publish(redis_client)
    clock = WorldClock(NOON + 5 * MINUTE, real_ms(), 1.0)
    redis_client.hset(keys.WORLDS, "drill", World("drill", "replay", clock, started_ms=1).to_json())
    with working(valkey_url, worlds=("drill",)):
        observe(redis_client, 10)
        wait_until(lambda: line(redis_client).get("rows") == 10, "the first rows are counted")
        watch(redis_client, NOON, real_ms())
    observe(redis_client, 40)
    if loss == "trimmed":
        redis_client.xtrim(STREAM, maxlen=5, approximate=False)
    else:
        redis_client.delete(STREAM)
    with working(valkey_url, worlds=("drill",)):
        wait_until(lambda: [gap["why"] for gap in line(redis_client)["gaps"]] == [loss], "the gap is recorded")
        watch(redis_client, NOON + MINUTE, real_ms())
        raised = ("raised", [["feed", "drill/traffic"]], "orange", 1.0, 0)
        wait_until(lambda: told(redis_client) == [raised], "the alarm is told, of this feed alone")
        watch(redis_client, NOON + 2 * MINUTE, real_ms() + 11 * MINUTE)
        cleared = ("cleared", [["feed", "drill/traffic"]], None, 0.0, 1)
        wait_until(lambda: told(redis_client) == [raised, cleared], "ten minutes later it is over")
