"""Calendars: open time and its inverse, against a count minute by minute."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calendar import NEVER, Calendar
from metrics.intervals import Intervals, joined
from metrics.window import HOUR_MS, LOCAL, MINUTE_MS
from metrics.worked import after_ms, worked_ms

OFFICE = {
    "week": {day: ["09:00-12:00", "14:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": ["2024-10-01", "2024-10-02", "2024-10-03"],
    "workdays": ["2024-10-12"],
}
NIGHT = {"daily": ["22:00-06:00"]}
LATE_SHIFT = {"week": {"fri": ["20:00-02:00"], "sun": ["23:00-01:00"]}, "holidays": ["2024-10-05"]}


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=LOCAL).timestamp() * 1000)


def at(*texts):
    return np.array([ms(text) for text in texts], np.int64)


def open_by_minute(raw, minute_ms):
    """The page, read for one minute: the day's own hours, and those of the day before that run over midnight."""
    local = datetime.fromtimestamp(minute_ms / 1000, LOCAL)
    holidays, workdays = raw.get("holidays", []), raw.get("workdays", [])
    if local.date().isoformat() in holidays:
        return False

    def hours(day):
        if day.isoformat() in holidays:
            return []
        if "daily" in raw:
            return raw["daily"]
        own = raw["week"].get(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()], [])
        return own or (raw["week"].get("mon", []) if day.isoformat() in workdays else [])

    clock = local.strftime("%H:%M")
    today = any(
        start <= clock < end if start < end else clock >= start
        for start, end in (span.split("-") for span in hours(local.date()))
    )
    yesterday = hours(local.date() - timedelta(days=1))
    return today or any(end < start and clock < end for start, end in (span.split("-") for span in yesterday))


@pytest.mark.parametrize("raw", [OFFICE, NIGHT, LATE_SHIFT], ids=["office", "night", "late shift"])
def test_three_weeks_are_open_minute_by_minute_as_declared(raw):
    calendar = Calendar.read(raw)
    minutes = np.arange(ms("2024-09-25"), ms("2024-10-16"), 5 * MINUTE_MS, dtype=np.int64)
    told = calendar.is_open(minutes)
    assert told.tolist() == [open_by_minute(raw, minute) for minute in minutes.tolist()]
    total = calendar.open_ms(minutes[:1], minutes[-1:] + 5 * MINUTE_MS)
    assert total.tolist() == [int(told.sum()) * 5 * MINUTE_MS]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([OFFICE, NIGHT, LATE_SHIFT]),
    st.integers(ms("2024-09-25"), ms("2024-10-16")),
    st.integers(1, 200 * HOUR_MS),
)
def test_after_is_the_first_instant_at_which_the_open_time_has_passed(raw, start, amount):
    calendar = Calendar.read(raw)
    begin = np.array([start], np.int64)
    found = calendar.after(begin, np.array([amount], np.int64))
    assert calendar.open_ms(begin, found).tolist() == [amount]
    assert calendar.open_ms(begin, found - 1).tolist() == [amount - 1]


def test_office_hours_over_lunch_a_holiday_and_a_working_saturday():
    calendar = Calendar.read(OFFICE)
    start = at("2024-09-30 11:00", "2024-10-11 17:00", "2024-10-04 18:00", "2024-10-04 12:00")
    end = at("2024-10-04 09:30", "2024-10-12 10:00", "2024-10-06 10:00", "2024-10-04 09:00")
    assert (calendar.open_ms(start, end) / HOUR_MS).tolist() == [1 + 4 + 0.5, 1 + 1, 0, 0]


def test_no_time_has_passed_at_once_and_a_full_morning_at_noon():
    calendar = Calendar.read(OFFICE)
    start = at("2024-09-28 10:00", "2024-09-30 09:00", "2024-09-30 18:00")
    amounts = np.array([0, 3 * HOUR_MS, 1], np.int64)
    assert calendar.after(start, amounts).tolist() == [start[0], ms("2024-09-30 12:00"), ms("2024-10-04 09:00") + 1]


