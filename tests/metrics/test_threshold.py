"""Levels of published values."""

import numpy as np
import pytest

from metrics.threshold import Thresholds, Variant, level_name, number

INDEX = Thresholds((("yellow", 4.0), ("orange", 6.0), ("red", 8.0)), "down")
SPEED = Thresholds((("yellow", 30.0), ("orange", 20.0), ("red", 15.0)), "up")


def names(thresholds, values, known=None, calendars_open=()):
    known = np.ones(len(values), np.bool_) if known is None else np.array(known)
    return [level_name(one) for one in thresholds.levels(np.array(values), known, calendars_open).tolist()]


def held(thresholds, current, value, known=True, calendars_open=()):
    found = thresholds.held(
        np.array([0 if current is None else number(current)], np.int8),
        np.array([value]),
        np.array([known]),
        calendars_open,
    )
    return level_name(int(found[0]))


def test_down_reaches_a_level_at_its_limit():
    assert names(INDEX, [3.9, 4.0, 6.0, 7.9, 8.0]) == [None, "yellow", "orange", "orange", "red"]


def test_strict_needs_more_than_the_limit():
    assert names(Thresholds((("red", 8.0),), "down", strict=True), [8.0, 8.1]) == [None, "red"]


def test_up_reaches_a_level_below_its_limit():
    assert names(SPEED, [30.0, 29.9, 20.0, 14.9]) == [None, "yellow", "yellow", "red"]


def test_null_reaches_no_level():
    assert names(Thresholds((("red", 15.0),), "up"), [0.0], [False]) == [None]


def test_context_reaches_a_level_by_a_z_score_of_either_sign():
    z = Thresholds((("yellow", 3.0), ("red", 5.0)), "context", on="z")
    assert names(z, [2.9, 3.0, -3.0, -5.1]) == [None, "yellow", "yellow", "red"]


def test_context_reaches_no_level_by_its_value():
    assert names(Thresholds((("red", 3.0),), "context"), [9.0]) == [None]


def test_down_on_z_reaches_a_level_only_upwards():
    assert names(Thresholds((("red", 3.0),), "down", on="z"), [3.0, -9.0]) == ["red", None]


def test_a_variant_replaces_all_limits_while_its_calendar_is_open():
    rate = Thresholds((("yellow", 95.0), ("red", 85.0)), "up", variants=(Variant("night", (("red", 80.0),)),))
    assert names(rate, [94.0, 84.0, 79.0], calendars_open=[False]) == ["yellow", "red", "red"]
    assert names(rate, [94.0, 84.0, 79.0], calendars_open=[True]) == [None, None, "red"]


def test_the_first_of_several_open_variants_counts():
    variants = (Variant("night", (("red", 80.0),)), Variant("holiday", (("red", 70.0),)))
    rate = Thresholds((("red", 85.0),), "up", variants=variants)
    assert names(rate, [75.0], calendars_open=[True, True]) == ["red"]
    assert names(rate, [75.0], calendars_open=[False, True]) == [None]


def test_a_level_is_held_until_the_value_is_better_by_the_hysteresis():
    index = Thresholds(INDEX.limits, "down", hysteresis=0.5)
    assert held(index, "red", 7.6) == "red"
    assert held(index, "red", 7.5) == "orange"
    assert held(index, None, 7.6) == "orange"


def test_a_lesser_level_is_held_within_its_own_band():
    rate = Thresholds((("orange", 90.0), ("red", 85.0)), "up", hysteresis=0.5)
    assert held(rate, "red", 90.4) == "orange"
    assert held(rate, "red", 90.5) is None


def test_without_hysteresis_a_level_is_left_at_its_limit():
    assert held(SPEED, "red", 15.0) == "orange"
    assert held(Thresholds((("red", 8.0),), "down", strict=True), "red", 8.0) is None


def test_hysteresis_counts_in_decimals_as_declared():
    # 0.3 - 0.1 is 0.19999999999999998 in floats
    assert held(Thresholds((("red", 0.3),), "down", hysteresis=0.1), "red", 0.2) is None


def test_hysteresis_of_a_z_score_holds_on_both_sides():
    z = Thresholds((("red", 3.0),), "context", hysteresis=0.5, on="z")
    assert held(z, "red", -2.6) == "red"
    assert held(z, "red", -2.5) is None


def test_null_leaves_the_current_level():
    assert held(INDEX, "orange", 0.0, known=False) == "orange"


def test_a_level_without_a_limit_in_force_is_not_held():
    rate = Thresholds((("orange", 90.0),), "up", hysteresis=5, variants=(Variant("night", (("red", 80.0),)),))
    assert held(rate, "orange", 91.0) == "orange"
    assert held(rate, "orange", 91.0, calendars_open=[True]) is None


@pytest.mark.parametrize(
    ("limits", "direction", "expected"),
    [
        ((("yellow", 4.0), ("red", 8.0)), "down", True),
        ((("yellow", 8.0), ("red", 4.0)), "down", False),
        ((("yellow", 8.0), ("red", 4.0)), "up", True),
        ((("yellow", 3.0), ("red", 5.0)), "context", True),
    ],
)
def test_a_worse_level_must_not_be_easier_to_reach(limits, direction, expected):
    assert Thresholds(limits, direction).monotone is expected


def test_the_limits_of_variants_must_be_monotone_too():
    wrong = (Variant("night", (("yellow", 70.0), ("red", 80.0))),)
    assert not Thresholds((("red", 80.0),), "up", variants=wrong).monotone
