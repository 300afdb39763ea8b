"""A formula that refers to another indicator reads what was said of it in the same step, however old the window is."""

from __future__ import annotations

from metrics.engine import initial, step
from tests.metrics.engine_worlds import GAUGES, REGIONS, at, batch, bundle, indicator, plan_of


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
