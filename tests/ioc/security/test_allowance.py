"""The allowance of a program: so many requests a minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ioc.security.allowance import Allowance


def test_a_minutes_worth_may_come_at_once_and_then_evenly():
    allowance = Allowance.full(6, 0)
    assert [allowance.take(0) for _ in range(7)] == [0] * 6 + [10_000]
    assert allowance.take(9_999) == 1
    assert allowance.take(10_000) == 0
    assert allowance.take(10_000) == 10_000


def test_nothing_is_saved_beyond_a_minutes_worth():
    allowance = Allowance.full(2, 0)
    assert [allowance.take(3_600_000) for _ in range(3)] == [0, 0, 30_000]


def test_a_clock_that_goes_back_fills_nothing():
    allowance = Allowance.full(1, 60_000)
    assert allowance.take(60_000) == 0
    assert allowance.take(0) == 60_000
    assert allowance.take(1) == 59_999


@given(st.integers(1, 1000), st.lists(st.integers(0, 5_000), min_size=1, max_size=200))
def test_never_more_than_the_first_minutes_worth_and_the_rate_come_through(per_minute: int, steps: list[int]):
    allowance, now, taken = Allowance.full(per_minute, 0), 0, 0
    for step in steps:
        now += step
        taken += allowance.take(now) == 0
    assert taken <= per_minute + now * per_minute / 60_000 + 1e-6
