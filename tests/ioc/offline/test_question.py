"""The question of an evaluation."""

from __future__ import annotations

import pytest

from ioc.offline.question import Grouping, Misuse, instants
from metrics.reference import Asked

NINE = 1_717_203_600_000  # 2024-06-01T09:00+08:00
QUARTER = 900_000


def test_instants_go_from_the_first_in_steps_up_to_the_last() -> None:
    found = instants(None, "15m", "2024-06-01T09:00", "2024-06-01T01:40:00Z")
    assert list(found) == [NINE, NINE + QUARTER, NINE + 2 * QUARTER]


def test_one_instant_is_asked_with_at() -> None:
    assert list(instants("2024-06-01T09:00:00+08:00", None, None, None)) == [NINE]


@pytest.mark.parametrize(
    ("at", "every", "first", "last"),
    [
        (None, None, None, None),
        ("2024-06-01", "15m", None, None),
        (None, "15m", "2024-06-01", None),
        (None, "quarter", "2024-06-01", "2024-06-02"),
        (None, "15m", "2024-06-02", "2024-06-01"),
        ("June", None, None, None),
        (None, "1ms", "2024-06-01", "2025-06-01"),
    ],
)
def test_other_questions_of_time_are_misuse(
    at: str | None, every: str | None, first: str | None, last: str | None
) -> None:
    with pytest.raises(Misuse):
        instants(at, every, first, last)


def test_groups_are_a_region_level_and_dimensions() -> None:
    assert Grouping.parse("region:community,org,kind") == Grouping(True, "community", ("org", "kind"))
    assert Grouping.parse("org") == Grouping(False, "", ("org",))
    assert Grouping.parse("") == Grouping()


@pytest.mark.parametrize("text", ["region:town", "org,org", "org,,kind", "region,region", "org:x"])
def test_other_groups_are_misuse(text: str) -> None:
    with pytest.raises(Misuse):
        Grouping.parse(text)


def test_only_levels_that_an_indicator_publishes_are_asked() -> None:
    grouping = Grouping.parse("region:community,org")
    assert grouping.asked(("district", "community")) == Asked("tree", ("org",), ("community",))
    assert grouping.asked(("district",)) == Asked("tree", ("org",), ())
    assert Grouping.parse("region").asked(("district", "block")) == Asked("tree", (), ("district", "block"))
