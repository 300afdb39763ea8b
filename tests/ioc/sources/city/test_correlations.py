"""What a duty officer would recognise: rain reaches roads, calls and cases; failures fill stations; heat uses power."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ioc.sources.city.model import Model
from tests.ioc.sources.city.whole import HOUR, MINUTE, MONDAY, cells, mean, models, script

NOON = MONDAY + 12 * HOUR
STORM = {"kind": "rain", "from": "1:00", "until": "4:00", "ramp": "0:20", "value": 70}


@lru_cache(maxsize=1)
def dry() -> dict[str, Model]:
    return models(script())


@lru_cache(maxsize=1)
def wet() -> dict[str, Model]:
    return models(script(STORM))


def count(model: Model, after: int, until: int, field: str = "", value: str = "") -> int:
    rows = model.rows(after, until)
    if rows is None:
        return 0
    return len(rows) if not field else sum(cell == value for cell in cells(rows, field))


def test_rain_falls_then_water_stands_then_rivers_rise() -> None:
    gauges = wet()["rain"].rows(NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert gauges is not None
    hour_mm = np.bincount(gauges.entity.values, gauges.fields["mm"].values / 10)
    assert 55 < hour_mm.mean() < 85
    before = wet()["water"].rows(NOON, NOON + HOUR - 1)
    storm = wet()["water"].rows(NOON + 3 * HOUR, NOON + 4 * HOUR)
    day_after = wet()["water"].rows(NOON + 20 * HOUR, NOON + 21 * HOUR)
    assert mean(before, "depth_cm") < 0.5
    assert mean(storm, "depth_cm") > 15
    assert mean(day_after, "depth_cm") < 0.5
    rose = wet()["water"].rows(NOON + 4 * HOUR, NOON + 5 * HOUR)
    assert rose is not None
    assert before is not None
    river = lambda rows: [name > "WP096" for name in cells(rows, None)]  # noqa: E731 - the last 24 of 120
    assert mean(rose, "level", river(rose)) > mean(before, "level", river(before)) + 1.0


def test_water_slows_the_roads_that_a_dry_day_leaves_alone() -> None:
    storm = wet()["traffic"].rows(NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert mean(storm, "speed") < 0.6 * mean(dry()["traffic"].rows(NOON + 3 * HOUR, NOON + 4 * HOUR), "speed")
    assert mean(wet()["traffic"].rows(NOON, NOON + HOUR - MINUTE), "speed") == mean(
        dry()["traffic"].rows(NOON, NOON + HOUR - MINUTE), "speed"
    )


def test_people_call_about_water_and_cases_follow() -> None:
    after, until = NOON + 2 * HOUR, NOON + 5 * HOUR
    assert count(dry()["request"], after, until, "topic", "积水") == 0
    assert count(wet()["request"], after, until, "topic", "积水") > 300
    assert count(wet()["call"], after, until) > 1.5 * count(dry()["call"], after, until)
    assert count(wet()["case"], after, until) > 1.5 * count(dry()["case"], after, until)
    assert count(wet()["road_event"], after, until, "kind", "flood") > 5
    assert count(dry()["road_event"], after, until, "kind", "flood") == 0


def test_a_storm_raises_the_flood_response() -> None:
    level = lambda city, at: cells(city["response"].opening(at), "level")[0]  # noqa: E731 - the flood plan is the first
    assert level(dry(), NOON + 3 * HOUR) == 0
    assert level(wet(), NOON + 3 * HOUR) == 4


def test_a_failing_metro_fills_its_station_and_no_other() -> None:
    failing = models(
        script({"kind": "metro_failure", "from": "1:00", "until": "2:00", "value": 1, "zones": ["老街站"]})
    )
    rows = failing["crowd"].rows(NOON + HOUR, NOON + 2 * HOUR)
    zones = failing["zone"].opening(NOON)
    assert rows is not None
    assert zones is not None
    station = cells(zones, None)[cells(zones, "zh").index("老街站")]
    here = [name == station for name in cells(rows, None)]
    calm = dry()["crowd"].rows(NOON + HOUR, NOON + 2 * HOUR)
    assert mean(rows, "density", here) > mean(calm, "density", here) + 2.0
    elsewhere = [not one for one in here]
    assert mean(rows, "density", elsewhere) == mean(calm, "density", elsewhere)
    assert count(failing["request"], NOON + HOUR, NOON + 2 * HOUR, "topic", "地铁故障") > 20


def test_a_hot_day_uses_power_and_fills_emergency_rooms() -> None:
    hot = models(script({"kind": "heat", "from": "0:00", "until": "23:00", "value": 9}))
    after, until = NOON + HOUR, NOON + 3 * HOUR
    power = [kind == "power" for kind in cells(hot["utilities"].rows(after, until), "kind")]
    assert mean(hot["utilities"].rows(after, until), "value", power) > 1.2 * mean(
        dry()["utilities"].rows(after, until), "value", power
    )
    assert mean(hot["bed"].rows(after, until), "occupied") > 1.2 * mean(dry()["bed"].rows(after, until), "occupied")


def test_leaking_gas_is_read_by_sensors_near_it_only() -> None:
    leak = {"kind": "gas_leak", "from": "1:00", "until": "2:00", "value": 45, "places": ["440303003"]}
    readings, calm = (
        city["iot"].rows(NOON + 80 * MINUTE, NOON + 81 * MINUTE) for city in (models(script(leak)), dry())
    )
    over = lambda rows: {  # noqa: E731
        name
        for name, value in zip(cells(rows, None), cells(rows, "reading"), strict=True)
        if name.startswith("GA") and value >= 20_000
    }
    assert len(over(readings)) >= 2
    assert over(calm) == set()


def test_an_ordinary_summer_month_has_rain_on_some_days_and_none_on_most_hours() -> None:
    from ioc.sources.city.conditions import Conditions
    from tests.ioc.sources.city.whole import SEED, town

    conditions = Conditions(town().codes, town().centres, SEED)
    hours = MONDAY + np.arange(30 * 24) * HOUR
    rain = conditions.rain(hours, np.full(len(hours), 2, np.int32))
    assert 0.01 < (rain > 0.5).mean() < 0.3
    assert 15 < conditions.temperature(hours).min() < conditions.temperature(hours).max() < 40


def test_a_day_of_work_has_more_tickets_than_a_sunday_and_a_holiday_is_a_sunday() -> None:
    tickets = models()["ticket"]
    day = lambda number: count(tickets, MONDAY + number * 24 * HOUR, MONDAY + (number + 1) * 24 * HOUR)  # noqa: E731
    tuesday, sunday, dragon_boat = day(1), day(6), day(18)  # Friday 19 June 2026 is a holiday
    assert sunday < 0.3 * tuesday
    assert dragon_boat < 0.3 * tuesday
