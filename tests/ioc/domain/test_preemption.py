"""A condition of the city takes the screens by what was published, and lets go of them by evidence."""

from __future__ import annotations

from ioc.domain.preemption import LINGERS_MS, SILENT_MS, standing

MINUTE = 60_000


def at(*values: float | None) -> list[tuple[int, float | None]]:
    """One value a minute, the first at minute 1."""
    return [(number * MINUTE, value) for number, value in enumerate(values, 1)]


def test_it_stands_from_the_first_value_that_reaches_the_limit():
    assert standing(at(0, 1, 2, 3), 2, 4 * MINUTE) == (3 * MINUTE, None)
    assert standing(at(0, 1, 1.9), 2, 3 * MINUTE) is None
    assert standing([], 2, 0) is None


def test_it_lasts_five_minutes_longer_than_its_condition():
    points = at(0, 2, 2, 0, 0)
    assert standing(points, 2, 5 * MINUTE) == (2 * MINUTE, 4 * MINUTE + LINGERS_MS)
    assert standing(points, 2, 4 * MINUTE + LINGERS_MS - 1) == (2 * MINUTE, 4 * MINUTE + LINGERS_MS)
    assert standing(points, 2, 4 * MINUTE + LINGERS_MS) is None


def test_one_that_comes_back_meanwhile_goes_on_and_one_that_comes_later_is_another():
    assert standing(at(2, 0, 0, 3), 2, 4 * MINUTE) == (MINUTE, None)
    assert standing(at(2, 0, 0, 0, 0, 0, 0, 3), 2, 8 * MINUTE) == (8 * MINUTE, None)


def test_silence_is_no_evidence_of_calm_for_an_hour():
    assert standing(at(2, None, None), 2, 50 * MINUTE) == (MINUTE, None)
    assert standing(at(2, None, None), 2, MINUTE + SILENT_MS) is None
    assert standing([(MINUTE, 2), (MINUTE + SILENT_MS, 2)], 2, MINUTE + SILENT_MS) == (MINUTE + SILENT_MS, None)


def test_what_lies_ahead_of_the_worlds_clock_does_not_count():
    assert standing(at(0, 0, 2), 2, 2 * MINUTE) is None
