"""The ends of an interval follow the misses until the stated share falls between them."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.interval import Interval


def judged(interval: Interval, errors: np.ndarray) -> tuple[float, float]:
    """The shares of errors below and above, each judged before it is learnt from."""
    missed_below, missed_above = [], []
    for error in errors:
        below, above = interval.ends()
        missed_below.append(error < -below)
        missed_above.append(error > above)
        interval.learn(~np.isnan(error), error < -below, error > above)
    return float(np.mean(missed_below)), float(np.mean(missed_above))


@pytest.mark.parametrize("freedom", [1.5, 3.0, 1000.0])
def test_whatever_the_tails_each_side_misses_one_in_forty(freedom: float) -> None:
    random = np.random.default_rng(11)
    below, above = judged(Interval((50,)), random.standard_t(freedom, (4000, 50)))
    assert below == pytest.approx(0.025, abs=0.003)
    assert above == pytest.approx(0.025, abs=0.003)


def test_a_skewed_series_gets_a_skewed_interval() -> None:
    interval = Interval((1,))
    judged(interval, np.random.default_rng(5).exponential(2.0, (4000, 1)) - 1)
    below, above = interval.ends()
    assert below[0] < 1.3
    assert above[0] > 4


def test_what_is_not_known_teaches_nothing() -> None:
    interval = Interval((2,))
    nothing = np.array([True, False])
    interval.learn(~nothing, nothing, nothing)
    below, above = interval.ends()
    assert below[0] == above[0] == pytest.approx(3.0)
    assert below[1] < 3.0
