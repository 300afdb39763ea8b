"""Windows on the calendar of Asia/Shanghai."""

import pytest

from metrics.window import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Window,
    duration_text,
    floor_to_grid,
    parse_duration,
    period_end,
    period_start,
)
from tests.metrics.engine_worlds import at


def test_a_duration_is_a_whole_number_and_a_unit():
    assert parse_duration("90s") == 90_000
    assert parse_duration("2h") == 7_200_000
    assert parse_duration("1w") == 604_800_000


def test_a_duration_is_written_in_the_greatest_unit_that_divides_it():
    assert [duration_text(ms) for ms in (90_000, 7_200_000, 604_800_000, 1_500)] == ["90s", "2h", "7d", "1500ms"]


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-1m", "1.5h", "5 m", "1mo"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_the_grid_counts_from_local_midnight():
    assert floor_to_grid(at("08:00:00"), 6 * HOUR_MS) == at("06:00:00")
    assert floor_to_grid(at("00:00:00"), DAY_MS) == at("00:00:00")
    assert floor_to_grid(at("23:59:59.999"), DAY_MS) == at("00:00:00")


def test_an_event_on_the_edge_belongs_to_the_new_window():
    five = Window.tumbling(5 * MINUTE_MS)
    assert five.after(at("08:05:00")) == at("08:10:00")
    assert five.after(at("08:04:59.999")) == at("08:05:00")
    assert five.start(at("08:05:00")) == at("08:00:00")


def test_weeks_begin_on_monday():
    week = Window.tumbling(7 * DAY_MS)
    assert week.after(at("00:00:00", "2024-06-03")) == at("00:00:00", "2024-06-10")
    assert week.after(at("23:59:59.999", "2024-06-02")) == at("00:00:00", "2024-06-03")
    assert week.start(at("00:00:00", "2024-06-10")) == at("00:00:00", "2024-06-03")


def test_months_and_years_have_their_own_lengths():
    assert period_start(at("12:00:00", "2024-02-29"), "month") == at("00:00:00", "2024-02-01")
    assert period_end(at("12:00:00", "2024-02-29"), "month") == at("00:00:00", "2024-03-01")
    assert period_end(at("00:00:00", "2024-12-31"), "year") == at("00:00:00", "2025-01-01")
    month = Window("tumbling", 0, 0, "month")
    assert month.start(at("00:00:00", "2024-03-01")) == at("00:00:00", "2024-02-01")


def test_at_midnight_the_finished_day_is_whole():
    today = Window.to_date("day", 15 * MINUTE_MS)
    assert today.start(at("00:00:00", "2024-06-04")) == at("00:00:00", "2024-06-03")
    assert today.start(at("00:15:00", "2024-06-04")) == at("00:00:00", "2024-06-04")


def test_a_row_touches_every_sliding_window_that_contains_it():
    hour = Window.sliding(HOUR_MS, 15 * MINUTE_MS)
    assert list(hour.touched(at("08:00:00"), at("10:00:00"))) == [
        at("08:15:00"),
        at("08:30:00"),
        at("08:45:00"),
        at("09:00:00"),
    ]
    assert list(hour.touched(at("07:59:59.999"), at("08:30:00"))) == [at("08:00:00"), at("08:15:00"), at("08:30:00")]


def test_sizes_that_do_not_fit_the_day_are_refused():
    with pytest.raises(ValueError, match="divides one day"):
        Window.tumbling(7 * MINUTE_MS)
    with pytest.raises(ValueError, match="multiple of every"):
        Window.sliding(HOUR_MS, 25 * MINUTE_MS + 35 * MINUTE_MS + HOUR_MS)
