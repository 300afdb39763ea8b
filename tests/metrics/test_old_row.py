"""A row of long ago: what has stood for years is told of the last two days, not minute by minute since it began."""

from __future__ import annotations

import numpy as np

from metrics.engine import initial, step
from metrics.observation import Batch
from metrics.occasion import SILENT_PAST_MS
from tests.metrics.engine_worlds import at, bundle, plan_of

CASE = {
    "kind": "records", "key": "case_id", "changed": "changed_at", "disorder": "10s", "lateness": "10m", "idle": "1m",
    "fields": {"case_id": {"type": "text"}, "changed_at": {"type": "time"}},
}  # fmt: skip
OPEN = {
    "id": "OPEN", "source": "case", "window": {"kind": "now", "every": "1m"}, "formula": "n",
    "measures": {"n": {"agg": "count"}},
}  # fmt: skip


def case(key: str, changed_ms: int) -> Batch:
    return Batch("case", np.array([changed_ms]), np.array([0], np.int32), [key], {})


def test_a_record_of_ten_years_ago_is_counted_and_makes_no_windows_of_ten_years() -> None:
    state = initial(plan_of(bundle(OPEN, source=None) | {"sources": {"case": CASE}}))
    now = at("12:00")
    ends: set[int] = set()
    last = None
    for minute in range(10):
        told = step(state, [case("c1", at("12:00", "2014-06-03"))] if minute == 0 else (), now + minute * 60_000)
        ends |= {value.window_end for value in told.values}
        last = [value for value in told.values if value.window_end == now + minute * 60_000] or last
    assert last is not None
    assert last[-1].value == 1.0
    assert min(ends) >= now - SILENT_PAST_MS
    assert len(ends) <= SILENT_PAST_MS // 60_000 + 12


def test_a_second_record_of_long_ago_corrects_what_was_said_and_nothing_before() -> None:
    state = initial(plan_of(bundle(OPEN, source=None) | {"sources": {"case": CASE}}))
    now = at("12:00")
    step(state, [case("c1", now - 60_000)], now)
    step(state, (), now + 60_000)
    told = step(state, [case("c2", at("12:00", "2020-06-03"))], now + 120_000)
    assert all(value.window_end >= now - SILENT_PAST_MS for value in told.values)
