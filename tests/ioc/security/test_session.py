"""A session ends after 15 idle minutes or 12 hours; a wall is never idle."""

from __future__ import annotations

from ioc.security.lockout import left, locked_until
from ioc.security.session import ended, lasts_ms

MINUTE = 60_000
HOUR = 60 * MINUTE


def test_a_session_lasts_until_fifteen_idle_minutes_have_passed():
    assert ended(0, 0, 15 * MINUTE - 1, device=False) is None
    assert ended(0, 0, 15 * MINUTE, device=False) == "idle"
    assert ended(0, 10 * MINUTE, 24 * MINUTE, device=False) is None


def test_a_session_ends_after_twelve_hours_however_busy():
    assert ended(0, 12 * HOUR - 1, 12 * HOUR - 1, device=False) is None
    assert ended(0, 12 * HOUR - 1, 12 * HOUR, device=False) == "absolute"


def test_a_wall_is_never_idle_but_not_eternal():
    assert ended(0, 0, 13 * HOUR, device=True) is None
    assert ended(0, 0, 30 * 24 * HOUR, device=True) == "absolute"


def test_what_is_left_of_a_session_is_the_nearer_of_both_ends():
    assert lasts_ms(0, 0, 5 * MINUTE, device=False) == 10 * MINUTE
    assert lasts_ms(0, 12 * HOUR - 1, 12 * HOUR - MINUTE, device=False) == MINUTE
    assert lasts_ms(0, 0, 20 * MINUTE, device=False) == 0


def test_five_failures_within_fifteen_minutes_lock_until_the_first_is_fifteen_minutes_old():
    assert locked_until([0, 1, 2, 3], 10) is None
    assert locked_until([0, 1, 2, 3, 4], 10) == 15 * MINUTE
    assert locked_until([0, 1, 2, 3, 4], 15 * MINUTE) is None


def test_five_failures_spread_over_more_than_fifteen_minutes_do_not_lock():
    assert locked_until([0, 4 * MINUTE, 8 * MINUTE, 12 * MINUTE, 16 * MINUTE], 16 * MINUTE) is None


def test_each_failure_leaves_one_try_less():
    assert left([], 10) == 5
    assert left([0, 1, 2], 10) == 2
