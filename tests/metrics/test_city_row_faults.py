"""Faults of clocks, rows and streams in a city with every kind of state; `test_city_faults`: of engines and servers."""

from __future__ import annotations

import json
from datetime import datetime

import msgpack
import pytest
import redis

from metrics import keys
from metrics.clock import real_ms
from tests.conftest import wait_until
from tests.metrics.city_day import Day, holds, right
from tests.metrics.fault_city import (
    MINUTE,
    NOON,
    Sent,
    a_day_in_brief,
    closing,
    counted,
    differences,
    feeds,
    open_city,
    oracle,
    said,
    said_twice,
    send,
    set_clock,
    told_twice,
)
from tests.metrics.worker_world import WORLD, working

pytestmark = pytest.mark.service


def test_clocks_that_step_by_an_hour_change_no_value_and_tell_nothing_twice(
    valkey_url: str, redis_client: redis.Redis, day: Day
) -> None:
    open_city(redis_client, WORLD)
    clocks = [NOON + 60 * MINUTE, NOON + 120 * MINUTE, NOON + 60 * MINUTE, NOON]
    with working(valkey_url, worlds=(WORLD,)) as worker:
        for step, shows in enumerate(clocks):
            set_clock(redis_client, WORLD, shows)
            wait_until(
                lambda shows=shows: (
                    worker.servings and abs(worker.servings[WORLD].world.clock.event_ms - shows) < MINUTE
                ),
                "the clock has stepped",
            )
            part = day.rows[step * len(day.rows) // 4 : (step + 1) * len(day.rows) // 4]
            send(redis_client, WORLD, part)
            done = (step + 1) * len(day.rows) // 4
            wait_until(lambda done=done: counted(redis_client, WORLD) == done, "the rows are counted")
        send(redis_client, WORLD, closing())
        holds(redis_client, day)
        assert worker.tally.failures == 0
    assert {name: line["rejected"] for name, line in feeds(redis_client, WORLD).items()} == {
        "traffic": {}, "case": {}, "device": {}, "iot": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    "start",
    [
        "2024-02-28T23:45:00+08:00",  # into the leap day
        "2024-02-29T23:45:00+08:00",  # out of it, and into a month
        "2023-02-28T23:45:00+08:00",  # a February without one
        "2024-12-31T23:45:00+08:00",  # into a year
    ],
)
def test_windows_deadlines_and_days_are_right_over_midnight_and_the_ends_of_months(
    valkey_url: str, redis_client: redis.Redis, start: str
) -> None:
    base = int(datetime.fromisoformat(start).timestamp() * 1000)
    rows = [*a_day_in_brief(seed=33, base=base), *closing(base)]
    wanted = oracle(rows, base=base)
    assert sum(place[0] in {"DAY", "WHOLE"} for place in wanted) >= 4  # the day that ends, and the month if it does
    open_city(redis_client, WORLD, base + 60 * MINUTE)
    half = len(rows) // 2
    with working(valkey_url, worlds=(WORLD,)):
        send(redis_client, WORLD, rows[:half])
        wait_until(lambda: counted(redis_client, WORLD) == half, "the day before is counted")
    with working(valkey_url, worlds=(WORLD,)):  # it is started anew about midnight
        send(redis_client, WORLD, rows[half:])
        wait_until(lambda: not differences(said(redis_client, WORLD, base=base), wanted), "every window is right")
    assert told_twice(redis_client, WORLD) == []


def test_rows_in_any_order_over_two_hours_are_corrected_within_lateness(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    rows = a_day_in_brief(seed=34, shuffled_ms=120 * MINUTE)
    wanted = oracle([*rows, *closing()])
    # rows made of values are what was first said of them: a correction does not reach them
    wanted = {place: expected for place, expected in wanted.items() if place[0] != "JAMS"}
    open_city(redis_client, WORLD)
    with working(valkey_url, worlds=(WORLD,)):
        for start in range(0, len(rows), 400):
            send(redis_client, WORLD, rows[start : start + 400])
            wait_until(lambda start=start: counted(redis_client, WORLD) >= start, "the rows before are counted")
        send(redis_client, WORLD, closing())
        wait_until(
            lambda: (
                not [one for one in differences(said(redis_client, WORLD), wanted) if not one.startswith("('JAMS'")]
            ),
            "every window is corrected",
        )
        lines = feeds(redis_client, WORLD)
    assert {name: line["late"] for name, line in lines.items()} == {"traffic": 0, "case": 0, "device": 0, "iot": 0}
    assert max(value.revision for value in said(redis_client, WORLD).values()) >= 1  # how often: a matter of commits
    assert said_twice(redis_client, WORLD) == []
    assert told_twice(redis_client, WORLD) == []


def test_what_is_too_late_or_from_next_year_is_counted_and_moves_nothing(
    valkey_url: str, redis_client: redis.Redis, day: Day
) -> None:
    open_city(redis_client, WORLD)
    ahead, behind = NOON + 366 * 24 * 60 * MINUTE, NOON - 240 * MINUTE
    with working(valkey_url, worlds=(WORLD,)):
        for start in range(0, len(day.rows), 400):
            send(redis_client, WORLD, [
                ("traffic", {"t": ahead, "k": "R00", "speed": "20.0", "vehicles": 999}),
                ("iot", {"t": ahead, "k": "D00"}),
                ("case", {"t": ahead, "k": "C0", "created_at": ahead, "void": "true"}),
                *day.rows[start : start + 400],
            ])  # fmt: skip
        send(redis_client, WORLD, closing())
        wait_until(lambda: right(redis_client, day.wanted), "every window is complete and right")
        send(redis_client, WORLD, [
            ("traffic", {"t": behind, "k": "R00", "speed": "20.0", "vehicles": 999}),
            ("iot", {"t": behind, "k": "D00"}),
        ])  # fmt: skip
        wait_until(lambda: feeds(redis_client, WORLD)["traffic"]["late"] == 1, "the late reading is counted")
        holds(redis_client, day)
        lines = feeds(redis_client, WORLD)
    parts = -(-len(day.rows) // 400)
    assert [lines[name]["rejected"] for name in ("traffic", "iot", "case")] == [{"future": parts}] * 3
    assert {line["watermark_ms"] for line in lines.values()} == {NOON + 43 * MINUTE}


def test_a_flood_of_what_cannot_be_read_is_dead_letters_and_leaves_no_lag(
    valkey_url: str, redis_client: redis.Redis, day: Day
) -> None:
    open_city(redis_client, WORLD)
    deep = json.loads("[" * 900 + "]" * 900)
    poison: list[Sent] = [
        ("traffic", {"t": NOON, "k": "R00", "speed": "nan"}),
        ("traffic", {"t": NOON, "k": "R00", "speed": "1" * 1_000_000}),
        ("traffic", {"p": b"\x91" * 10_000 + b"\xc0"}),  # 10,000 levels of lists
        ("traffic", {"p": msgpack.packb({"v": 1, "n": 1, "c": {"t": deep}})}),
        ("case", {"t": NOON, "k": "C0", "deadline": "[" * 10_000}),
        ("case", {"t": "never", "k": "C0"}),
        ("case", {"k": "x" * 1_000_000, "t": NOON}),
        ("iot", {"t": NOON}),
        ("iot", {"t": "1e999", "k": "D00"}),
        ("device", {"t": NOON, "k": "D|=00"}),
        ("device", {"t": NOON, "k": "D00", "active": "perhaps"}),
    ]
    with working(valkey_url, worlds=(WORLD,)) as worker:
        for start in range(0, len(day.rows), 160):
            send(redis_client, WORLD, poison)
            send(redis_client, WORLD, day.rows[start : start + 160])
        send(redis_client, WORLD, closing())
        holds(redis_client, day)
        wait_until(lambda: {line["lag"] for line in feeds(redis_client, WORLD).values()} == {0}, "no entry waits")
        assert worker.tally.failures == 0
    times = -(-len(day.rows) // 160)
    lines = feeds(redis_client, WORLD)
    assert {name: sum(line["rejected"].values()) for name, line in lines.items()} == {
        "traffic": 4 * times, "case": 3 * times, "iot": 2 * times, "device": 2 * times,
    }  # fmt: skip
    assert redis_client.xlen(keys.engine(WORLD, "dead")) == 11 * times


def test_a_stream_trimmed_past_the_checkpoint_is_a_gap_of_its_source_and_of_no_other(
    valkey_url: str, redis_client: redis.Redis, day: Day
) -> None:
    open_city(redis_client, WORLD)
    half = len(day.rows) // 2
    with working(valkey_url, worlds=(WORLD,)):
        send(redis_client, WORLD, day.rows[:half])
        wait_until(lambda: counted(redis_client, WORLD) == half, "the first half is counted")
    unread = [row for row in day.rows[half:] if row[0] == "iot"]
    send(redis_client, WORLD, day.rows[half:])
    redis_client.xtrim(keys.observations(WORLD, "iot"), maxlen=100, approximate=False)
    send(redis_client, WORLD, closing())
    with working(valkey_url, worlds=(WORLD,)):
        wanted = {place: expected for place, expected in day.wanted.items() if place[0] != "HEARD"}
        wait_until(
            lambda: (
                not [one for one in differences(said(redis_client, WORLD), wanted) if not one.startswith("('HEARD'")]
            ),
            "what does not rest on the source is right",
        )
        lines = feeds(redis_client, WORLD)
    assert [(gap["why"], gap["missing"]) for gap in lines["iot"]["gaps"]] == [("trimmed", len(unread) - 100)]
    assert [lines[name]["gaps"] for name in ("traffic", "case", "device")] == [[], [], []]


def test_a_server_that_lost_everything_is_a_gap_of_every_feed_of_the_live_world(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_city(redis_client, WORLD)  # for its definitions; the live world registers itself
    now = real_ms() // MINUTE * MINUTE
    rows = [(source, {**fields, "t": now}) for source, fields in closing()]
    with working(valkey_url, worlds=("live",)):
        send(redis_client, "live", rows)
        wait_until(lambda: counted(redis_client, "live") == 4, "the rows are counted")
        redis_client.flushall()
        wait_until(
            lambda: (
                [[gap["why"] for gap in line["gaps"]] for line in feeds(redis_client, "live").values()]
                == [["lost"]] * 4
            ),
            "every feed says that its entries are lost",
        )
        assert [line["missing"] for line in feeds(redis_client, "live").values()] == [1] * 4
        send(redis_client, "live", rows)
        wait_until(lambda: counted(redis_client, "live") == 4, "the new stream is read")
