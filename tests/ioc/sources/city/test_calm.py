"""A calm city is calm: on a dry weekday on which nothing goes wrong hardly any alarm stands."""

from __future__ import annotations

import numpy as np
import pytest

from ioc.sources.city.city import City
from ioc.sources.city.conditions import Conditions
from tests.ioc.sources.city.day import THIN, run
from tests.ioc.sources.city.whole import HOUR, MINUTE, MONDAY, SEED, bundle

pytestmark = pytest.mark.service

DAY = 24 * HOUR
NOON = MONDAY + 16 * DAY + 12 * HOUR  # Wednesday 17 June 2026
HAPPENINGS = ("metro_failure", "crowd", "gas_leak", "smell", "evacuation")


def dry(conditions: Conditions) -> bool:
    """No rain from the evening before on."""
    times = np.arange(NOON - 18 * HOUR, NOON + 3 * HOUR, 5 * MINUTE)
    places = range(len(conditions.codes))
    return not any(conditions.rain(times, np.full(len(times), at, np.int32)).any() for at in places)


def test_on_a_dry_weekday_afternoon_at_most_ten_alarms_stand_and_none_is_red() -> None:
    city = City(bundle(), seed=SEED, rate=200, intervals=THIN)
    assert dry(city.conditions)
    assert not any(city.conditions.acting(kind, NOON, NOON + 3 * HOUR) for kind in HAPPENINGS)
    standing = run(bundle(), city, NOON, NOON + 3 * HOUR).standing()
    told = [(one.indicator, one.region, one.dims, one.level_after, one.value) for one in standing]
    assert len(told) <= 10, told
    assert not [one for one in told if one[3] == "red"]


RUSH = MONDAY + 24 * DAY + 18 * HOUR + 30 * MINUTE  # Thursday 25 June 2026, 35 degrees at noon


def test_in_the_evening_rush_of_a_hot_day_at_most_25_alarms_stand_and_each_is_one_to_act_on() -> None:
    city = City(bundle(), seed=SEED, rate=200, intervals=THIN)
    assert city.conditions.temperature(np.array([RUSH - 4 * HOUR])).max() > 33
    assert not any(city.conditions.acting(kind, RUSH - 5 * HOUR, RUSH) for kind in HAPPENINGS)
    # What counts the day from midnight cannot be judged by a world that opens in the afternoon.
    whole_days = {one["id"] for one in bundle()["indicators"] if one.get("window", {}).get("kind") == "day_to_date"}
    course = run(bundle(), city, RUSH - 3 * HOUR - 30 * MINUTE, RUSH, levels=("district", "subdistrict"))
    told = [
        (one.indicator, one.region, one.dims, one.level_after, one.value)
        for one in course.standing()
        if one.indicator not in whole_days
    ]
    assert len(told) <= 25, told
    assert {one[0] for one in told if one[3] == "red"} <= {"T3r"}, told  # a road that stands still for half an hour
    slow = [one for one in told if one[0] in {"T1", "T2", "T3", "T3r"}]
    assert 1 <= len(slow) <= 12, told  # worse than a rush, and not everywhere
