"""Stages: an exercise is fed to its end, goes on after a pause, stands when asked, and stays out of other worlds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.entrypoints.stage import Stages
from ioc.packs.bundle import build
from ioc.sources import exercise
from ioc.sources.exercise import Order
from metrics import keys
from metrics.clock import real_ms
from metrics.codec import decode
from metrics.world import World
from tests.conftest import wait_until

pytestmark = pytest.mark.service

NOWHERE = Path("/nowhere")
SCRIPT = exercise.find("crowd-dongmen", NOWHERE)
SOURCES = ("zone", "crowd", "incident")


@lru_cache(maxsize=1)
def bundle() -> dict[str, Any]:
    """The shipped definitions with three sources alone, so that a whole evening takes seconds."""
    whole = build()
    return whole | {"sources": {name: whole["sources"][name] for name in SOURCES}}


def rows(client: redis.Redis, source: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for entry_id, fields in client.xrange(keys.observations("drill", source)):
        for run in decode([[entry_id, [b"p", fields[b"p"]]]], ("t", "k")).runs:
            entity = run.columns["k"]
            names = [entity.dictionary[code] for code in entity.values]
            found += zip(run.columns["t"].values.tolist(), names, strict=True)
    return found


def begun(client: redis.Redis, speed: float) -> World:
    """An exercise whose script has begun, as if what stands had been read."""
    exercise.begin(client, opened(client, speed), real_ms())
    return exercise.named(client, "drill")


def opened(client: redis.Redis, speed: float) -> World:
    return exercise.open_world(client, Order(SCRIPT, "drill", speed, 7, 3_000.0), real_ms())


@contextmanager
def fed(url: str, client: redis.Redis) -> Iterator[threading.Thread]:
    stop = threading.Event()
    stages = Stages(url, client, bundle, NOWHERE)
    thread = threading.Thread(target=stages.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def test_a_whole_evening_is_fed_once_and_then_the_world_stands(valkey_url: str, redis_client: redis.Redis) -> None:
    begun(redis_client, 3_600.0)
    with fed(valkey_url, redis_client) as thread:
        wait_until(lambda: not thread.is_alive(), "the exercise is over and nobody feeds", 60)
    world = exercise.named(redis_client, "drill")
    assert exercise.stands(world)
    assert world.clock.event_ms == SCRIPT.end_ms
    crowd = rows(redis_client, "crowd")
    assert len(set(crowd)) == len(crowd)
    assert max(time for time, _ in crowd) > SCRIPT.end_ms - 60_000
    assert {time for time, name in rows(redis_client, "incident") if name == "YL-DM-01"} == {SCRIPT.at("3:52")}
    assert set(redis_client.hvals(keys.origins("drill"))) == {b"simulated"}
    streams = {key.split(b":")[1] for key in redis_client.scan_iter("ioc:*:in")}
    assert streams == {b"drill"}


def test_who_feeds_next_goes_on_where_the_streams_end(valkey_url: str, redis_client: redis.Redis) -> None:
    world = begun(redis_client, 600.0)
    with fed(valkey_url, redis_client):
        wait_until(lambda: any(time > SCRIPT.begin_ms for time, _ in rows(redis_client, "crowd")), "it runs")
    assert not exercise.stands(exercise.named(redis_client, "drill"))
    before = len(rows(redis_client, "crowd"))
    with fed(valkey_url, redis_client):
        wait_until(lambda: len(rows(redis_client, "crowd")) > before, "it goes on")
        exercise.ask_to_stop(redis_client, world)
        wait_until(lambda: exercise.stands(exercise.named(redis_client, "drill")), "it stands")
    crowd = rows(redis_client, "crowd")
    assert len(set(crowd)) == len(crowd)
    assert max(time for time, _ in crowd) <= exercise.named(redis_client, "drill").clock.event_ms


def test_a_world_that_is_removed_is_left_and_one_without_a_script_stands(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    world = begun(redis_client, 60.0)
    lost = replace(world, id="lost", label={**world.label, "exercise": "nothing"})
    redis_client.hset(keys.WORLDS, "lost", lost.to_json())
    with fed(valkey_url, redis_client) as thread:
        wait_until(lambda: rows(redis_client, "crowd"), "it runs")
        wait_until(lambda: exercise.stands(exercise.named(redis_client, "lost")), "the other one stands")
        redis_client.hdel(keys.WORLDS, "drill")
        wait_until(lambda: not thread.is_alive(), "nothing runs any more")


def test_the_script_begins_when_what_stands_has_been_read(valkey_url: str, redis_client: redis.Redis) -> None:
    opened(redis_client, 60.0)
    with fed(valkey_url, redis_client):
        wait_until(lambda: rows(redis_client, "incident"), "incidents that stand")
        wait_until(lambda: rows(redis_client, "zone"), "zones that stand")
        assert exercise.OPENING in exercise.named(redis_client, "drill").label
        assert {time for time, _ in rows(redis_client, "zone")} == {SCRIPT.begin_ms - exercise.LEAD_MS}
        assert rows(redis_client, "crowd") == []
        # the engine says that it has read them
        lines = {name: f'{{"rows": {len(rows(redis_client, name))}}}' for name in SOURCES}
        redis_client.hset(keys.engine("drill", "feeds"), mapping=lines)
        wait_until(lambda: exercise.OPENING not in exercise.named(redis_client, "drill").label, "it begins")
        # and that it goes by the clock of the script: to it the readings would lie in the future before
        assert rows(redis_client, "crowd") == []
        redis_client.xadd(keys.engine("drill", "values"), {"now": str(SCRIPT.begin_ms)})
        wait_until(lambda: rows(redis_client, "crowd"), "readings")
