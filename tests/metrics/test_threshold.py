"""Levels of published values."""

import numpy as np

from metrics.threshold import Thresholds, level_name


def names(thresholds, values, known=None):
    found = thresholds.levels(np.array(values), np.ones(len(values), np.bool_) if known is None else np.array(known))
    return [level_name(number) for number in found.tolist()]


def test_down_reaches_a_level_at_its_limit():
    index = Thresholds((("yellow", 4.0), ("orange", 6.0), ("red", 8.0)), "down")
    assert names(index, [3.9, 4.0, 6.0, 7.9, 8.0]) == [None, "yellow", "orange", "orange", "red"]


def test_strict_needs_more_than_the_limit():
    assert names(Thresholds((("red", 8.0),), "down", strict=True), [8.0, 8.1]) == [None, "red"]


def test_up_reaches_a_level_below_its_limit():
    speed = Thresholds((("yellow", 30.0), ("orange", 20.0), ("red", 15.0)), "up")
    assert names(speed, [30.0, 29.9, 20.0, 14.9]) == [None, "yellow", "yellow", "red"]


def test_null_reaches_no_level():
    assert names(Thresholds((("red", 15.0),), "up"), [0.0], [False]) == [None]
