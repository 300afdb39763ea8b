"""Simulated traffic: the same for the same seed and time, with the shape of days and weeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ioc.packs.bundle import build
from ioc.sources.simulation import RoadModel

HOUR = 3_600_000
MONDAY = 1_780_243_200_000  # Monday 2026-06-01 00:00 in Shanghai
ROADS: list[dict[str, Any]] = [
    {"id": "e1", "class": "expressway", "corridor": "x"},
    {"id": "a1", "class": "arterial", "corridor": "x"},
    {"id": "a2", "class": "arterial", "corridor": "x"},
    {"id": "a3", "class": "arterial", "corridor": "y"},
    {"id": "s1", "class": "secondary", "corridor": "y"},
]


def mean_speed(model: RoadModel, day: int, hour: float) -> float:
    """Mean of all roads over half an hour, km/h."""
    start = MONDAY + day * 24 * HOUR + int(hour * HOUR)
    return float(model.rows(start - 1, start + HOUR // 2).fields["speed"].values.mean()) / 100


def mean_of_weeks(hour: float, day: int) -> float:
    """The same half hour over eight weeks: the shape without its wandering."""
    model = RoadModel(ROADS)
    return float(np.mean([mean_speed(model, day + 7 * week, hour) for week in range(8)]))


def test_the_same_seed_and_time_give_the_same_rows_however_they_are_asked_for() -> None:
    at_once = RoadModel(ROADS, seed=7).rows(MONDAY, MONDAY + HOUR)
    model = RoadModel(ROADS, seed=7)
    first, second = model.rows(MONDAY, MONDAY + 777_777), model.rows(MONDAY + 777_777, MONDAY + HOUR)
    assert len(at_once) == 5 * 120
    assert np.concatenate([first.time, second.time]).tolist() == at_once.time.tolist()
    speeds = np.concatenate([first.fields["speed"].values, second.fields["speed"].values])
    assert speeds.tolist() == at_once.fields["speed"].values.tolist()


def test_another_seed_gives_other_speeds() -> None:
    one, two = (
        RoadModel(ROADS, seed=1).rows(MONDAY, MONDAY + HOUR),
        RoadModel(ROADS, seed=2).rows(MONDAY, MONDAY + HOUR),
    )
    assert one.time.tolist() == two.time.tolist()
    assert one.fields["speed"].values.tolist() != two.fields["speed"].values.tolist()


def test_roads_report_every_30_s_one_after_the_other() -> None:
    rows = RoadModel(ROADS).rows(MONDAY - 1, MONDAY + 60_000 - 1)
    assert rows.time.tolist() == [MONDAY + step for step in range(0, 60_000, 6_000)]
    assert [rows.entity.dictionary[code] for code in rows.entity.values[:6]] == ["e1", "a1", "a2", "a3", "s1", "e1"]


def test_the_evening_rush_of_a_working_day_is_slower_than_its_night() -> None:
    assert mean_of_weeks(18.0, day=1) < 0.75 * mean_of_weeks(3.5, day=1)


def test_sunday_morning_is_faster_than_monday_morning() -> None:
    assert mean_of_weeks(8.0, day=6) > 1.1 * mean_of_weeks(8.0, day=0)


def test_friday_evening_is_the_slowest_of_the_week() -> None:
    evenings = [mean_of_weeks(18.5, day) for day in range(7)]
    assert evenings.index(min(evenings)) == 4


def test_roads_of_one_corridor_slow_together_more_than_roads_of_two() -> None:
    rows = RoadModel(ROADS).rows(MONDAY, MONDAY + 14 * 24 * HOUR)
    speeds = rows.fields["speed"].values.astype(float)
    by_road = {code: speeds[rows.entity.values == code] for code in range(5)}
    hours = (rows.time[rows.entity.values == 1] + 8 * HOUR) % (24 * HOUR) // HOUR
    rush = (hours >= 17) & (hours < 20)  # one time of day, so that the day's shape does not make all roads alike
    together = np.corrcoef(by_road[1][rush], by_road[2][rush])[0, 1]
    apart = np.corrcoef(by_road[1][rush], by_road[3][rush])[0, 1]
    assert together > apart + 0.1


def test_a_fortnight_of_the_shipped_roads_keeps_within_the_contract_and_knows_every_road_state() -> None:
    bundle = build()
    roads = bundle["registries"]["roads"]
    rows = RoadModel(roads).rows(MONDAY, MONDAY + 14 * 24 * HOUR)
    speeds = rows.fields["speed"].values / 100
    assert len(rows) == len(roads) * 14 * 2880
    assert 3 <= speeds.min() <= speeds.max() <= 110
    assert rows.fields["vehicles"].values.min() >= 1
    arterial = np.array([road["class"] == "arterial" for road in roads])[rows.entity.values]
    states = np.digitize(speeds[arterial], [15, 20, 30, 40])
    shares = np.bincount(states, minlength=5) / len(states)
    assert shares.min() > 0.0005
    assert shares[4] > 0.3  # most of a week is free or nearly so


def test_a_model_without_roads_is_refused() -> None:
    with pytest.raises(ValueError, match="needs roads"):
        RoadModel([])
