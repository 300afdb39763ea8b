"""Comparisons: earlier instants on the local calendar, z-scores and ranks."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from metrics.comparison import previous, rank_classes, ranks, same_time, weeks_before, zscore
from metrics.region import Region, Regions
from metrics.window import HOUR_MS, LOCAL, Window


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=LOCAL).timestamp() * 1000)


@pytest.mark.parametrize(
    ("end", "shift", "expected"),
    [
        ("2024-03-31T08:30", "1d", "2024-03-30T08:30"),
        ("2024-03-31T08:30", "1w", "2024-03-24T08:30"),
        ("2024-03-31T08:30", "1mo", "2024-02-29T08:30"),
        ("2023-03-31T08:30", "1mo", "2023-02-28T08:30"),
        ("2024-01-31T00:00", "1mo", "2023-12-31T00:00"),
        ("2024-02-29T23:45", "1y", "2023-02-28T23:45"),
    ],
)
def test_the_same_time_before_is_on_the_local_calendar_with_the_day_clipped(
    end: str, shift: str, expected: str
) -> None:
    assert same_time(ms(end), shift) == ms(expected)


@pytest.mark.parametrize(
    ("window", "end", "expected"),
    [
        (Window.tumbling(HOUR_MS), "2024-06-01T08:00", "2024-06-01T07:00"),
        (Window("tumbling", 0, 0, "month"), "2024-06-01T00:00", "2024-05-01T00:00"),
        (Window.sliding(6 * HOUR_MS, HOUR_MS), "2024-06-01T08:00", "2024-06-01T02:00"),
        (Window.to_date("day", HOUR_MS), "2024-06-01T08:00", "2024-05-31T08:00"),
        (Window.to_date("week", HOUR_MS), "2024-06-08T08:00", "2024-06-01T08:00"),
        (Window.to_date("month", HOUR_MS), "2024-07-31T08:00", "2024-06-30T08:00"),
        (Window.to_date("year", HOUR_MS), "2024-02-29T08:00", "2023-02-28T08:00"),
        (Window.now(HOUR_MS), "2024-06-01T08:00", "2024-06-01T07:00"),
        (Window.all(HOUR_MS), "2024-06-01T08:00", "2024-06-01T07:00"),
    ],
)
def test_the_window_before_follows_from_the_kind(window: Window, end: str, expected: str) -> None:
    assert previous(window, window, ms(end)) == ms(expected)


def test_the_stock_before_is_that_of_the_instant_before_of_the_indicator() -> None:
    grid = Window.tumbling(24 * HOUR_MS)
    assert previous(Window.now(24 * HOUR_MS), grid, ms("2024-06-02T00:00")) == ms("2024-06-01T00:00")


def test_the_weeks_before_have_the_same_weekday_and_time() -> None:
    assert weeks_before(ms("2024-06-15T08:15"), 2) == [ms("2024-06-08T08:15"), ms("2024-06-01T08:15")]


def z(now: float, before: list[float | None], least: int = 4, floor: float = 1.0) -> float | None:
    values = np.array([[value or 0.0] for value in before])
    known = np.array([[value is not None] for value in before])
    found, sure = zscore((np.array([now]), np.array([True])), (values, known), least, floor)
    return float(found[0]) if sure[0] else None


def test_a_zscore_uses_the_deviation_of_a_sample() -> None:
    assert z(20.0, [10.0, 12.0, 14.0, 16.0]) == pytest.approx((20 - 13) / np.std([10, 12, 14, 16], ddof=1))


def test_a_small_deviation_counts_as_the_floor() -> None:
    assert z(11.0, [10.0, 10.0, 10.0, 10.0], floor=2.0) == 0.5


def test_too_few_known_weeks_give_no_zscore() -> None:
    assert z(11.0, [10.0, None, 10.0, 10.0]) is None


def test_at_least_two_weeks_are_needed_whatever_min_says() -> None:
    assert z(11.0, [10.0], least=1) is None


def test_a_zscore_without_deviation_and_floor_is_null() -> None:
    assert z(11.0, [10.0, 10.0, 10.0, 10.0], floor=0.0) is None


REGIONS = Regions([Region("D", "", "district"), Region("A", "D", "subdistrict"), Region("B", "D", "subdistrict")])


def test_regions_are_ranked_among_their_level_and_rows_without_a_region_are_not() -> None:
    classes = rank_classes([("D", None), ("A", None), ("B", None), ("", None)], REGIONS)
    rank, ranked = ranks(np.array([[30.0, 10.0, 20.0, 99.0]]), np.ones((1, 4), np.bool_), classes, "up")
    assert rank.tolist() == [[1.0, 2.0, 1.0, 0.0]]
    assert ranked.tolist() == [[True, True, True, False]]


def test_groups_of_other_dimensions_are_ranked_apart() -> None:
    classes = rank_classes([("A", ("x",)), ("B", ("x",)), ("A", ("y",))], REGIONS)
    rank, _ = ranks(np.array([[1.0, 2.0, 0.0]]), np.ones((1, 3), np.bool_), classes, "down")
    assert rank.tolist() == [[1.0, 2.0, 1.0]]


def test_ties_share_the_smaller_rank_and_null_has_none() -> None:
    classes = rank_classes([("", ("a",)), ("", ("b",)), ("", ("c",)), ("", ("d",))], None)
    known = np.array([[True, True, True, False]])
    rank, ranked = ranks(np.array([[5.0, 7.0, 7.0, 9.0]]), known, classes, "context")
    assert rank.tolist() == [[3.0, 1.0, 1.0, 0.0]]
    assert ranked.tolist() == known.tolist()