def test_a_calendar_that_never_opens_never_comes_to_an_end():
    shut = Calendar.read({"week": {}})
    start = at("2024-10-01")
    assert shut.after(start, np.array([1], np.int64)).tolist() == [NEVER]
    assert shut.open_ms(start, start + 10 * HOUR_MS).tolist() == [0]


def test_always_counts_every_millisecond():
    calendar = Calendar.always()
    start = np.array([-5, 7], np.int64)
    assert calendar.open_ms(start, start + 123).tolist() == [123, 123]
    assert calendar.after(start, np.array([10, 2**40], np.int64)).tolist() == [5, 7 + 2**40]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "week:0: missing-key"),
        ({"week": {}, "daily": []}, "daily:0: duplicate"),
        ({"week": {"mo": []}}, "week.mo:0: unknown-key"),
        ({"daily": ["9-12"]}, "daily:0: literal"),
        ({"daily": ["24:00-06:00"]}, "daily:0: literal"),
        ({"daily": [], "holidays": ["2024-02-30"]}, "holidays:0: literal"),
        ({"daily": [], "holidays": ["2024-10-01"], "workdays": ["2024-10-01"]}, "workdays:0: duplicate"),
    ],
)
def test_a_wrong_calendar_says_where(raw, said):
    with pytest.raises(ValueError, match=f"sources.toml:{said}"):
        Calendar.read(raw)


# Holds.


def test_holds_are_taken_out_of_the_time_worked():
    calendar = Calendar.read(OFFICE)
    start, end = at("2024-10-08 09:00", "2024-10-08 09:00"), at("2024-10-09 09:00", "2024-10-09 09:00")
    holds = joined([(ms("2024-10-08 11:00"), ms("2024-10-08 15:00")), (ms("2024-10-08 17:00"), None)])
    spent = worked_ms(calendar, start, end, Intervals(np.array([0, 1], np.int32), [holds, ()]))
    assert (spent / HOUR_MS).tolist() == [4, 7]


def test_after_waits_for_the_end_of_a_hold_and_never_ends_in_an_open_one():
    calendar = Calendar.read(OFFICE)
    start = at("2024-10-08 09:00", "2024-10-08 09:00", "2024-10-08 09:00")
    held = (ms("2024-10-08 10:00"), ms("2024-10-08 15:00"))
    holds = Intervals(np.array([0, 1, 2], np.int32), [(held,), ((held[0], None),), ((ms("2024-10-08 11:00"), None),)])
    amounts = np.full(3, 2 * HOUR_MS, np.int64)
    assert after_ms(calendar, start, amounts, holds).tolist() == [
        ms("2024-10-08 16:00"),
        NEVER,
        ms("2024-10-08 11:00"),
    ]


HOUR = st.integers(0, 24 * 7)


@settings(max_examples=200, deadline=None)
@given(HOUR, st.integers(1, 60), st.lists(st.tuples(HOUR, HOUR), max_size=4))
def test_after_with_holds_is_where_the_time_worked_reaches_the_amount(begin, hours, spans):
    calendar = Calendar.read(OFFICE)
    base = ms("2024-09-27")
    start = np.array([base + begin * HOUR_MS], np.int64)
    amount = np.array([hours * HOUR_MS], np.int64)
    spans = joined((base + left * HOUR_MS, base + right * HOUR_MS) for left, right in spans)
    holds = Intervals(np.array([0], np.int32), [spans])
    found = after_ms(calendar, start, amount, holds)
    assert worked_ms(calendar, start, found, holds).tolist() == amount.tolist()
    assert worked_ms(calendar, start, found - 1, holds).tolist() == (amount - 1).tolist()


def test_intervals_are_sorted_merged_and_keep_an_open_end():
    assert joined([(5, 9), (1, 3), (3, 4), (8, None), (7, 7)]) == ((1, 4), (5, None))
