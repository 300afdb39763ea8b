"""The recent past: the newest revision of each complete value, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import redis

from metrics import keys
from metrics.history import KEEP_MS, History
from metrics.series import Head, Series
from metrics.value import Value
from metrics.value_form import pack_columns, pack_values
from metrics.values import Values

NOON = 1_717_214_400_000


def value(end: int, number: float | None, revision: int = 0, road: str = "LH001") -> Value:
    quality = "no_data" if number is None else "complete"
    return Value("T2r", 1, "440303", (("road", road),), end - 300_000, end, number, quality, 3, revision)


def known(history: History, end: int, indicator: str = "T2r") -> float | None:
    """What the history knows of one line."""
    series = Series([Head(indicator, 2, "440303", (("road", "LH001"),))])
    (found,) = history(series, np.zeros(1, np.int32), end).tolist()
    return None if np.isnan(found) else found


def test_the_value_of_a_window_is_found_by_its_end() -> None:
    history = History()
    history.add(Values.of([value(NOON, 31.5), value(NOON + 300_000, 32.5)]))
    assert known(history, NOON) == 31.5
    assert known(history, NOON + 300_000) == 32.5


def test_a_window_or_series_that_never_was_has_no_value() -> None:
    history = History()
    history.add(Values.of([value(NOON, 31.5)]))
    assert known(history, NOON + 1) is None
    assert known(history, NOON, "T1") is None


def test_a_null_value_is_null_and_not_zero() -> None:
    history = History()
    history.add(Values.of([value(NOON, None)]))
    assert known(history, NOON) is None


def test_the_later_revision_counts_whatever_came_last() -> None:
    history = History()
    history.add(Values.of([value(NOON, 1.0), value(NOON, 2.0, revision=1), value(NOON, 1.0)]))
    assert known(history, NOON) == 2.0


def test_values_may_come_out_of_order() -> None:
    history = History()
    history.add(Values.of([value(NOON + 600_000, 3.0), value(NOON, 1.0), value(NOON + 300_000, 2.0)]))
    assert [known(history, NOON + step * 300_000) for step in range(3)] == [1.0, 2.0, 3.0]


def test_what_is_older_than_the_history_keeps_is_forgotten() -> None:
    history = History()
    history.add(Values.of([value(NOON, 1.0), value(NOON + 300_000, 2.0), value(NOON, 1.0, road="LH002")]))
    history.forget(NOON + KEEP_MS + 1)
    assert known(history, NOON) is None
    assert known(history, NOON + 300_000) == 2.0


@pytest.mark.service
def test_a_start_finds_what_was_published_as_complete(redis_client: redis.Redis) -> None:
    for number in range(1200):
        one = [value(NOON + number * 300_000, float(number))]
        entry = {"b": pack_values(one) if number % 2 else pack_columns(Values.of(one))}
        redis_client.xadd(keys.engine("live", "completed"), entry)
    redis_client.xadd(keys.engine("live", "completed"), {"b": pack_values([value(NOON, 7.0, revision=1)])})
    history = History()
    history.reload(redis_client, "live")
    assert known(history, NOON) == 7.0
    assert known(history, NOON + 1199 * 300_000) == 1199.0


def test_series_without_a_value_are_forgotten_and_the_others_go_on() -> None:
    history = History(keep_ms=180_000)
    for minute in range(20):
        end = NOON + minute * 60_000
        history.add(Values.of([value(end, 1.0, road=f"passing-{minute}-{at}") for at in range(1_000)]))
        history.add(Values.of([value(end, float(minute))]))
        history.forget(end)
    assert len(history._numbering) < 13_000
    assert known(history, NOON + 19 * 60_000) == 19.0
    assert known(history, NOON + 16 * 60_000) == 16.0
    assert known(history, NOON + 15 * 60_000) is None
