"""The watch over anomalies: told once, over when it is calm, and never for ever."""

import numpy as np

from metrics.anomaly_watch import Watch

QUARTER = 900_000
HOUR = 3_600_000


def story(*looks, step_ms=QUARTER):
    """(step, what) for looks (known, anomalous, inside) at consecutive steps of one series, from step 1."""
    watch, told = Watch(step_ms, 1), []
    for number, (known, anomalous, inside) in enumerate(looks, 1):
        turns = watch.step(number * step_ms, np.array([known]), np.array([anomalous]), np.array([inside]))
        told += [(number, "began") for _ in turns.began] + [(number, "over") for _ in turns.over]
    return told


STRANGE, WITHIN = (True, True, False), (True, True, True)  # to the detector
OUTSIDE, FINE, NOTHING = (True, False, False), (True, False, True), (False, False, False)


def test_an_anomaly_that_lasts_is_told_once_and_is_over_after_an_hour_in_the_band():
    assert story(FINE, STRANGE, STRANGE, OUTSIDE, FINE, FINE, FINE, FINE, FINE) == [(2, "began"), (8, "over")]


def test_a_value_outside_the_band_begins_the_hour_anew():
    assert story(STRANGE, FINE, FINE, FINE, OUTSIDE, FINE, FINE, FINE, FINE) == [(1, "began"), (9, "over")]


def test_time_without_values_is_no_calm():
    assert story(STRANGE, FINE, FINE, NOTHING, NOTHING, FINE, FINE) == [(1, "began"), (7, "over")]


def test_of_hourly_values_three_in_the_band_are_needed():
    assert story(STRANGE, FINE, FINE, FINE, step_ms=HOUR) == [(1, "began"), (4, "over")]


def test_a_level_that_stays_where_it_went_is_over_a_day_after_its_last_strange_value():
    assert story(STRANGE, STRANGE, *[OUTSIDE] * 30, step_ms=HOUR) == [(1, "began"), (26, "over")]


def test_an_anomaly_is_over_even_if_no_value_comes_any_more():
    assert story(STRANGE, *[NOTHING] * 25, step_ms=HOUR) == [(1, "began"), (25, "over")]


def test_a_strange_value_in_the_band_is_told_when_one_falls_outside_within_the_hour():
    assert story(WITHIN, FINE, FINE, OUTSIDE) == [(4, "began")]
    assert story(WITHIN, FINE, FINE, FINE, OUTSIDE) == []


def test_a_value_outside_the_band_alone_is_none():
    assert story(OUTSIDE, OUTSIDE, OUTSIDE) == []


def test_what_is_over_says_when_it_had_begun():
    watch = Watch(HOUR, 2)
    both = np.array([True, True])
    watch.step(HOUR, both, np.array([False, True]), ~both)
    for hour in (2, 3):
        watch.step(hour * HOUR, both, ~both, both)
    turns = watch.step(4 * HOUR, both, ~both, both)
    assert (turns.over.tolist(), turns.begun.tolist()) == ([1], [HOUR])
