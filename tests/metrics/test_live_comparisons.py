"""Live values that depend on other values: earlier instants, other indicators, entered numbers; and alarms."""

from __future__ import annotations

from typing import Any

from metrics.engine import initial, restore, step
from metrics.entered import ALWAYS, Entered, Entry
from tests.metrics.engine_worlds import at, batch, bundle, indicator, plan_of

TOTAL = {"n": {"agg": "count"}}


def values(outputs: Any, name: str) -> dict[int, tuple[float | None, str, int]]:
    """window end -> (value, quality, revision) of an indicator without groups."""
    return {one.window_end: (one.value, one.quality, one.revision) for one in outputs.values if one.indicator == name}


def test_the_window_before_is_remembered_over_a_restart() -> None:
    plan = plan_of(bundle(indicator("P", "n - previous(n)", TOTAL)))
    state = initial(plan)
    rows = [(at("08:01:00"), "a", None, 1), (at("08:02:00"), "b", None, 1), (at("08:03:00"), "c", None, 1)]
    said = step(state, [batch(rows)], at("08:06:00"))
    assert values(said, "P")[at("08:05:00")][0] is None  # nothing is known of the window before
    state = restore(plan, state.snapshot())
    said = step(state, [batch([(at("08:06:30"), "a", None, 1), (at("08:11:00"), "a", None, 1)])], at("08:12:00"))
    assert values(said, "P")[at("08:10:00")] == (-2.0, "complete", 0)


def test_another_indicator_is_read_at_its_newest_window_and_a_correction_reaches_those_who_read_it() -> None:
    half = indicator("H", "n", TOTAL, "10m")
    plan = plan_of(bundle(indicator("R", "n + 10 * indicator('H')", TOTAL), half))
    state = initial(plan)
    step(state, [batch([(at("08:01:00"), "a", None, 1), (at("08:07:00"), "b", None, 1)])], at("08:08:00"))
    said = step(state, [batch([(at("08:12:00"), "a", None, 1)])], at("08:16:00"))
    assert values(said, "R")[at("08:15:00")][0] == 21.0
    late = step(state, [batch([(at("08:02:00"), "c", None, 1)])], at("08:16:01"))
    assert values(late, "H")[at("08:10:00")] == (3.0, "complete", 1)
    assert values(late, "R")[at("08:10:00")] == (31.0, "complete", 1)
    assert values(late, "R")[at("08:15:00")][0] == 31.0


def test_a_number_written_down_is_used_from_its_instant_on() -> None:
    source = {"id": "M", "window": {"kind": "now", "every": "1h"}, "formula": "entered('cases') * 2"}
    plan = plan_of(bundle(source, regions=[{"code": "D", "parent": "", "zh": "区", "en": "D", "level": "district"}]))
    state = initial(plan)
    first = Entered([Entry("cases", "D", ALWAYS, 5.0)])
    step(state, [], at("07:59:59"), entered=first)
    said = step(state, [], at("08:00:30"), entered=first)
    assert [(one.region, one.value, one.quality) for one in said.values] == [("D", 10.0, "complete")]
    changed = Entered([Entry("cases", "D", ALWAYS, 5.0), Entry("cases", "D", at("08:30:00"), 7.0)])
    said = step(state, [], at("09:00:00"), entered=changed)
    assert [(one.window_end, one.value) for one in said.values] == [(at("09:00:00"), 14.0)]


def test_a_level_is_told_once_also_over_a_restart_and_its_end_is_told() -> None:
    thresholds = {"yellow": 2, "red": 4}
    plan = plan_of(bundle(indicator("A", "n", TOTAL, direction="down", thresholds=thresholds)))
    state = initial(plan)
    rows = [(at(f"08:0{minute}:00"), "a", None, 1) for minute in range(5)]
    step(state, [batch(rows)], at("08:04:30"))
    told = step(state, [batch([(at("08:06:00"), "a", None, 1)])], at("08:06:00")).alarms
    assert [(one.kind, one.level_after, one.window_end, one.value) for one in told] == [
        ("raised", "red", at("08:05:00"), 5.0)
    ]
    state = restore(plan, state.snapshot())
    assert step(state, [], at("08:06:30")).alarms == []
    later = step(state, [batch([(at("08:11:00"), "a", None, 1)])], at("08:11:30")).alarms
    assert [(one.kind, one.level_after, one.fingerprint) for one in later] == [("cleared", None, told[0].fingerprint)]


