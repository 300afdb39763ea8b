"""How far an engine is with a world: restoring until its first commit, catching up while old rows flow."""

from __future__ import annotations

from metrics.feed import Feed
from metrics.progress import Progress, progress, worst

NOW, REAL = 1_000_000_000, 5_000_000
HOUR = 3_600_000


def feed(newest_ms: int | None, arrived_ms: int | None = REAL) -> Feed:
    return Feed(newest_ms=newest_ms, arrived_ms=arrived_ms)


def test_before_the_first_commit_a_world_is_restored_whatever_its_feeds_say() -> None:
    assert progress({"a": feed(NOW)}, {"a": 12}, NOW, REAL, speed=1.0, committed=False) == Progress(
        "restoring", NOW, None, 12
    )


def test_while_rows_of_the_past_flow_it_stands_where_the_farthest_behind_is() -> None:
    feeds = {"a": feed(NOW - 26 * HOUR), "b": feed(NOW - HOUR), "c": feed(NOW)}
    found = progress(feeds, {}, NOW, REAL, speed=1.0, committed=True)
    assert (found.state, found.position_ms, found.behind_ms) == ("catching up", NOW - 26 * HOUR, 26 * HOUR)


def test_a_source_that_has_had_nothing_to_say_for_hours_is_no_lag() -> None:
    quiet = {"a": feed(NOW - HOUR, REAL - 2_001), "b": feed(NOW - 120_000), "never": feed(None, None)}
    assert progress(quiet, {"a": 1}, NOW, REAL, speed=1.0, committed=True) == Progress("live", NOW, None, 1)


def test_entries_that_wait_for_a_busy_engine_are_a_lag_however_long_ago_it_read_the_last() -> None:
    waits = {"a": feed(NOW - HOUR, REAL - 600_000)}
    found = progress(waits, {"a": 2}, NOW, REAL, speed=1.0, committed=True)
    assert (found.state, found.behind_ms) == ("catching up", HOUR)


def test_an_engine_is_what_the_worst_of_its_worlds_is() -> None:
    assert worst({}) == "live"
    assert worst({"a": {"state": "live"}, "b": {"state": "catching up"}}) == "catching up"
    assert worst({"a": {"state": "restoring"}, "b": {"state": "catching up"}}) == "restoring"


def test_in_a_world_that_goes_fast_ten_real_seconds_are_no_lag() -> None:
    feeds = {"a": feed(NOW - 600_000)}  # ten minutes there
    assert progress(feeds, {}, NOW, REAL, speed=60.0, committed=True).state == "live"
    assert progress(feeds, {}, NOW, REAL, speed=59.0, committed=True).behind_ms == 600_000


def test_a_feed_that_says_it_catches_up_does_so_between_its_rows_too() -> None:
    slow = {"a": feed(NOW - HOUR, REAL - 60_000)}
    assert progress(slow, {}, NOW, REAL, speed=1.0, said={"a"}, committed=True).behind_ms == HOUR
    assert progress({"a": feed(NOW)}, {}, NOW, REAL, speed=1.0, said={"a"}, committed=True).state == "live"
