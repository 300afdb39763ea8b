"""Faults of engines and servers in a city with every kind of state: rows kept, records, multisets, dwell, memories,
alarms, derived rows.

Whatever happens, the values are those of the SQL program over all rows, nothing is said twice, and the alarms are those
of a world in which nothing happened.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Sequence

import pytest
import redis

from metrics import keys
from tests.conftest import ValkeyServer, wait_until
from tests.metrics.city_day import Day, holds, right
from tests.metrics.fault_city import (
    Sent,
    alarms,
    closing,
    counted,
    feeds,
    open_city,
    said_differently,
    send,
    told_differently,
)
from tests.metrics.worker_world import WORLD, worker_process, working

pytestmark = pytest.mark.service


def test_the_day_tells_of_every_kind_of_alarm_and_state(day: Day) -> None:
    told = {place[0] for place in day.story}
    assert told == {"P90", "SLOW", "WORST", "CHANGE", "DUE", "OVERDUE", "HEARD", "JAMS"}
    assert {"raised", "escalated", "lowered", "cleared"} <= {
        one[1] for several in day.story.values() for one in several
    }
    assert len(day.wanted) > 3000


def test_killed_at_random_points_it_ends_at_the_oracle_and_tells_each_alarm_once(
    valkey_server: ValkeyServer, day: Day
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    draw = random.Random(32)
    process = worker_process(valkey_server.url)
    lives = 4
    for life in range(lives):
        part = day.rows[life * len(day.rows) // lives : (life + 1) * len(day.rows) // lives]
        before = counted(client, WORLD)
        for start in range(0, len(part), 60):
            send(client, WORLD, part[start : start + 60], packed=draw.random() < 0.5)
            time.sleep(draw.uniform(0, 0.02))
        wait_until(lambda before=before: counted(client, WORLD) > before, "this life counts")
        time.sleep(draw.uniform(0, 0.1))  # the point at which it is killed is what this test varies
        process.kill()
        process.wait()
        process = worker_process(valkey_server.url)
    send(client, WORLD, closing())
    try:
        holds(client, day)
    finally:
        process.kill()
        process.wait()
    assert {name: (line["gaps"], line["late"]) for name, line in feeds(client, WORLD).items()} == {
        "traffic": ([], 0), "case": ([], 0), "device": ([], 0), "iot": ([], 0),
    }  # fmt: skip


def test_of_two_engines_the_one_that_was_paused_adds_nothing_when_it_wakes(
    valkey_server: ValkeyServer, day: Day
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    third = len(day.rows) // 3
    old = worker_process(valkey_server.url)
    send(client, WORLD, day.rows[:third])
    wait_until(lambda: counted(client, WORLD) == third, "the first owner counts")
    os.kill(old.pid, signal.SIGSTOP)
    send(client, WORLD, day.rows[third : 2 * third])
    new = worker_process(valkey_server.url)
    try:
        wait_until(lambda: counted(client, WORLD) == 2 * third, "the second owner goes on where the first stopped")
        os.kill(old.pid, signal.SIGCONT)
        send(client, WORLD, [*day.rows[2 * third :], *closing()])
        holds(client, day)
        assert client.get(keys.engine(WORLD, "owner")) == b"2"
        assert old.poll() is None
    finally:
        for process in (old, new):
            process.kill()
            process.wait()


@pytest.mark.parametrize("kind", ["rows/", "pane/", "kept/", "alarms/"])
def test_a_checkpoint_damaged_in_any_part_falls_back_to_the_one_before(
    valkey_url: str, redis_client: redis.Redis, day: Day, kind: str
) -> None:
    open_city(redis_client, WORLD)
    half = len(day.rows) // 2
    with working(valkey_url, worlds=(WORLD,)):
        send(redis_client, WORLD, day.rows[: half - 300])
        wait_until(lambda: counted(redis_client, WORLD) == half - 300, "most of the first half is counted")
        send(redis_client, WORLD, day.rows[half - 300 : half])
        wait_until(lambda: counted(redis_client, WORLD) == half, "the first half is counted")
    checkpoint = newest_checkpoint(redis_client)
    names = [name for name in redis_client.hkeys(checkpoint) if name.startswith(kind.encode())]
    sealed = redis_client.hget(checkpoint, names[0])
    redis_client.hset(checkpoint, names[0], sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with working(valkey_url, worlds=(WORLD,)) as worker:
        send(redis_client, WORLD, [*day.rows[half:], *closing()])
        wait_until(lambda: right(redis_client, day.wanted), "every window is complete and right")
        assert worker.refused == {}
        assert worker.tally.failures == 0
    # the outputs of the commit that was lost stand already: they come again, the same under the same name
    assert told_differently(redis_client, WORLD) == []
    assert said_differently(redis_client, WORLD) == []
    assert alarms(redis_client, WORLD) == day.story


def newest_checkpoint(client: redis.Redis) -> str:
    """The key of the generation that was written last."""
    generations = [keys.engine(WORLD, f"checkpoint:{name}") for name in "ab"]
    return max(generations, key=lambda name: int(client.hget(name, "#seq") or 0))


def test_when_both_checkpoints_are_damaged_that_is_a_gap_of_every_feed(
    valkey_url: str, redis_client: redis.Redis, day: Day
) -> None:
    open_city(redis_client, WORLD)
    with working(valkey_url, worlds=(WORLD,)):
        send(redis_client, WORLD, day.rows[:400])
        wait_until(lambda: counted(redis_client, WORLD) == 400, "some rows are counted")
    redis_client.hset(keys.engine(WORLD, "checkpoint:a"), "#", b"torn")
    redis_client.hset(keys.engine(WORLD, "checkpoint:b"), "#", b"torn")
    with working(valkey_url, worlds=(WORLD,)):
        wait_until(
            lambda: (
                [[gap["why"] for gap in line["gaps"]] for line in feeds(redis_client, WORLD).values()]
                == [["checkpoint"]] * 4
            ),
            "every feed says that its counts begin anew",
        )


def test_valkey_killed_again_and_again_loses_nothing_and_tells_nothing_twice(
    valkey_server: ValkeyServer, day: Day
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    with working(valkey_server.url, worlds=(WORLD,)) as worker:
        for life in range(3):
            valkey_server.acknowledge_what_is_written()
            part = day.rows[life * len(day.rows) // 3 : (life + 1) * len(day.rows) // 3]
            for start in range(0, len(part), 100):
                send(client, WORLD, part[start : start + 100], packed=True)
            valkey_server.kill()
            wait_until(lambda: not worker.connected, "the worker notices")
            valkey_server.start()
            wait_until(lambda: worker.connected, "the worker is back", 5)
        send(client, WORLD, closing())
        holds(client, day)
        assert worker.tally.failures == 0


def test_a_valkey_frozen_in_the_middle_of_a_commit_is_waited_for(valkey_server: ValkeyServer, day: Day) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    half = len(day.rows) // 2
    with working(valkey_server.url, worlds=(WORLD,)) as worker:
        send(client, WORLD, day.rows[:half])
        wait_until(lambda: counted(client, WORLD) > 0, "it counts")
        valkey_server.freeze()
        wait_until(lambda: worker.tally.outages > 0, "its patience ends: a commit is sent with unknown outcome", 12)
        valkey_server.thaw()
        send(client, WORLD, [*day.rows[half:], *closing()])
        holds(client, day)
        assert worker.tally.failures == 0


def test_after_a_power_cut_the_loss_is_counted_and_a_resend_of_all_rows_makes_everything_right(
    valkey_server: ValkeyServer, day: Day
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    half, more = len(day.rows) // 2, len(day.rows) // 2 + 300
    with working(valkey_server.url, worlds=(WORLD,)) as worker:
        send(client, WORLD, day.rows[:half])
        wait_until(lambda: counted(client, WORLD) == half, "the first half is counted")
        (log,) = (valkey_server.home / "appendonlydir").glob("*.incr.aof")
        kept = log.stat().st_size
        send(client, WORLD, day.rows[half:more])
        wait_until(lambda: counted(client, WORLD) == more, "some more is counted")
        valkey_server.kill()
        os.truncate(log, kept + 7)  # within the next command, as a power cut leaves it
        valkey_server.start()
        wait_until(lambda: worker.connected and counted(client, WORLD) == half, "it goes on from what there is")
        lines = feeds(client, WORLD)
        assert sum(line["missing"] for line in lines.values()) == 300
        assert {gap["why"] for line in lines.values() for gap in line["gaps"]} == {"lost"}
        send(client, WORLD, [*day.rows, *closing()])
        holds(client, day)


def test_a_valkey_out_of_memory_takes_the_city_up_again_when_the_engine_has_drained_it(
    valkey_server: ValkeyServer, day: Day
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 4_000_000)
    thick = [(source, {**fields, "note": "x" * 8000}) for source, fields in day.rows]  # no declared field: takes room
    sent = taken(client, thick)
    assert 100 < sent < len(thick)
    with working(valkey_server.url, worlds=(WORLD,)) as worker:
        wait_until(lambda: counted(client, WORLD) == sent, "what was acknowledged is counted")
        wait_until(lambda: client.xlen(keys.observations(WORLD, "traffic")) < 300, "the streams are trimmed")
        client.config_set("maxmemory", 0)
        send(client, WORLD, [*day.rows[sent:], *closing()])
        holds(client, day)
        assert worker.tally.failures == 0


def taken(client: redis.Redis, rows: Sequence[Sent]) -> int:
    """Send one row after the other until the server refuses; how many it took."""
    for number, row in enumerate(rows):
        try:
            send(client, WORLD, [row])
        except redis.exceptions.OutOfMemoryError:
            return number
    return len(rows)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit the files of another process")
def test_a_valkey_whose_disk_is_full_goes_on_with_the_city_when_there_is_room(
    valkey_server: ValkeyServer, day: Day
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_city(client, WORLD)
    half = len(day.rows) // 2
    with working(valkey_server.url, worlds=(WORLD,)) as worker:
        send(client, WORLD, day.rows[:half])
        wait_until(lambda: counted(client, WORLD) > 0, "it counts")
        valkey_server.fill_disk()
        wait_until(lambda: worker.tally.outages > 0, "the worker is told that nothing can be written")
        valkey_server.free_disk()
        wait_until(lambda: client.set("probe", "x"), "the server takes writes again")
        send(client, WORLD, [*day.rows[half:], *closing()])
        holds(client, day)
        assert worker.tally.failures == 0


def test_a_resend_of_everything_after_lost_replies_and_a_restart_counts_once(
    valkey_url: str, redis_client: redis.Redis, day: Day
) -> None:
    open_city(redis_client, WORLD)
    with working(valkey_url, worlds=(WORLD,)):
        for start in range(0, len(day.rows), 150):
            part = day.rows[start : start + 150]
            send(redis_client, WORLD, part)
            send(redis_client, WORLD, part, packed=True)
        wait_until(lambda: counted(redis_client, WORLD) == 2 * len(day.rows), "everything is counted")
    with working(valkey_url, worlds=(WORLD,)):  # it knows what it has counted from its checkpoint
        send(redis_client, WORLD, [*day.rows, *closing()])
        holds(redis_client, day)
        lines = feeds(redis_client, WORLD)
    readings = [sum(row[0] == name for row in day.rows) for name in ("traffic", "iot")]
    assert [lines[name]["duplicate"] for name in ("traffic", "iot")] == [2 * count for count in readings]