def test_a_z_level_compares_with_the_same_hour_of_the_weeks_before() -> None:
    thresholds = {"yellow": 3, "on": "z"}
    baseline = {"weeks": 4, "min": 2, "floor": 1.0}
    raw = indicator("Z", "n", TOTAL, direction="context", thresholds=thresholds, baseline=baseline)
    plan = plan_of(bundle(raw))
    state = initial(plan)
    events = []
    for week, count in enumerate([2, 3, 2, 3, 9]):
        day = f"2024-06-{3 + 7 * week:02d}" if week < 4 else "2024-07-01"
        rows = [(at(f"08:00:{second:02d}", day), "a", None, 1) for second in range(count)]
        events += step(state, [batch(rows)], at("08:01:00", day)).alarms
        outputs = step(state, [batch([(at("08:06:00", day), "b", None, 1)])], at("08:06:00", day))
        events += outputs.alarms
        while outputs.more:  # the windows of two days that nothing came in
            outputs = step(state, [], at("08:06:00", day))
            events += outputs.alarms
    assert [(one.condition, one.kind, one.level_after, one.value) for one in events if one.condition == "level"] == [
        ("level", "raised", "yellow", 9.0)
    ]


def test_the_complete_values_of_an_indicator_are_rows_for_another_one_also_over_a_restart() -> None:
    busy = indicator("B", "n", TOTAL, dimensions=["station"])
    stations = {"agg": "count", "where": "value >= 2", "per": ["station"], "having": "value >= 2", "then": "count"}
    twice = {
        "id": "T", "source": "indicator:B", "window": {"kind": "sliding", "size": "15m", "every": "5m"},
        "formula": "twice", "measures": {"twice": stations},
    }  # fmt: skip
    plan = plan_of(bundle(busy, twice))
    state = initial(plan)
    said: dict[int, float | None] = {}
    for clock, station in [
        ("08:01", "a"), ("08:02", "a"), ("08:03", "b"), ("08:06", "a"), ("08:07", "a"), ("08:08", "b"), ("08:09", "b"),
        ("08:11", "b"), ("08:12", "b"), ("08:16", "c"), ("08:21", "c"),
    ]:  # fmt: skip
        now = at(f"{clock}:00")
        outputs = step(state, [batch([(now, station, None, 1)])], now + 1_000)
        said |= {one.window_end: one.value for one in outputs.values if one.indicator == "T"}
        state = restore(plan, state.snapshot())
    assert said[at("08:05:00")] == 0.0
    assert said[at("08:10:00")] == 1.0  # a: at least 2 in two windows
    assert said[at("08:15:00")] == 2.0  # b too
    assert said[at("08:20:00")] == 1.0  # the first window of a has gone


def test_a_late_row_corrects_the_rows_that_were_made_of_its_window_and_what_was_made_of_them() -> None:
    busy = indicator("B", "n", TOTAL, dimensions=["station"])
    most = {"most": {"agg": "max", "field": "value"}, "all": {"agg": "sum", "field": "value"}}
    above = {"source": "indicator:B", "window": {"kind": "sliding", "size": "15m", "every": "15m"}, "measures": most}
    state = initial(plan_of(bundle(busy, {"id": "T", "formula": "100 * most + all", **above})))
    rows = [(at(f"08:{minute:02d}:00"), "a", None, 1) for minute in (1, 2, 6, 16)]
    told = [step(state, [batch(rows)], at("08:16:31"))]
    told.append(step(state, [batch([(at("08:07:30"), "a", None, 1), (at("08:08:30"), "a", None, 1)])], at("08:16:40")))
    said = [one for outputs in told for one in outputs.values if one.indicator == "T"]
    assert [(one.value, one.quality, one.revision) for one in said if one.window_end == at("08:15:00")] == [
        (203.0, "complete", 0), (305.0, "complete", 1)
    ]  # fmt: skip
