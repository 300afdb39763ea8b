"""Idle codes are given up: memory follows the active keys, and no value, alarm or checkpoint tells the difference."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import numpy as np
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.column import Column
from metrics.definition import load
from metrics.engine import State, initial, restore, step
from metrics.observation import Batch
from metrics.serving import Serving
from metrics.value_form import unpack_values
from metrics.world import World
from tests.metrics.engine_worlds import REGIONS, Row, at, bundle, indicator, plan_of, run, said
from tests.metrics.worker_world import NOON, STREAM, WORLD, send_packed
from tests.metrics.worker_world import bundle as traffic

pytestmark = pytest.mark.long

START = at("08:00:00")
MINUTE = 60_000
HIGH = {"direction": "down", "thresholds": {"yellow": 2, "red": 9, "off_delay": "5m", "flapping": {"changes": 2}}}


def eager(state: State) -> State:
    """With the rule that gives up whatever is idle at once."""
    state.expiry.floor, state.expiry.idle_share, state.expiry.every_ms = 1, 0.0, 0
    return state


def never(state: State) -> State:
    state.expiry.floor = 1 << 40
    return state


BASIN = ["basin"]
PLAN = plan_of(
    bundle(
        indicator("N", "n", {"n": {"agg": "count", "where": "mm > 0"}}, dimensions=["station", "basin"], **HIGH),
        indicator("S", "s", {"s": {"agg": "sum", "field": "mm", "per": ["entity"], "then": "max"}}, dimensions=BASIN),
        indicator("P", "n - previous(n)", {"n": {"agg": "count"}}, dimensions=["station"]),
        indicator("Q", "same_time(n, '1d') + n", {"n": {"agg": "mean", "field": "mm"}}, dimensions=BASIN),
        indicator("R", "indicator('N') * 2 + c", {"c": {"agg": "count"}}, dimensions=["station", "basin"]),
        indicator(
            "D", "d", {"d": {"agg": "distinct", "field": ["station", "basin"]}},
            window={"kind": "sliding", "size": "15m", "every": "5m"},
        ),
        indicator(
            "K", "k + p",
            {
                "k": {"agg": "distinct_approx", "field": "station"},
                "p": {"agg": "percentile_approx", "p": 50, "field": "mm"},
            },
            dimensions=["station"],
        ),
        indicator("L", "l", {"l": {"agg": "last", "field": "mm"}}, dimensions=["station"],
                  window={"kind": "now", "every": "5m", "max_age": "10m"}),
        source={"lateness": "5m", "id": ["station", "time"], "region": {"field": "basin"}},
        regions=REGIONS,
    )
)  # fmt: skip

row = st.tuples(
    st.integers(0, 60).map(lambda minute: START + minute * MINUTE + 1_000),
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.sampled_from(["440303001", "440303002", "elsewhere", None]),
    st.one_of(st.none(), st.integers(-20, 120)),
)


def play(parts: list[list[Row]], expires: list[bool], stops: frozenset[int] = frozenset()) -> list[Any]:
    """What is said at each step, in an order of its own: a group that came back has another code."""
    state, told, now = initial(PLAN), [], START
    for count, rows in enumerate([*parts, [], []]):
        now = max([now, *(one[0] for one in rows)]) if rows else now + 20 * MINUTE
        (eager if expires[count % len(expires)] else never)(state)
        outputs = run(state, rows, now)
        values = zip(outputs.values, outputs.completed, strict=True)
        told.append((sorted(map(repr, values)), sorted(map(repr, outputs.alarms))))
        if count in stops:
            state = restore(PLAN, state.snapshot())
    return told


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(row, max_size=40), st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 6), st.data())
def test_an_engine_that_gives_up_what_is_idle_says_the_same(rows, expires, size, data):
    rows.sort(key=lambda one: one[0] // (10 * MINUTE))  # somewhat out of order, and at times too late
    parts = [rows[first : first + size] for first in range(0, len(rows), size)]
    stops = data.draw(st.frozensets(st.integers(0, len(parts))))
    assert play(parts, expires, stops) == play(parts, [False])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(row, max_size=40), st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 6))
def test_the_changes_of_all_commits_add_up_to_the_snapshot_when_codes_are_renumbered(rows, expires, size):
    state, fields, now = initial(PLAN), dict[str, bytes](), START
    for count, first in enumerate(range(0, len(rows) + 2 * size, size)):
        part = sorted(rows, key=lambda one: one[0])[first : first + size]
        now = max([now, *(one[0] for one in part)]) if part else now + 20 * MINUTE
        (eager if expires[count % len(expires)] else never)(state)
        run(state, part, now)
        if count % 2:
            continue  # not each step is committed
        for name, payload in state.changed().items():
            if payload is None:
                fields.pop(name, None)
            else:
                fields[name] = payload
        assert fields == state.snapshot()
        assert restore(PLAN, fields).snapshot() == fields


def test_a_key_whose_rows_are_gone_is_given_up_and_counted_and_comes_back_as_it_was():
    plan = plan_of(
        bundle(indicator("N", "n", {"n": {"agg": "count"}}, dimensions=["station"]), source={"lateness": "0s"})
    )
    state = eager(initial(plan))
    run(state, [(at("08:01:00"), "a", None, 1)], at("08:01:00"))
    for clock in ("08:06:00", "08:11:00", "08:16:00", "08:26:00"):
        run(state, [(at(clock), "b", None, 1)], at(clock))
    assert list(state.intakes["rain"].entities.dictionary) == ["b"]
    assert state.publications[0].deriver.groups.all == [("", None), ("", ("b",))]
    assert state.expiry.given_up["entities/rain"] == state.expiry.given_up["groups/N@1"] == 1
    run(state, [(at("08:27:00"), "a", None, 1)], at("08:27:00"))
    found = said(run(state, [(at("08:31:00"), "b", None, 1)], at("08:31:00")))
    assert found["N", "", ("a",), at("08:30:00")] == (1.0, "complete", 0)


def test_a_count_that_fell_to_nothing_is_said_once_and_again_only_while_an_alarm_waits_for_it():
    more = {"lateness": "0s", "disorder": "0s", "stale_after": "1h"}
    plan = plan_of(
        bundle(
            indicator("N", "n", {"n": {"agg": "count"}}, dimensions=["station"]),
            indicator(
                "A",
                "n",
                {"n": {"agg": "count"}},
                dimensions=["station"],
                direction="down",
                thresholds={"yellow": 2, "off_delay": "5m"},
            ),
            source=more,
        )
    )
    state = initial(plan)
    run(state, [(at("08:01:00"), "a", None, 1), (at("08:02:00"), "a", None, 1)], at("08:02:00"))
    ends: dict[str, list[tuple[int, float | None]]] = {"N": [], "A": []}
    alarms = []
    for clock in ("08:06:00", "08:11:00", "08:16:00", "08:21:00", "08:26:00", "08:31:00"):
        outputs = run(state, [(at(clock), "b", None, 1)], at(clock))
        alarms += [(one.kind, one.at) for one in outputs.alarms if one.dims == (("station", "a"),)]
        for value in outputs.complete_values():
            if value.dims == (("station", "a"),):
                ends[value.indicator].append((value.window_end, value.value))
    assert ends["N"] == [(at("08:05:00"), 2.0), (at("08:10:00"), 0.0)]
    assert ends["A"] == [
        (at("08:05:00"), 2.0), (at("08:10:00"), 0.0), (at("08:15:00"), 0.0),
    ]  # fmt: skip
    assert alarms == [("raised", at("08:05:00")), ("cleared", at("08:15:00"))]


def test_a_current_record_and_a_group_with_an_alarm_are_never_idle():
    case = {
        "kind": "records", "key": "case_id", "changed": "changed_at",
        "fields": {"case_id": {"type": "text"}, "changed_at": {"type": "time"}, "org": {"type": "category"}},
    }  # fmt: skip
    raw = {
        "v": 1, "hash": "h", "sources": {"case": case},
        "indicators": [{
            "id": "O", "source": "case", "window": {"kind": "now", "every": "5m"}, "formula": "n",
            "dimensions": ["org"], "measures": {"n": {"agg": "count"}}, **HIGH,
        }],
    }  # fmt: skip
    state = eager(initial(plan_of(raw)))
    orgs = Column(np.array([0, 0, 1], np.int32), None, None, ["north", "south"])
    times = np.full(3, at("08:00:00"))
    raised = step(state, [Batch("case", times, np.arange(3, dtype=np.int32), ["1", "2", "3"], {"org": orgs})], times[0])
    for hours in range(1, 20):
        raised = step(state, (), at("08:00:00") + hours * 60 * MINUTE)
    assert len(state.intakes["case"].entities) == 3
    assert {group[1] for group in state.publications[0].deriver.groups.all} == {None, ("north",), ("south",)}
    assert not raised.alarms


@pytest.mark.parametrize("formula", ["n", "if(n > 0, n, null)"])
def test_a_group_whose_alarm_is_over_is_given_up_like_any_other(formula):
    limits = {"direction": "down", "thresholds": {"yellow": 2, "off_delay": "5m"}}
    raw = bundle(
        indicator("A", formula, {"n": {"agg": "count"}}, dimensions=["station"], **limits), source={"lateness": "0s"}
    )
    state, told, held = eager(initial(plan_of(raw))), [], []
    run(state, [(at("08:01:00") + row, "a", None, 1) for row in (0, 1, 2)], at("08:01:00"))
    for minutes in range(5, 180, 5):
        # its last rows are too few for an alarm
        rows = [(START + minutes * MINUTE, name, None, 1) for name in (("a", "b") if minutes < 20 else ("b",))]
        outputs = run(state, rows, START + minutes * MINUTE)
        told += [(one.kind, one.dims) for one in outputs.alarms if one.dims]
        held.append(("", ("a",)) in state.publications[0].deriver.groups.all)
    station = (("station", "a"),)
    assert told == [("raised", station), ("cleared", station)]
    assert held[0]
    assert not held[-1]


def test_below_the_floor_and_between_two_looks_nothing_is_given_up():
    state = initial(PLAN)
    run(state, [(START, "a", None, 1)], START)
    state.expiry.floor, state.expiry.idle_share = 1, 0.0
    state.expire(START)  # a look: all are live
    run(state, [(at("08:40:00"), "b", None, 1)], at("08:09:00"))
    assert not state.expiry.given_up


def ten_thousand_at_a_time(first: int, time: int) -> Batch:
    names = [f"meter-{first + at}" for at in range(1_000)]
    return Batch(
        "rain", np.full(1_000, time), np.arange(1_000, dtype=np.int32), names,
        {"mm": Column(np.ones(1_000, np.int64), None, 1)},
    )  # fmt: skip


def test_a_hundred_thousand_entities_of_which_a_thousand_are_active_take_the_memory_of_some_thousands():
    plan = plan_of(
        bundle(
            indicator("N", "n", {"n": {"agg": "sum", "field": "mm"}}, dimensions=["station"], size="1m"),
            indicator("P", "p", {"p": {"agg": "distinct", "field": "station"}}, size="1m"),
            source={"lateness": "0s", "disorder": "0s", "stale_after": None},
        )
    )
    state, most, bytes_ = initial(plan), 0, []
    for minute in range(100):
        now = START + minute * MINUTE
        step(state, [ten_thousand_at_a_time(minute * 1_000, now)], now + 59_000)
        most = max(most, *state.expiry.held().values())
        if minute >= 20:
            bytes_.append(sum(map(len, state.snapshot().values())))
    assert most <= 20_000
    assert max(bytes_) < 2 * max(bytes_[:20])
    assert state.expiry.given_up["entities/rain"] >= 80_000


@pytest.mark.service
def test_a_checkpoint_on_the_server_stays_as_small_as_what_is_active(redis_client: redis.Redis) -> None:
    raw = json.loads(traffic().replace('"lateness": "26h"', '"lateness": "0s"'))
    serving = Serving(redis_client, World(WORLD, "replay", WorldClock(NOON, real_ms(), 1.0), started_ms=1), load(raw))
    serving.begin(real_ms())
    sizes, place = [], b"0-0"
    for minute in range(60):
        now = NOON + minute * MINUTE
        serving.world = World(WORLD, "replay", WorldClock(now + 59_000, real_ms(), 1.0), started_ms=1)
        send_packed(redis_client, [(now, f"road-{minute}-{road}", 300) for road in range(1_000)])
        read: list[Any] = redis_client.xrange(STREAM, min=f"({place.decode()}")  # type: ignore[assignment]
        read = [(entry, [part for pair in fields.items() for part in pair]) for entry, fields in read]
        place = read[-1][0]
        serving.receive(STREAM, read)
        serving.advance(real_ms())
        serving.commit(real_ms())
        sizes.append(
            sum(redis_client.memory_usage(keys.engine(WORLD, f"checkpoint:{one}"), samples=0) or 0 for one in "ab")
        )
    assert max(sizes[30:]) < 1.3 * max(sizes[:30])
    assert redis_client.hlen(keys.engine(WORLD, "latest")) <= 2 * serving.codes()["groups"][0] < 40_000
    assert followed(redis_client) == {name.decode() for name in redis_client.hkeys(keys.engine(WORLD, "latest"))}
    held, given_up = serving.codes()["entities"]
    assert held < 10_000 < given_up
    again = Serving(redis_client, serving.world, load(raw))
    assert again.begin(real_ms()) == []
    assert again.codes()["entities"][0] == held


def followed(client: redis.Redis) -> set[str]:
    """The series that a reader of `values` holds at the end."""
    held: set[str] = set()
    for _, entry in client.xrange(keys.engine(WORLD, "values")):
        held |= {value.series for value in unpack_values(entry[b"b"])}
        held -= set(msgpack.unpackb(entry.get(b"gone", b"\x90")))
    return held
