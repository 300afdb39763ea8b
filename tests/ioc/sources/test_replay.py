"""A replay fills a world of its own, goes on after a crash, and refuses what makes no sense."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from ioc.packs.bundle import build
from ioc.sources import worlds
from ioc.sources.feed import Feed, Place
from ioc.sources.recording import Recording
from ioc.sources.replay import Order, ReplayError, check, open_world
from metrics import keys
from metrics.clock import real_ms
from metrics.codec import RawColumn, decode
from metrics.world import LIVE_WORLD, World
from tests.conftest import ValkeyServer, wait_until

FIRST, QUARTER, DAY = 1_420_041_600_000, 900_000, 86_400_000
PLACE = Place("replay", "traffic", "recorded")


def recording(instants: int = 96) -> Recording:
    """Two roads; the second has no reading at all."""
    values = np.stack([np.arange(instants, dtype=np.int64) + 100, np.zeros(instants, dtype=np.int64)], axis=1)
    return Recording(
        FIRST + np.arange(instants, dtype=np.int64) * QUARTER, ("90217", "90218"), "speed", values,
        values > 0, 2, {"vehicles": RawColumn("int", np.array([1]))},
    )  # fmt: skip


def order(**changes: Any) -> Order:
    return Order(**{"world": "replay", "name": "taxi_speeds", "file": "roads.csv", "speed": 100_000.0, **changes})


def rows_in(client: redis.Redis, world: str = "replay") -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for entry_id, fields in client.xrange(keys.observations(world, "traffic")):
        for run in decode([[entry_id, [b"p", fields[b"p"]]]], ("t", "k")).runs:
            entity = run.columns["k"]
            names = [entity.dictionary[code] for code in entity.values]
            found += zip(run.columns["t"].values.tolist(), names, strict=True)
    return found


def test_moving_to_today_needs_the_pace_of_today() -> None:
    with pytest.raises(ReplayError, match="needs --speed 1"):
        check(order(shift_to_now=True, speed=60.0))
    check(order(shift_to_now=True, speed=1.0))


def test_nothing_is_replayed_into_the_live_world() -> None:
    with pytest.raises(ReplayError, match="live"):
        check(order(world="live"))


def test_a_world_whose_name_would_match_other_worlds_is_refused() -> None:
    with pytest.raises(ReplayError, match="small letters"):
        check(order(world="*"))


@pytest.mark.service
def test_every_row_arrives_once_and_not_before_its_time(valkey_url: str, redis_client: redis.Redis) -> None:
    played = open_world(redis_client, order(), recording(), build(), PLACE)
    early: list[int] = []
    with Feed(valkey_url, PLACE) as feed:
        assert played.run(
            feed,
            threading.Event(),
            lambda seen: early.append(seen.event_ms) if seen.event_ms > played.world.clock.now_ms(real_ms()) else None,
        )
    expected = [(FIRST + step * QUARTER, road) for step in range(96) for road in ("90217", "90218")]
    assert rows_in(redis_client) == expected
    assert early == []
    assert redis_client.hget(keys.origins("replay"), "traffic") == b"recorded"


@pytest.mark.service
def test_the_world_says_its_clock_its_variant_and_what_was_recorded_when(redis_client: redis.Redis) -> None:
    open_world(redis_client, order(speed=60.0), recording(), build(), PLACE)
    world = worlds.find(redis_client, "replay")
    assert world is not None
    assert (world.kind, world.variants) == ("replay", {"traffic": "recorded"})
    assert (world.clock.event_ms, world.clock.speed) == (FIRST, 60.0)
    assert world.label["zh"] == "出租车路段车速录制（2015-01-01 至 2015-01-01）"
    assert (world.label["recorded_from"], world.label["recorded_to"]) == ("2015-01-01 00:00", "2015-01-01 23:45")


@pytest.mark.service
def test_a_new_start_deletes_the_old_world_and_only_that(redis_client: redis.Redis) -> None:
    worlds.register(redis_client, LIVE_WORLD)
    worlds.register(redis_client, World("replay2", "replay"))
    redis_client.set(keys.engine("replay", "owner"), "7")
    redis_client.xadd(keys.observations("replay", "traffic"), {"t": "1"})
    redis_client.xadd(keys.observations("replay2", "traffic"), {"t": "1"})
    open_world(redis_client, order(), recording(), build(), PLACE)
    assert set(redis_client.scan_iter("ioc:replay:*")) == set()
    assert redis_client.xlen(keys.observations("replay2", "traffic")) == 1
    assert set(redis_client.hkeys(keys.WORLDS)) == {b"live", b"replay", b"replay2"}


@pytest.mark.service
def test_resumed_it_goes_on_behind_the_last_instant_of_the_stream(valkey_url: str, redis_client: redis.Redis) -> None:
    first = open_world(redis_client, order(), recording(), build(), PLACE)
    redis_client.xadd(PLACE.stream(0), {"p": first.recording.rows(first.line.instants[:10], np.arange(10)).payload()})
    second = open_world(redis_client, order(resume=True), recording(), build(), PLACE)
    assert second.after_ms == FIRST + 9 * QUARTER
    assert second.world == first.world
    with Feed(valkey_url, PLACE) as feed:
        assert second.run(feed, threading.Event(), lambda seen: None)
    rows = rows_in(redis_client)
    assert len(rows) == len(set(rows)) == 192


@pytest.mark.service
def test_resumed_before_anything_was_sent_it_begins_at_the_beginning(redis_client: redis.Redis) -> None:
    first = open_world(redis_client, order(), recording(), build(), PLACE)
    assert open_world(redis_client, order(resume=True), recording(), build(), PLACE).after_ms == first.after_ms


@pytest.mark.service
def test_resuming_a_world_of_another_file_is_refused(redis_client: redis.Redis) -> None:
    open_world(redis_client, order(), recording(), build(), PLACE)
    with pytest.raises(ReplayError, match=r"replays roads\.csv"):
        open_world(redis_client, order(resume=True, file="other.csv"), recording(), build(), PLACE)


@pytest.mark.service
def test_moved_to_today_the_day_before_is_there_at_once(valkey_url: str, redis_client: redis.Redis) -> None:
    ask = order(shift_to_now=True, speed=1.0)
    played = open_world(redis_client, ask, recording(24 * 96), build(), PLACE)
    stop, now = threading.Event(), real_ms()
    with Feed(valkey_url, PLACE) as feed:
        thread = threading.Thread(target=lambda: played.run(feed, stop, lambda seen: None))
        thread.start()
        wait_until(lambda: len(rows_in(redis_client)) >= 26 * 4 * 2, "26 hours have been sent")
        stop.set()
        thread.join()
    times = sorted({time for time, _ in rows_in(redis_client)})
    assert now - 26 * 3_600_000 - QUARTER < times[0] <= now - 26 * 3_600_000 + QUARTER
    assert now - QUARTER < times[-1] <= real_ms()
    # a moment of the week stays what it was, and the clock of the world is today's
    assert {(time - FIRST) % QUARTER for time in times} == {0}
    assert abs(played.world.clock.now_ms(now) - now) <= 1


def wide_file(path: Path, instants: int) -> Path:
    lines = ["date,90217,90218"]
    for step in range(instants):
        day, minute = divmod(step * 15, 1440)
        lines.append(f"1/{1 + day}/2015 {minute // 60}:{minute % 60:02},{10 + step % 50}.5,{20 + step % 30}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def start(url: str, file: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ioc.entrypoints.cli", "replay", str(file), *options]
    return subprocess.Popen(command, env={**os.environ, "IOC_REDIS_URL": url}, stderr=subprocess.PIPE)


@pytest.mark.service
def test_killed_processes_of_replay_and_valkey_lose_and_double_nothing(
    valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    file = wide_file(tmp_path / "roads.csv", 960)
    client = redis.Redis.from_url(valkey_server.url)
    speed = ("--speed", "100000")  # ten days in about nine seconds
    first = start(valkey_server.url, file, *speed)
    wait_until(lambda: len(rows_in(client)) > 200, "the replay runs")
    first.kill()
    first.wait()
    second = start(valkey_server.url, file, *speed, "--resume")
    sent = len(rows_in(client))
    wait_until(lambda: len(rows_in(client)) > sent + 100, "the replay goes on")
    valkey_server.kill()
    valkey_server.start()
    _, said = second.communicate(timeout=60)
    assert second.returncode == 0, said.decode()
    rows = rows_in(client)
    expected = {(FIRST + step * QUARTER, road) for step in range(960) for road in ("90217", "90218")}
    assert set(rows) == expected
    # an entry whose acknowledgement was lost in the crash may stand twice; it counts once by its identity
    assert len(rows) - len(expected) <= 2 * 200


@pytest.mark.service
def test_a_bad_file_is_told_with_row_column_and_rule(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("date,90217\n1/1/2015 0:00,12\n1/1/2015 0:15,fast\n", encoding="utf-8")
    process = start(valkey_url, file)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 4
    assert f"{file}: row 3, column '90217': number: 'fast' is not a number" in said.decode()
    assert redis_client.dbsize() == 0


@pytest.mark.service
def test_sigterm_ends_a_replay_cleanly(valkey_url: str, redis_client: redis.Redis, tmp_path: Path) -> None:
    process = start(valkey_url, wide_file(tmp_path / "roads.csv", 96), "--speed", "1")
    wait_until(lambda: redis_client.xlen(PLACE.stream(0)) > 0, "the first instant is sent")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "replay_stopped" in said.decode()
