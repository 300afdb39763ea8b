"""In force: which version of an indicator answers."""

from __future__ import annotations

from metrics.formula import parse
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.window import HOUR_MS, MINUTE_MS, Window

START = 1_717_171_200_000  # 2024-06-01T00:00+08:00


def version(number: int, valid_from: int | None, window: Window) -> Indicator:
    return Indicator("X", number, parse("1"), window, (), valid_from_ms=valid_from)


HOURLY = Window.now(HOUR_MS)
QUARTERLY = Window.now(15 * MINUTE_MS)


def test_a_version_is_in_force_for_windows_that_end_after_its_start() -> None:
    versions = Versions([version(1, None, HOURLY), version(2, START, HOURLY)])
    first, second = versions.at("X", START), versions.at("X", START + 1)
    assert first is not None
    assert second is not None
    assert (first.version, second.version) == (1, 2)


def test_of_versions_with_one_start_the_greatest_is_in_force() -> None:
    versions = Versions([version(3, START, HOURLY), version(2, START, HOURLY)])
    found = versions.at("X", START + 1)
    assert found is not None
    assert found.version == 3


def test_before_its_start_an_indicator_has_no_version() -> None:
    assert Versions([version(1, START, HOURLY)]).at("X", START) is None


def test_an_instant_is_answered_by_the_newest_window_of_the_grid_in_force() -> None:
    versions = Versions([version(1, None, QUARTERLY), version(2, START, HOURLY)])
    newest = versions.newest("X", START + 20 * MINUTE_MS)
    assert newest is not None
    assert (newest[0].version, newest[1]) == (1, START)
    newest = versions.newest("X", START + 70 * MINUTE_MS)
    assert newest is not None
    assert (newest[0].version, newest[1]) == (2, START + HOUR_MS)


def test_an_instant_before_the_first_window_has_no_answer() -> None:
    assert Versions([version(1, START, HOURLY)]).newest("X", START + 59 * MINUTE_MS) is None
