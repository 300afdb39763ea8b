"""A number of a region that was entered here is in the bundle, and the values per head of the next window follow it."""

from __future__ import annotations

from typing import Any

from ioc.packs.bundle import build
from metrics.engine import initial, restore, step
from tests.metrics.engine_worlds import GAUGES, REGIONS, at, batch, bundle, indicator, plan_of, said

GUIYUAN = "440303001"


def regions(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in told["regions"]}


def test_entered_numbers_lie_over_the_shipped_ones_and_none_takes_away() -> None:
    shipped = build()
    entered = {
        GUIYUAN: {"population": 91_000, "population_year": 2020, "population_source": "七普"},
        "440303": {"population": None, "population_year": None, "population_source": None},
        "999999": {"population": 1},
    }
    told = build(numbers=entered)
    assert regions(told)[GUIYUAN] == regions(shipped)[GUIYUAN] | entered[GUIYUAN]
    assert "population" not in regions(told)["440303"]
    assert regions(told)["440303"]["area_km2"] == 78.75
    assert regions(told).keys() == regions(shipped).keys()
    assert told["hash"] != shipped["hash"]
    assert build(numbers={}) == shipped


def test_values_per_head_follow_a_number_from_the_next_window_on() -> None:
    per_head = indicator("P", "10000 * n / region('population')", {"n": {"agg": "count"}})
    source = {"registry": "gauges", "region": {"registry": "code"}}

    def world(numbers: dict[str, int]) -> dict[str, Any]:
        rows = [row | ({"population": numbers[row["code"]]} if row["code"] in numbers else {}) for row in REGIONS]
        return bundle(per_head, source=source, regions=rows, registries={"gauges": GAUGES})

    def drop(clock: str) -> Any:
        return batch([(at(clock), "a", "north", 10), (at(clock), "b", "north", 10)])

    state = initial(plan_of(world({})))
    step(state, [drop("08:01:00")], at("08:01:00"))
    first = said(step(state, [drop("08:06:00")], at("08:06:00")))
    assert first["P", GUIYUAN, (), at("08:05:00")][0] is None
    state = restore(plan_of(world({GUIYUAN: 50_000})), state.snapshot())
    second = said(step(state, [drop("08:11:00")], at("08:11:00")))
    assert second["P", GUIYUAN, (), at("08:10:00")][:2] == (0.4, "complete")
