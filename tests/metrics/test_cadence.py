"""Steps between the rows of a table."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.cadence import Cadence, NotTheStep, cadence, local_iso

MINUTE = 60_000


def at(*minutes: float) -> np.ndarray:
    return np.array([round(minute * MINUTE) for minute in minutes], np.int64)


def test_rows_of_one_step_are_one_step_apart() -> None:
    beat = cadence(at(0, 15, 30), 15 * MINUTE)
    assert beat == Cadence(15 * MINUTE, 1)
    assert beat.gaps(at(0, 15, 30), None).tolist() == [1, 1, 1]


def test_missing_rows_are_counted_and_rows_a_little_off_are_not() -> None:
    beat = Cadence(15 * MINUTE, 1)
    assert beat.gaps(at(0, 16, 59, 60), None).tolist() == [1, 1, 3, 1]


def test_the_first_row_counts_from_the_last_of_the_history() -> None:
    assert Cadence(15 * MINUTE, 1).gaps(at(60), 0).tolist() == [4]


def test_rows_closer_than_the_step_are_steps_of_their_own() -> None:
    assert cadence(at(0, 5, 10, 15, 20), 15 * MINUTE) == Cadence(5 * MINUTE, 3)


def test_missing_rows_leave_steps_empty() -> None:
    beat = cadence(at(0, 60, 75, 135), 15 * MINUTE)
    assert beat == Cadence(15 * MINUTE, 1)
    assert beat.gaps(at(0, 60, 75, 135), None).tolist() == [1, 4, 1, 4]


@pytest.mark.parametrize(
    ("minutes", "usual", "row"),
    [((0, 60, 120), 60, 1), ((0, 4, 8), 4, 1), ((0, 10, 20), 10, 1), ((0, 15, *range(75, 1275, 60)), 60, 2)],
)
def test_rows_that_are_not_the_step_apart_are_refused_with_their_own_step_and_the_first_row(
    minutes: tuple[int, ...], usual: int, row: int
) -> None:
    with pytest.raises(NotTheStep) as caught:
        cadence(at(*minutes), 15 * MINUTE)
    assert (caught.value.usual_ms, caught.value.row) == (usual * MINUTE, row)


def test_rows_a_little_off_are_on_the_cadence_and_others_are_named() -> None:
    beat = cadence(at(0, 15, 30.1, 45, 60), 15 * MINUTE)
    assert beat == Cadence(15 * MINUTE, 1)
    assert beat.off(at(0, 15, 33, 45, 75, 82)).tolist() == [5]


def test_a_gap_of_years_is_as_good_as_one_of_two_weeks() -> None:
    assert Cadence(60 * MINUTE, 1).gaps(at(0, 10_000_000), None).tolist() == [1, 384]


def test_instants_are_shown_in_shanghai_time() -> None:
    assert local_iso(1_420_042_500_000) == "2015-01-01T00:15:00+08:00"
    assert local_iso(1_420_042_500_250) == "2015-01-01T00:15:00.250+08:00"
