"""Where recorded instants stand in event time: as recorded, looped, or moved to today."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ioc.sources.replay import wait_s
from ioc.sources.timeline import DAY_MS, WEEK_MS, NoSuchMoment, Timeline
from metrics.clock import WorldClock

QUARTER = 900_000
FIRST = 1_420_041_600_000  # Thursday 2015-01-01 00:00 in Shanghai


def days(count: int, *, loop: bool = False) -> Timeline:
    return Timeline(FIRST + np.arange(count * 96, dtype=np.int64) * QUARTER, QUARTER, loop=loop)


def test_an_instant_is_due_when_the_clock_reaches_it_and_once_only() -> None:
    line = days(1)
    assert line.due(FIRST - 1, FIRST - 1)[0].tolist() == []
    assert line.due(FIRST - 1, FIRST)[0].tolist() == [FIRST]
    assert line.due(FIRST, FIRST + QUARTER)[0].tolist() == [FIRST + QUARTER]
    assert line.next_ms(FIRST) == FIRST + QUARTER


def test_at_the_end_nothing_is_due_any_more() -> None:
    line = days(1)
    last = FIRST + DAY_MS - QUARTER
    assert line.end_ms == FIRST + DAY_MS
    assert line.next_ms(last) is None
    assert line.due(last, last + WEEK_MS)[0].tolist() == []


def test_a_loop_of_24_days_goes_on_with_its_last_three_weeks_without_a_gap() -> None:
    line = days(24, loop=True)
    times, numbers = line.due(FIRST - 1, FIRST + 90 * DAY_MS - 1)
    assert set(np.diff(times).tolist()) == {QUARTER}
    assert len(times) == 90 * 96
    # behind the last recorded day (Saturday 24th) comes Sunday the 4th, three weeks moved
    assert numbers[24 * 96] == 3 * 96
    recorded = FIRST + numbers * QUARTER
    assert set(((times - recorded) % WEEK_MS).tolist()) == {0}
    assert line.end_ms is None


def test_a_loop_gives_the_same_whether_asked_in_one_step_or_many() -> None:
    line = days(24, loop=True)
    cuts = [FIRST - 1, FIRST + 24 * DAY_MS, FIRST + 45 * DAY_MS - 1, FIRST + 45 * DAY_MS, FIRST + 70 * DAY_MS]
    parts = [line.due(after, until) for after, until in pairwise(cuts)]
    times, numbers = line.due(cuts[0], cuts[-1])
    assert np.concatenate([part[0] for part in parts]).tolist() == times.tolist()
    assert np.concatenate([part[1] for part in parts]).tolist() == numbers.tolist()


def test_next_crosses_from_one_lap_to_the_next() -> None:
    line = days(24, loop=True)
    end = FIRST + 24 * DAY_MS
    assert line.next_ms(end - QUARTER) == end
    assert line.next_ms(end + 21 * DAY_MS - QUARTER) == end + 21 * DAY_MS


def test_a_recording_of_two_days_loops_once_a_week() -> None:
    line = days(2, loop=True)
    times, numbers = line.due(FIRST - 1, FIRST + 9 * DAY_MS - 1)
    assert len(times) == 4 * 96
    assert (times[192], numbers[192]) == (FIRST + WEEK_MS, 0)
    assert line.next_ms(FIRST + 2 * DAY_MS - QUARTER) == FIRST + WEEK_MS


def test_the_recorded_time_is_known_behind_any_number_of_laps() -> None:
    line = days(24, loop=True)
    assert line.recorded_ms(FIRST + 5 * DAY_MS) == FIRST + 5 * DAY_MS
    assert line.recorded_ms(FIRST + 24 * DAY_MS) == FIRST + 3 * DAY_MS
    assert line.recorded_ms(FIRST + 24 * DAY_MS + 42 * DAY_MS) == FIRST + 3 * DAY_MS


def test_moved_to_today_weekday_and_time_of_day_stay() -> None:
    now = 1_795_378_725_620  # Monday 2026-11-23 04:18:45.620 in Shanghai
    line = days(24).moved_to(now)
    assert line.shift_ms % WEEK_MS == 0
    assert line.recorded_ms(now) == 1_420_402_725_620  # Monday 2015-01-05 04:18:45.620
    assert line.next_ms(now) == 1_795_379_400_000  # 04:30


def test_moved_to_today_there_is_a_day_to_compare_with() -> None:
    thursday_noon = FIRST + 600 * WEEK_MS + DAY_MS // 2
    line = days(24).moved_to(thursday_noon)
    assert line.recorded_ms(thursday_noon) == FIRST + WEEK_MS + DAY_MS // 2


def test_a_recording_without_this_weekday_cannot_be_moved_to_today() -> None:
    sunday = FIRST + 600 * WEEK_MS + 3 * DAY_MS
    with pytest.raises(NoSuchMoment):
        days(2).moved_to(sunday)


def test_at_speed_60_a_quarter_of_an_hour_is_fifteen_seconds() -> None:
    clock = WorldClock(FIRST, 1_000_000, 60.0)
    assert wait_s(clock, FIRST + QUARTER, 1_000_000) == 15.0
    assert wait_s(clock, FIRST + QUARTER, 1_010_000) == 5.0
    assert wait_s(clock, FIRST, 1_010_000) == 0.001
