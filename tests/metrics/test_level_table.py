"""The limits of many indicators side by side: each reaches the levels that its own thresholds give."""

from __future__ import annotations

import numpy as np

from metrics.level_table import LevelTable
from metrics.threshold import Thresholds, Variant

NIGHT = Variant("night", (("red", 2.0),))
MANY = [
    Thresholds((("blue", 1.0), ("red", 3.0)), "down"),
    Thresholds((("yellow", 3.0), ("orange", 2.0)), "up"),
    None,
    Thresholds((("yellow", 2.0),), "down", strict=True),
    Thresholds((("yellow", 4.0),), "down", variants=(NIGHT,)),
    Thresholds((("yellow", 0.0),), "context"),
]
VALUES = np.tile(np.array([0.0, 1.0, 2.0, 2.5, 3.0, 9.0, 9.0]), (len(MANY), 1))
KNOWN = np.tile(np.array([True] * 6 + [False]), (len(MANY), 1))


def levels(*, night: bool) -> list[list[int]]:
    asked = []

    def is_open(calendar: str, at_ms: int) -> bool:
        asked.append((calendar, at_ms))
        return night

    found: list[list[int]] = LevelTable(MANY, is_open).levels(VALUES[:, None], KNOWN[:, None], [60_000])[:, 0].tolist()
    assert asked == [("night", 59_999)]
    return found


def test_each_indicator_reaches_the_levels_of_its_own_limits() -> None:
    assert levels(night=False) == [
        [0, 1, 1, 1, 4, 4, 0],
        [3, 3, 2, 2, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 2, 2, 2, 0],
        [0, 0, 0, 0, 0, 2, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ]


def test_a_variant_whose_calendar_is_open_replaces_the_limits_of_its_indicator_alone() -> None:
    assert levels(night=True)[4] == [0, 0, 4, 4, 4, 4, 0]
    assert levels(night=True)[0] == levels(night=False)[0]


def test_each_window_has_the_limits_of_its_own_instant() -> None:
    values, known = (np.stack([table] * 3, axis=1) for table in (VALUES, KNOWN))
    table = LevelTable(MANY, lambda _calendar, at: at == 119_999).levels(values, known, [60_000, 120_000, 180_000])
    assert table[:, 0].tolist() == table[:, 2].tolist() == levels(night=False)
    assert table[:, 1].tolist() == levels(night=True)


def test_one_by_one_they_are_the_same() -> None:
    table = LevelTable(MANY, lambda _calendar, _at: True).levels(VALUES[:, None], KNOWN[:, None], [60_000])[:, 0]
    for place, one in enumerate(MANY):
        alone = (
            np.zeros(7, np.int8) if one is None else one.levels(VALUES[place], KNOWN[place], [True] * len(one.variants))
        )
        assert table[place].tolist() == alone.tolist()
