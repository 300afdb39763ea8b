"""A deadline is used up by open time alone, and says of each stretch what it cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain.deadline import Segment, deadline, hold, resume, stop
from metrics.calendar import Calendar

HOUR = 3_600_000
MONDAY = 1789920000000  # 2026-09-21 00:00 in Shanghai
HOURS = ["09:00-12:00", "14:00-18:00"]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), HOURS)
OFFICE = Calendar.read({"week": WEEK, "holidays": ["2026-10-01"]})
ALWAYS = Calendar.always()


def begun(at_ms: int) -> tuple[Segment, ...]:
    return (Segment(at_ms, None, running=True),)


def at(day: int, hour: float) -> int:
    return MONDAY + int((24 * day + hour) * HOUR)


def test_nights_and_lunch_do_not_count():
    found = deadline(5 * HOUR, begun(at(0, 16)), OFFICE, at(1, 10))
    assert (found.used_ms, found.due_ms, found.state) == (3 * HOUR, at(1, 12), "running")
    later = deadline(5 * HOUR, begun(at(0, 16)), OFFICE, at(1, 15))
    assert (later.late_ms, later.due_ms, later.state) == (HOUR, at(1, 12), "overdue")


def test_a_holiday_moves_the_due_time_to_the_next_working_day():
    found = deadline(2 * HOUR, begun(at(9, 17)), OFFICE, at(9, 17))  # 30 September, a Wednesday
    assert found.due_ms == at(11, 10)


def test_a_hold_stops_the_clock_and_says_why_and_nobody_knows_then_when_it_is_due():
    held = hold(begun(at(0, 9)), at(0, 10), "等设备")
    while_held = deadline(2 * HOUR, held, OFFICE, at(0, 15))
    assert (while_held.used_ms, while_held.due_ms, while_held.state) == (HOUR, None, "held")
    going = deadline(2 * HOUR, resume(held, at(0, 15)), OFFICE, at(0, 15.5))
    assert (going.due_ms, going.state) == (at(0, 16), "running")
    assert [(each.segment.why, each.open_ms, each.left_ms) for each in going.counted] == [
        ("", HOUR, HOUR), ("等设备", 0, HOUR), ("", HOUR // 2, HOUR // 2),
    ]  # fmt: skip


def test_what_was_due_before_a_hold_stays_overdue_in_it():
    found = deadline(HOUR, hold(begun(at(0, 9)), at(0, 11), "x"), OFFICE, at(0, 15))
    assert (found.due_ms, found.late_ms, found.state) == (at(0, 10), HOUR, "overdue")


def test_a_clock_that_has_stopped_stands_for_ever():
    ended = stop(begun(at(0, 9)), at(0, 10))
    assert deadline(2 * HOUR, ended, OFFICE, at(3, 9)) == deadline(2 * HOUR, ended, OFFICE, at(9, 9))
    for turn in (lambda: hold(ended, at(0, 11), "x"), lambda: resume(ended, at(0, 11)), lambda: stop(ended, at(1, 0))):
        with pytest.raises(ValueError, match="stopped"):
            turn()


def test_a_clock_is_neither_held_nor_let_go_twice_nor_before_it_began():
    with pytest.raises(ValueError, match="runs"):
        resume(begun(0), 1)
    with pytest.raises(ValueError, match="held"):
        hold(hold(begun(0), 1, "x"), 2, "y")
    with pytest.raises(ValueError, match="before"):
        hold(begun(5), 1, "x")
    with pytest.raises(ValueError, match="touch"):
        deadline(1, (Segment(0, 1, True), Segment(2, None, True)), ALWAYS, 3)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=9), st.integers(1, 2000), st.integers(0, 400))
def test_held_or_not_the_running_time_is_what_is_used_and_due_is_where_it_is_used_up(turns, owed_min, rest):
    minute, segments, now = 60_000, begun(0), 0
    for number, minutes in enumerate(turns):
        now += minutes * minute
        segments = hold(segments, now, "x") if number % 2 == 0 else resume(segments, now)
    now += rest * minute
    ran = sum(turns[0::2]) + (rest if len(turns) % 2 == 0 else 0)
    found = deadline(owed_min * minute, segments, ALWAYS, now)
    assert found.used_ms == ran * minute
    assert found.late_ms == max(0, ran - owed_min) * minute
    if found.due_ms is not None and found.due_ms <= now:
        spent = sum(
            max(0, min(found.due_ms, now if each.end_ms is None else each.end_ms) - each.start_ms)
            for each in segments if each.running
        )  # fmt: skip
        assert spent == owed_min * minute
