"""A formula that refers to another indicator reads what was said of it in the same step, however old the window is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from metrics.engine import Outputs, initial, step
from metrics.observation import Batch
from tests.metrics.engine_worlds import GAUGES, REGIONS, Row, at, batch, bundle, indicator, plan_of


def test_a_window_that_can_change_no_more_is_still_read_by_those_that_refer_to_it() -> None:
    plan = plan_of(
        bundle(
            indicator("RAIN", "mm", {"mm": {"agg": "sum", "field": "mm"}}),
            {"id": "DOUBLE", "window": {"kind": "tumbling", "size": "5m"}, "formula": "2 * indicator('RAIN')"},
            source={"registry": "gauges", "region": {"registry": "code"}},
            regions=REGIONS,
            registries={"gauges": GAUGES},
        )
    )
    state = initial(plan)
    said = step(state, [batch([(at("11:02"), "a", None, 15), (at("12:00"), "a", None, 1)])], at("12:00:20"))
    values = {(one.indicator, one.window_end): one.value for one in said.values if one.region == "440303"}
    assert values["RAIN", at("11:05")] == 1.5
    assert values["DOUBLE", at("11:05")] == 3.0


HAIL: dict[str, Any] = {
    "id": "HAIL", "source": "hail", "window": {"kind": "tumbling", "size": "5m"}, "formula": "n",
    "dimensions": ["basin"], "measures": {"n": {"agg": "count"}},
}  # fmt: skip


def two_sources(*more: dict[str, Any]) -> Any:
    raw = bundle(HAIL, *more)
    return plan_of(raw | {"sources": raw["sources"] | {"hail": raw["sources"]["rain"]}})


def hail(rows: list[Row]) -> Batch:
    return replace(batch(rows), source="hail")


def values_of(outputs: Outputs, indicator_id: str) -> dict[tuple[str, ...], tuple[float | None, str]]:
    """By dimension values, of the window that ends at 12:05."""
    return {
        tuple(text for _, text in one.dims): (one.value, one.quality)
        for one in outputs.values
        if one.indicator == indicator_id and one.window_end == at("12:05") and one.dims
    }


def both(formula: str) -> dict[str, Any]:
    return indicator("BOTH", formula, {"r": {"agg": "count"}}, dimensions=["basin"])


def test_of_a_group_in_which_another_indicator_never_had_a_row_it_says_what_it_says_of_nothing() -> None:
    state = initial(two_sources(both("r + 10 * indicator('HAIL')")))
    step(state, [hail([(at("12:01"), "a", "east", 1)]), batch([(at("12:01"), "a", "west", 1)])], at("12:02"))
    said = step(state, (), at("12:10"))
    assert values_of(said, "BOTH") == {("west",): (1.0, "complete")}
    assert values_of(said, "HAIL") == {("east",): (1.0, "complete")}


def test_what_is_null_of_nothing_stays_null() -> None:
    level = HAIL | {"measures": {"n": {"agg": "mean", "field": "mm"}}}
    raw = bundle(level, both("r + indicator('HAIL')"))
    state = initial(plan_of(raw | {"sources": raw["sources"] | {"hail": raw["sources"]["rain"]}}))
    step(state, [hail([(at("12:01"), "a", "east", 1)]), batch([(at("12:01"), "a", "west", 1)])], at("12:02"))
    assert values_of(step(state, (), at("12:10")), "BOTH") == {("west",): (None, "no_data")}


def test_dimensions_that_the_other_indicator_lacks_are_dropped_for_nothing_too() -> None:
    wide = both("r + 10 * indicator('HAIL')") | {"dimensions": ["basin", "station"]}
    state = initial(two_sources(wide))
    rows = [(at("12:01"), "a", "west", 1), (at("12:02"), "b", "east", 1)]
    step(state, [hail([(at("12:01"), "a", "east", 1)]), batch(rows)], at("12:02"))
    found = values_of(step(state, (), at("12:10")), "BOTH")
    assert found == {("west", "a"): (1.0, "complete"), ("east", "b"): (11.0, "complete")}


def test_what_is_said_of_nothing_goes_through_the_formula_of_the_other_indicator() -> None:
    raw = bundle(HAIL | {"formula": "100 - n"}, both("r + indicator('HAIL')"))
    state = initial(plan_of(raw | {"sources": raw["sources"] | {"hail": raw["sources"]["rain"]}}))
    step(state, [hail([(at("12:01"), "a", "east", 1)]), batch([(at("12:01"), "a", "west", 1)])], at("12:02"))
    assert values_of(step(state, (), at("12:10")), "BOTH") == {("west",): (101.0, "complete")}


def test_with_too_few_samples_nothing_is_no_data() -> None:
    raw = bundle(HAIL | {"min_samples": 1}, both("r + indicator('HAIL')"))
    state = initial(plan_of(raw | {"sources": raw["sources"] | {"hail": raw["sources"]["rain"]}}))
    step(state, [hail([(at("12:01"), "a", "east", 1)]), batch([(at("12:01"), "a", "west", 1)])], at("12:02"))
    assert values_of(step(state, (), at("12:10")), "BOTH") == {("west",): (None, "no_data")}
