"""Entered values: which one holds at an instant."""

from __future__ import annotations

from metrics.entered import ALWAYS, Entered, Entry

ENTERED = Entered(
    [
        Entry("quota", "D", ALWAYS, 10.0),
        Entry("quota", "D", 1000, 20.0),
        Entry("quota", "D", 1000, 25.0),
        Entry("quota", "D", 2000, None),
        Entry("quota", "", 500, 7.0),
        Entry("days", "", ALWAYS, 1.5),
    ]
)


def of_region(name: str, region: str, *ends: int) -> list[float | None]:
    value, known, _ = ENTERED.of_region(name, region, ends)
    return [one if sure else None for one, sure in zip(value.tolist(), known.tolist(), strict=True)]


def of_all(name: str, root: str | None, *ends: int) -> list[float | None]:
    value, known = ENTERED.of_all(name, root, ends)
    return [one if sure else None for one, sure in zip(value.tolist(), known.tolist(), strict=True)]


def test_the_newest_that_began_before_the_end_holds_and_of_equal_ones_the_later_entry() -> None:
    assert of_region("quota", "D", 1, 1000, 1001) == [10.0, 10.0, 25.0]


def test_a_withdrawn_value_is_null() -> None:
    assert of_region("quota", "D", 2001) == [None]


def test_what_was_never_entered_is_null() -> None:
    assert of_region("quota", "A", 5000) == [None]


def test_the_total_takes_the_root_and_else_the_value_without_region() -> None:
    assert of_all("quota", "D", 1001) == [25.0]
    assert of_all("days", "D", 1) == [1.5]
    assert of_all("quota", None, 400, 501) == [None, 7.0]


def test_a_withdrawn_value_of_the_root_is_not_replaced_by_another() -> None:
    assert of_all("quota", "D", 3000) == [None]
