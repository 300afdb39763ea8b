"""The explanation of a plan: who uses which scan, what is held, and what each indicator costs."""

from __future__ import annotations

from itertools import count

from metrics.engine import initial, step
from metrics.explain import explain, printed
from tests.metrics.engine_worlds import at, batch, bundle, indicator, plan_of

TWICE = [
    indicator("A", "n", {"n": {"agg": "count"}}),
    indicator("B", "n * 2", {"n": {"agg": "count"}}),
    indicator("P", "p", {"p": {"agg": "percentile", "p": 90, "field": "mm"}}),
]


def test_a_plan_names_each_scan_once_with_all_that_use_it():
    (source,) = explain(plan_of(bundle(*TWICE)))["sources"]
    assert [(one["field"], one["folds"], one["used_by"]) for one in source["scans"]] == [
        (None, ["count"], ["A@1", "B@1"])
    ]
    assert source["kept"]["columns"] == [
        {"column": "k:", "used_by": ["P@1"]},
        {"column": "v1:mm", "used_by": ["P@1"]},
    ]


def test_a_running_engine_tells_rows_keys_bytes_and_the_share_of_each_indicator():
    plan = plan_of(bundle(*TWICE))
    state, ticks = initial(plan), count()
    rows = [(at("08:00:01"), "a", None, 1), (at("08:00:02"), "b", None, 2)]
    step(state, [batch(rows)], at("08:01:00"), stopwatch=lambda: float(next(ticks)))
    found = explain(plan, state)
    (source,) = found["sources"]
    assert (source["rows"], source["entities"], source["identities"], source["kept"]["rows"]) == (2, 2, 2, 2)
    assert [(one["panes"], one["keys"], one["bytes"]) for one in source["scans"]] == [(1, 1, 8)]
    # What is told together costs together: two of them are of one shape.
    assert [(one["seconds"], one["steps"], one["share"]) for one in found["indicators"]] == [
        (0.5, 1, 0.25), (0.5, 1, 0.25), (1.0, 1, 0.5),
    ]  # fmt: skip


def test_the_lines_name_indicators_by_cost():
    plan = plan_of(bundle(*TWICE))
    lines = list(printed(explain(plan)))
    assert sum(line.startswith("指标 indicator") for line in lines) == 3
    assert any("used by A@1 B@1" in line for line in lines)
