"""What comes: the first window in which a forecast reaches a level, by the limits in force in that window."""

from __future__ import annotations

import json

import pytest
import redis

from ioc.packs.bundle import build
from ioc.queries.attention import attention_view
from ioc.queries.outlooks import Coming, coming, crossings
from ioc.queries.standing_alarms import StandingAlarms
from metrics import keys
from metrics.calendar import Calendar
from metrics.outlook_entry import OutlookEntry
from metrics.threshold import Thresholds, Variant
from metrics.world import World, WorldClock

QUARTER = 900_000
NOON = 1_700_000_000_000 // QUARTER * QUARTER
LIMITS = Thresholds((("yellow", 4.0), ("orange", 6.0), ("red", 8.0)), "down")


def ahead(*values: float) -> list[tuple[int, float, float, float]]:
    return [(NOON + at * QUARTER, value, value - 1, value + 1) for at, value in enumerate(values, 1)]


def reached(forecast: list[tuple[int, float, float, float]], thresholds: Thresholds = LIMITS) -> list[tuple[int, str]]:
    return [((each.at_ms - NOON) // QUARTER, each.level) for each in crossings("T1", forecast, thresholds, {})]


def test_each_level_is_told_once_at_the_first_window_that_reaches_it() -> None:
    assert reached(ahead(3.0, 4.0, 5.9, 6.1, 4.5, 8.2)) == [(2, "yellow"), (4, "orange"), (6, "red")]
    assert reached(ahead(8.5, 5.0, 9.0)) == [(1, "red")]


def test_a_forecast_that_reaches_nothing_says_nothing() -> None:
    assert reached(ahead(1.0, 3.9, 2.0)) == []
    assert reached([]) == []


def test_of_what_is_better_when_it_is_more_the_fall_is_told() -> None:
    falling = Thresholds((("yellow", 90.0), ("red", 70.0)), "up")
    assert reached(ahead(95.0, 89.0, 60.0), falling) == [(2, "yellow"), (3, "red")]


def test_the_limits_are_those_that_are_in_force_then() -> None:
    always = Calendar.read({"daily": ["00:00-24:00"]})
    eased = Thresholds(LIMITS.limits, "down", variants=(Variant("always", (("yellow", 6.5),)),))
    found = list(crossings("T1", ahead(5.0, 7.0), eased, {"always": always}))
    assert [(each.level, each.limit) for each in found] == [("yellow", 6.5)]


def entry(forecast_at: int, *values: float) -> bytes:
    return OutlookEntry(1, forecast_at, (), forecast_at, tuple(ahead(*values)), 0.0, None, 0, "real").pack()


@pytest.mark.service
def test_what_is_told_is_fresh_and_of_the_whole_district(redis_client: redis.Redis) -> None:
    outlook = keys.engine("live", "outlook")
    redis_client.hset(outlook, mapping={
        "T7|440303|": entry(NOON, 50.0, 72.0), "P3|440303|": entry(NOON - 2 * 3_600_000, 9.0),
        "T1|440303001|": entry(NOON, 9.0), "T2|440303|": b"\xc1",
    })  # fmt: skip
    names = ["P3", "T1", "T2", "T7"]
    assert coming(redis_client, "live", None, names, NOON) == (
        Coming("T7", NOON + 2 * QUARTER, "yellow", 72.0, 70.0),
    )  # fmt: skip
    assert coming(redis_client, "live", None, names, NOON + 2 * QUARTER) == ()  # it is there, or it never came


@pytest.mark.service
def test_nobody_is_called_by_what_was_learnt_from_too_little(redis_client: redis.Redis) -> None:
    told = ahead(50.0, 72.0)
    band = tuple((end, 50.0, 0.0, 100.0, True) for end, *_ in told)
    cold = OutlookEntry(1, NOON, band, NOON, tuple(told), 0.0, None, 0, "real")
    redis_client.hset(keys.engine("live", "outlook"), "T7|440303|", cold.pack())
    assert coming(redis_client, "live", None, ["T7"], NOON) == ()


@pytest.mark.service
def test_of_a_group_only_what_is_worse_than_where_it_stands_is_told_with_its_name(redis_client: redis.Redis) -> None:
    lot = (("lot", "P07"),)
    climbs = OutlookEntry(
        1, NOON, (), NOON, tuple(ahead(88.0, 93.0)), 0.0, None, 0, "real", member=lot, value=86.0
    )  # fmt: skip
    redis_client.hset(keys.engine("live", "outlook"), "T10|440303|", climbs.pack())
    assert coming(redis_client, "live", None, ["T10"], NOON) == (
        Coming("T10", NOON + 2 * QUARTER, "orange", 93.0, 92.0, lot),
    )  # fmt: skip


@pytest.mark.service
def test_the_list_of_what_matters_says_what_comes(redis_client: redis.Redis) -> None:
    redis_client.set(keys.BUNDLE, json.dumps(build()))
    redis_client.hset(keys.WORLDS, "live", World("live", "live", WorldClock(NOON, NOON, 1.0)).to_json())
    redis_client.hset(keys.engine("live", "outlook"), "T7|440303|", entry(NOON, 86.0))
    found = attention_view(redis_client, StandingAlarms(redis_client), "live", NOON)
    assert [(each.indicator, each.level) for each in found.coming] == [("T7", "orange")]
