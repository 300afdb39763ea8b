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
