"""Day types follow the State Council's calendar, and the weekday where it is not known."""

from __future__ import annotations

from datetime import date

import numpy as np

from metrics.holiday import REST, WORK, day_type, day_types


def days(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


def test_new_year_is_rest_and_the_sunday_worked_for_it_is_work() -> None:
    assert day_type(days(2015, 1, 2)) == (REST, True)  # a Friday
    assert day_type(days(2015, 1, 4)) == (WORK, True)  # a Sunday


def test_national_day_is_rest_for_a_week_and_two_weekend_days_are_worked() -> None:
    assert [day_type(days(2024, 10, day))[0] for day in range(1, 8)] == [REST] * 7
    assert day_type(days(2024, 9, 29)) == (WORK, True)
    assert day_type(days(2024, 10, 12)) == (WORK, True)


def test_an_ordinary_week_is_five_days_of_work() -> None:
    assert [day_type(days(2023, 3, day))[0] for day in range(13, 20)] == [WORK] * 5 + [REST] * 2


def test_of_an_unknown_year_only_the_weekday_speaks_and_that_is_said() -> None:
    assert day_type(days(1999, 10, 1)) == (WORK, False)  # National Day, a Friday
    assert day_type(days(1999, 10, 2)) == (REST, False)
    assert day_type(days(2999, 1, 5)) == (REST, False)  # a Saturday


def test_a_day_without_a_date_has_a_weekday_all_the_same() -> None:
    assert day_type(-800_000) == (REST, False)
    assert day_type(-800_000 + 2) == (WORK, False)


def test_the_day_is_that_of_shanghai() -> None:
    # 2015-01-04T23:30 and 2015-01-03T23:30 in Shanghai, both on the day before in UTC
    types, known = day_types(np.array([[1_420_385_400_000, 1_420_299_000_000]]))
    assert types.tolist() == [[WORK, REST]]
    assert known.tolist() == [[True, True]]
