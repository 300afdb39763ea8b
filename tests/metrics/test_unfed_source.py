"""A source that nobody feeds: its indicators say nothing until it is heard; from then on all is as ever."""

from __future__ import annotations

from typing import Any

import numpy as np

from metrics.engine import initial, restore, step
from metrics.observation import Batch
from tests.metrics.engine_worlds import REGIONS, at, batch, bundle, indicator, plan_of, run, said

CASE = {
    "kind": "records", "key": "case_id", "changed": "changed_at", "disorder": "10s", "lateness": "10m", "idle": "1m",
    "fields": {"case_id": {"type": "text"}, "changed_at": {"type": "time"}},
}  # fmt: skip
RAIN = indicator("RAIN", "mm", {"mm": {"agg": "sum", "field": "mm"}})
OPEN: dict[str, Any] = {
    "id": "OPEN", "source": "case", "window": {"kind": "now", "every": "5m"}, "formula": "n",
    "measures": {"n": {"agg": "count"}},
}  # fmt: skip
BOTH: dict[str, Any] = {
    "id": "BOTH", "source": "rain", "window": {"kind": "tumbling", "size": "5m"},
    "formula": "coalesce(mm, 0) + indicator('OPEN')", "measures": {"mm": {"agg": "sum", "field": "mm"}},
}  # fmt: skip


def plan(*indicators: dict[str, Any]) -> Any:
    raw = bundle(*indicators)
    return plan_of(raw | {"sources": raw["sources"] | {"case": CASE}})


def cases(clock: str, *keys: str) -> Batch:
    return Batch("case", np.full(len(keys), at(clock)), np.arange(len(keys), dtype=np.int32), list(keys), {})


def hours(state: Any, **more: Any) -> list[str]:
    """Who says something in an hour in which nothing comes."""
    told = [step(state, (), at(f"12:{minute:02d}"), **more) for minute in range(0, 60, 5)]
    return sorted({value.indicator for one in told for value in one.values})


def test_nothing_is_said_of_sources_that_nobody_feeds() -> None:
    assert hours(initial(plan(RAIN, OPEN))) == []


def test_what_is_fed_is_said_and_the_rest_is_not() -> None:
    state = initial(plan(RAIN, OPEN))
    run(state, [(at("11:58"), "a", None, 5)], at("11:58"))
    assert hours(state) == ["RAIN"]


def test_a_source_whose_feed_has_spoken_is_said_although_no_row_has_come() -> None:
    assert hours(initial(plan(RAIN, OPEN)), heard={"case"}) == ["OPEN"]


def test_the_first_row_begins_its_windows_and_a_count_of_nothing_is_0_from_then_on() -> None:
    state = initial(plan(RAIN, OPEN))
    assert hours(state) == []
    found = said(step(state, [cases("13:01", "c1")], at("13:05")))
    assert found == {("OPEN", "", (), at("13:05")): (1.0, "provisional", 0)}
    assert said(step(state, (), at("13:10")))["OPEN", "", (), at("13:10")] == (1.0, "provisional", 0)


def test_what_a_formula_refers_to_is_said_where_the_formula_is_fed() -> None:
    state = initial(plan(RAIN, OPEN, BOTH))
    found = said(run(state, [(at("12:01"), "a", None, 5)], at("12:05")))
    assert found["OPEN", "", (), at("12:05")][0] == 0.0
    assert found["BOTH", "", (), at("12:05")][0] == 0.5


def test_a_formula_over_a_source_that_nobody_feeds_is_silent_and_so_is_what_it_refers_to() -> None:
    formula = {"id": "TWICE", "window": {"kind": "now", "every": "5m"}, "formula": "2 * indicator('OPEN')"}
    assert hours(initial(plan(OPEN, formula))) == []


def test_what_nobody_need_feed_is_said() -> None:
    formula = {"id": "BY_HAND", "window": {"kind": "now", "every": "5m"}, "formula": "coalesce(entered('x'), 1)"}
    raw = bundle(formula, RAIN, regions=REGIONS)
    assert hours(initial(plan_of(raw))) == ["BY_HAND"]


def test_after_a_restart_it_goes_on_where_it_was() -> None:
    quiet, plan_ = initial(plan(RAIN, OPEN)), plan(RAIN, OPEN)
    run(quiet, [(at("11:58"), "a", None, 5)], at("11:58"))
    assert hours(restore(plan_, quiet.snapshot())) == ["RAIN"]


def test_what_has_begun_goes_on_when_its_feed_is_gone() -> None:
    state = initial(plan(OPEN))
    step(state, (), at("11:55"), heard={"case"})
    assert hours(restore(plan(OPEN), state.snapshot())) == ["OPEN"]


def test_a_union_is_fed_when_a_part_of_it_is() -> None:
    both = {"kind": "union", "of": ["rain", "more"]}
    raw = bundle(indicator("ALL", "n", {"n": {"agg": "count"}}) | {"source": "both"})
    raw["sources"] |= {"more": raw["sources"]["rain"], "both": both}
    state = initial(plan_of(raw))
    assert hours(state) == []
    step(state, [batch([(at("13:01"), "a", None, 5)])], at("13:05"))
    assert said(step(state, (), at("13:10")))["ALL", "", (), at("13:05")][0] == 1.0
