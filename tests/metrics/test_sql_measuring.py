"""Measures by SQL: every aggregate and window on small tables, against values reckoned by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.window import HOUR_MS, MINUTE_MS, Window
from tests.metrics.sql_world import at, groups, indicator, measure, measuring, values

SLIDING = Window.sliding(2 * HOUR_MS, HOUR_MS)
NOW = Window.now(HOUR_MS)
ALL = Window.all(HOUR_MS)
DAY = Window.to_date("day", HOUR_MS)


def rain(clock: str, station: str, mm: int | None, basin: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"time": at(clock), "station": station, "mm": mm, "basin": basin, "code": code}


READINGS = [
    rain("08:00", "a", 15, "north", "A1"),
    rain("08:10", "b", 20, "north", "B1"),
    rain("08:20", "a", None, "north", "A1"),
    rain("08:00", "a", 99, "north", "A1"),  # a duplicate
    rain("09:00", "a", 5, "north", "A1"),
    rain("09:30", "b", 40, None, "B1"),
    rain("10:00", "c", 70, "south", None),
]
ENDS = [at("09:00"), at("10:00"), at("11:00"), at("12:00")]


@pytest.mark.parametrize(
    ("agg", "keys", "window", "expected"),
    [
        ("count", {}, None, [3, 2, 1, 0]),
        ("count", {"field": "mm"}, None, [2, 2, 1, 0]),
        ("count", {}, SLIDING, [3, 5, 3, 1]),
        ("count", {}, DAY, [3, 5, 6, 6]),
        ("count", {}, ALL, [3, 5, 6, 6]),
        ("count", {}, NOW, [2, 2, 3, 3]),
        ("count", {"where": "station = 'a'"}, SLIDING, [2, 3, 1, 0]),
        ("sum", {"field": "mm", "scale": 1}, None, [3.5, 4.5, 7.0, None]),
        ("sum", {"field": "mm", "scale": 1}, SLIDING, [3.5, 8.0, 11.5, 7.0]),
        ("sum", {"field": "mm", "scale": 1}, NOW, [2.0, 4.5, 11.5, 11.5]),
        ("sum", {"field": "mm / 8", "scale": 2}, None, [0.44, 0.56, 0.88, None]),
        ("mean", {"field": "mm", "scale": 1}, SLIDING, [1.75, 2.0, 11.5 / 3, 7.0]),
        ("min", {"field": "mm", "scale": 1}, SLIDING, [1.5, 0.5, 0.5, 7.0]),
        ("max", {"field": "mm", "scale": 1}, ALL, [2.0, 4.0, 7.0, 7.0]),
        ("first", {"field": "mm", "scale": 1}, SLIDING, [1.5, 1.5, 0.5, 7.0]),
        ("last", {"field": "mm", "scale": 1}, None, [2.0, 4.0, 7.0, None]),
        ("percentile", {"field": "mm", "scale": 1, "p": 50.0}, DAY, [1.75, 1.75, 2.0, 2.0]),
        ("percentile", {"field": "mm", "scale": 1, "p": 90.0}, SLIDING, [1.95, 3.4, 6.4, 7.0]),
        ("distinct", {"fields": ["station"]}, SLIDING, [2, 2, 3, 1]),
        ("distinct", {"fields": ["station", "mm"], "scale": 1}, ALL, [2, 4, 5, 5]),
        ("distinct", {"fields": ["basin"]}, None, [1, 1, 1, 0]),
    ],
)
def test_readings(agg: str, keys: dict[str, Any], window: Window | None, expected: list[float | None]) -> None:
    assert values(measure("rain", agg, **keys), ENDS, window, rain=READINGS) == pytest.approx(expected)


def test_a_current_row_does_not_count_once_it_is_too_old() -> None:
    window = Window.now(HOUR_MS, 90 * MINUTE_MS)
    assert values(measure("rain", "count"), ENDS, window, rain=READINGS) == [2, 2, 2, 0]


def test_now_is_the_end_of_each_window() -> None:
    newest = measure("rain", "max", field="minutes(now() - time)", scale=0)
    assert values(newest, ENDS, NOW, rain=READINGS) == [50, 60, 120, 180]
    late = measure("rain", "count", where="now() - time > 45m")
    assert values(late, ENDS, SLIDING, rain=READINGS) == [2, 4, 3, 1]


def test_a_measure_may_have_a_window_of_its_own() -> None:
    stock = measure("rain", "count", window=NOW)
    assert values(stock, ENDS, SLIDING, rain=READINGS) == [2, 2, 3, 3]


def test_equal_ends_of_a_repeated_instant_have_equal_values() -> None:
    assert values(measure("rain", "count"), [ENDS[0], ENDS[0]], rain=READINGS) == [3, 3]


def test_a_source_without_rows_answers_with_empty_results() -> None:
    assert values(measure("rain", "count"), ENDS[:1]) == [0]
    assert values(measure("rain", "sum", field="mm", scale=1), ENDS[:1]) == [None]
    assert values(measure("case", "sum", field="score", at="created"), ENDS[:1]) == [0]


def test_counter_readings_give_what_went_through_and_how_fast() -> None:
    rows = [rain("08:00", "a", 100), rain("08:30", "a", 160), rain("08:15", "b", 10)]
    passed = measure("rain", "delta", field="mm", scale=1, per=("entity",), then="sum")
    assert values(passed, ENDS[:1], rain=rows) == [6.0]
    speed = measure("rain", "rate", field="mm", scale=1, per=("entity",), then="max", rate_ms=HOUR_MS)
    assert values(speed, ENDS[:2], rain=rows) == [12.0, None]


def test_dwell_counts_the_time_of_a_state_inside_the_window() -> None:
    rows = [rain("08:50", "a", 50), rain("09:10", "a", 50), rain("09:20", "a", 10), rain("09:55", "b", 50)]
    wet = measure("rain", "dwell", where="mm > 3", hold_ms=30 * MINUTE_MS)
    assert values(wet, [at("09:00"), at("10:00"), at("11:00")], rain=rows) == [600, 1200 + 300, 1500]
    held = measure("rain", "dwell", where="mm > 3", hold_ms=5 * MINUTE_MS)
    assert values(held, [at("09:00"), at("10:00")], rain=rows) == [300, 600]


def test_dwell_counts_open_hours_only_if_it_has_a_calendar() -> None:
    rows = [rain("11:50", "a", 50), rain("12:10", "a", 10)]
    wet = measure("rain", "dwell", where="mm > 3", hold_ms=30 * MINUTE_MS, calendar="office")
    assert values(wet, [at("12:00"), at("13:00")], rain=rows) == [600, 0]


def test_dwell_of_a_state_counts_its_parts_as_rows() -> None:
    rows = [rain("08:50", "a", 50), rain("09:10", "a", 50)]
    wet = measure("rain", "dwell", where="mm > 3", hold_ms=30 * MINUTE_MS)
    assert groups(wet, at("10:00"), rain=rows) == {("", None): (2400.0, 2, True)}


WINDOWS = st.sampled_from([SLIDING, DAY, ALL, NOW, Window.sliding(3 * HOUR_MS, 15 * MINUTE_MS)])
SOME = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from("abc"), st.none() | st.integers(-3, 3)), max_size=12,
    unique_by=lambda one: one[:2],
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(SOME, WINDOWS, st.sampled_from(["count", "sum", "min", "last", "distinct"]))
def test_each_window_holds_the_rows_that_lie_in_it(
    some: list[tuple[int, str, int | None]], window: Window, agg: str
) -> None:
    rows = [{"time": at("07:00") + minute * MINUTE_MS, "station": who, "mm": mm} for minute, who, mm in some]
    ends = [at("07:15"), at("08:00"), at("08:30"), at("10:00"), at("12:15")]
    keys: dict[str, Any] = {"fields": ["mm"]} if agg == "distinct" else {"field": "mm"}
    assert values(measure("rain", agg, scale=1, **keys), ends, window, rain=rows) == [
        plainly(agg, window, end, sorted(rows, key=lambda row: (row["time"], row["station"]))) for end in ends
    ]


def plainly(agg: str, window: Window, end: int, rows: list[dict[str, Any]]) -> float | None:
    """One window as the page says it."""
    before = [row for row in rows if row["time"] < end]
    if window.kind == "now":
        inside = list({row["station"]: row for row in before}.values())
        inside.sort(key=lambda row: (row["time"], row["station"]))
    else:
        start = at("00:00", "2000-01-01") if window.kind == "all" else window.start(end)
        inside = [row for row in before if row["time"] >= start]
    known = [row["mm"] for row in inside if row["mm"] is not None]
    if agg in ("count", "distinct"):
        return len(known if agg == "count" else set(known))
    if not known:
        return None
    return {"sum": sum(known), "min": min(known), "last": known[-1]}[agg] / 10


# ---- records ----


def case(key: str, changed: str, **more: Any) -> dict[str, Any]:
    return {"case": key, "changed": at(changed), "created": at("08:00"), **more}


CASES = [
    case("k1", "08:05", deadline=at("09:30"), org="x", score=3, code="A1"),
    case("k2", "08:10", deadline=at("10:00"), org="y", score=4, code="B1"),
    case("k1", "09:20", deadline=at("09:30"), closed=at("09:15"), org="x", score=3, code="A1"),
    case("k2", "10:40", deadline=at("10:30"), org="x", score=5, code="A2"),
    case("k3", "10:50", deadline=at("10:15"), org="y", score=None, code="Z9"),
    case("k3", "10:50", deadline=at("10:15"), org="y", score=1, code="Z9"),
    case("k2", "11:30", void=True),
]


def test_records_count_in_the_window_of_their_time_as_known_at_its_end() -> None:
    due = measure("case", "count", at="deadline")
    assert values(due, ENDS, case=CASES) == [0, 1, 2, 0]
    assert values(due, ENDS, SLIDING, case=CASES) == [0, 1, 3, 1]
    done = measure("case", "count", at="deadline", where="closed <= deadline")
    assert values(done, ENDS, SLIDING, case=CASES) == [0, 1, 1, 0]


def test_the_stock_of_records_is_their_current_versions() -> None:
    assert values(measure("case", "count"), ENDS, NOW, case=CASES) == [2, 2, 3, 2]
    assert values(measure("case", "sum", field="score"), ENDS, NOW, case=CASES) == [7, 7, 9, 4]
    overdue = measure("case", "count", where="closed is null and deadline < now()")
    assert values(overdue, ENDS, NOW, case=CASES) == [0, 0, 2, 1]


def test_everything_so_far_needs_a_time_before_the_end_if_one_is_given() -> None:
    assert values(measure("case", "count", at="deadline"), ENDS, ALL, case=CASES) == [0, 1, 3, 2]
    assert values(measure("case", "count"), ENDS, ALL, case=CASES) == [2, 2, 3, 2]


def test_first_and_last_of_records_are_by_their_time_and_then_by_key() -> None:
    assert values(measure("case", "last", field="score", at="created"), ENDS, DAY, case=CASES) == [4, 4, 1, 1]
    assert values(measure("case", "last", field="score", at="deadline"), ENDS, ALL, case=CASES) == [None, 3, 5, 1]


def test_records_without_a_change_time_are_known_since_ever() -> None:
    rows = [{"case": "k1", "created": at("08:30"), "score": 1}, {"case": "k1", "created": at("08:40"), "score": 2}]
    assert values(measure("case", "sum", field="score", at="created"), ENDS[:2], case=rows) == [2, 0]


def test_dwell_of_records_is_the_time_of_their_versions() -> None:
    waiting = measure("case", "dwell", where="closed is null and org = 'x'")
    assert values(waiting, ENDS, case=CASES) == [55 * 60, 20 * 60, 20 * 60, 30 * 60]


def test_working_time_leaves_out_holds() -> None:
    hold = [{"s": at("10:00"), "e": at("11:00")}]
    rows = [case("k1", "08:05", closed=at("15:00"), holds=hold)]
    mean = measure("case", "mean", at="closed", field="hours(worked(created, closed, 'office', holds))", scale=6)
    assert values(mean, [at("16:00")], case=rows) == [3.0]


# ---- registries ----

DEVICES = [
    {"device": "d1", "changed": at("07:00"), "kind": "lamp", "code": "A1", "active": True},
    {"device": "d2", "changed": at("07:00"), "kind": "lamp", "code": "B1", "active": True},
    {"device": "d3", "changed": at("08:30"), "kind": "lift", "code": "A2", "active": False},
    {"device": "d1", "changed": at("08:30"), "kind": "lift", "code": "A2", "active": True},
]
SIGNALS = [
    {"device": "d1", "time": at("08:29"), "reading": 1000},
    {"device": "d1", "time": at("08:55"), "reading": 3000},
    {"device": "d3", "time": at("08:50"), "reading": 5000},
    {"device": "d9", "time": at("08:51"), "reading": 7000},
]


def test_online_counts_registered_entities_that_were_heard() -> None:
    online = measure("heard", "online", within_ms=10 * MINUTE_MS, where="active")
    both = {"heard": SIGNALS, "device": DEVICES}
    assert values(online, [at("08:35"), at("09:00"), at("09:05"), at("09:06")], NOW, **both) == [1, 1, 1, 0]
    assert groups(online, at("09:00"), NOW, dimensions=["kind"], **both) == {
        ("", ("lamp",)): (0.0, 1, True), ("", ("lift",)): (1.0, 1, True),
    }  # fmt: skip
    found = groups(online, at("09:00"), NOW, "tree", **both)
    assert found == {
        ("D", None): (1.0, 2, True), ("A", None): (1.0, 1, True), ("B", None): (0.0, 1, True),
    }  # fmt: skip


def test_fields_are_taken_from_the_registry_as_of_the_reading() -> None:
    both = {"heard": SIGNALS, "device": DEVICES}
    total = measure("heard", "sum", field="reading", scale=3)
    assert groups(total, at("09:00"), dimensions=["kind"], **both) == {
        ("", ("lamp",)): (1.0, 1, True), ("", ("lift",)): (8.0, 2, True), ("", ("",)): (7.0, 1, True),
    }  # fmt: skip
    assert groups(total, at("09:00"), regions="leaf", **both) == {
        ("A1", None): (1.0, 1, True), ("A2", None): (8.0, 2, True), ("", None): (7.0, 1, True),
    }  # fmt: skip


def test_a_second_step_uses_registry_fields_as_of_the_end() -> None:
    both = {"heard": SIGNALS, "device": DEVICES}
    lifts = measure("heard", "sum", field="reading", scale=3, per=("entity",), having="kind = 'lift'", then="sum")
    assert groups(lifts, at("09:00"), **both) == {("", None): (9.0, 4, True)}


def test_a_static_registry_weighs_and_places_readings() -> None:
    rows = [
        {"time": at("08:01"), "station": "g1", "mm": 10}, {"time": at("08:02"), "station": "g1", "mm": 30},
        {"time": at("08:03"), "station": "g2", "mm": 40}, {"time": at("08:04"), "station": "g3", "mm": 80},
        {"time": at("08:05"), "station": "g4", "mm": 80},
    ]  # fmt: skip
    weighed = measure("gauged", "mean", field="mm", scale=1, per=("entity",), each="value * weight", then="sum")
    assert values(weighed, ENDS[:1], gauged=rows) == [2 * 1.5 + 4 * 2.0 + 8 * 0.25]
    assert groups(weighed, ENDS[0], regions="tree", gauged=rows) == {
        ("D", None): (11.0, 3, True), ("A", None): (3.0, 2, True), ("B", None): (8.0, 1, True),
        ("", None): (2.0, 2, True),
    }  # fmt: skip


# ---- groups ----


def test_a_region_holds_all_rows_below_it_and_rows_without_one_are_apart() -> None:
    found = groups(measure("rain", "count"), ENDS[2], DAY, "tree", rain=READINGS)
    assert found == {
        ("D", None): (5.0, 5, True), ("A", None): (3.0, 3, True), ("B", None): (2.0, 2, True),
        ("", None): (1.0, 1, True),
    }  # fmt: skip


def test_a_region_without_rows_is_there_and_not_present() -> None:
    assert groups(measure("rain", "sum", field="mm", scale=1), at("12:00"), None, "tree", rain=READINGS) == {
        ("D", None): (None, 0, False), ("A", None): (None, 0, False), ("B", None): (None, 0, False),
    }  # fmt: skip


def test_dimensions_split_regions_and_null_is_a_value_of_its_own() -> None:
    found = groups(measure("rain", "count"), ENDS[1], DAY, "tree", dimensions=["basin"], rain=READINGS)
    assert found == {
        ("D", ("north",)): (4.0, 4, True), ("A", ("north",)): (3.0, 3, True), ("B", ("north",)): (1.0, 1, True),
        ("D", ("",)): (1.0, 1, True), ("B", ("",)): (1.0, 1, True),
    }  # fmt: skip


def test_one_place_in_two_regions_is_one_place_of_the_district() -> None:
    rows = [case(f"k{n}", "08:05", caller="ann", code=code) for n, code in enumerate(["A1", "A1", "B1"])]
    rows.append(case("k9", "08:05", caller="bob", code="B1"))
    repeated = measure(
        "case", "count", at="created", where="caller is not null", per=("caller",), having="value >= 3", then="count"
    )
    assert groups(repeated, ENDS[0], regions="tree", case=rows) == {
        ("D", None): (1.0, 4, True), ("A", None): (0.0, 2, True), ("B", None): (0.0, 2, True),
    }  # fmt: skip


def test_a_measure_that_lacks_the_dimension_gives_each_value_its_total_and_makes_no_group() -> None:
    from dataclasses import replace

    rain_count = replace(measure("rain", "count"), name="rain")
    tickets = replace(measure("ticket", "count"), name="tickets")
    rows = [{"called": at("08:10"), "hall": "h", "number": "1"}, {"called": at("08:10"), "hall": "h", "number": "2"}]
    program = measuring(rain=READINGS, ticket=rows)
    asked = replace(indicator(rain_count), measures=(rain_count, tickets), dimensions=("basin",))
    answer = program.measure(asked, ENDS[:1], "leaf")
    assert sorted(answer.groups) == [("A1", ("north",)), ("B1", ("north",))]
    assert answer.measures["tickets"].value.tolist() == [[2.0, 2.0]]
    assert answer.present.tolist() == [[True, True]]


# ---- sources ----


def test_a_ticket_number_names_a_reading() -> None:
    rows = [
        {"called": at("08:10"), "hall": "h", "number": "1", "taken": at("08:00")},
        {"called": at("08:10"), "hall": "h", "number": "2", "taken": at("08:08")},
        {"called": at("08:11"), "hall": "h", "number": "1", "taken": at("08:00")},
    ]
    wait = measure("ticket", "mean", field="minutes(called - taken)", scale=6)
    assert values(wait, ENDS[:1], ticket=rows) == [6.0]


def test_a_union_has_the_rows_of_all_its_parts() -> None:
    requests = [{"request": "k1", "changed": at("08:06"), "received": at("08:30"), "caller": "ann", "code": "A1"}]
    cases = [case("k1", "08:05", caller="ann", code="A1")]
    both = {"case": cases, "request": requests}
    assert groups(measure("complaint", "count", at="created"), ENDS[0], dimensions=["origin"], **both) == {
        ("", ("case",)): (1.0, 1, True), ("", ("request",)): (1.0, 1, True),
    }  # fmt: skip
    callers = measure("complaint", "count", at="created", per=("caller",), then="count")
    assert values(callers, ENDS[:1], **both) == [1]
    assert groups(measure("complaint", "count", at="created"), ENDS[0], regions="tree", **both)["A", None][0] == 2


def test_a_union_of_readings_keeps_the_entities_of_its_parts_apart() -> None:
    both = {"rain": [rain("08:10", "g1", 10)], "gauged": [{"time": at("08:40"), "station": "g1", "mm": 20}]}
    stations = measure("water", "sum", field="mm", scale=1, per=("entity",), then="count")
    assert values(stations, ENDS[:1], **both) == [2]
    assert values(measure("water", "last", field="mm", scale=1), ENDS[:1], **both) == [2.0]
    assert values(measure("water", "count"), ENDS[:1], NOW, **both) == [2]


def test_values_of_an_indicator_are_rows_that_differ_in_their_region() -> None:
    rows = [
        {"time": at("08:59"), "entity": "x", "region": "A1", "org": "x", "value": 31 * 10**9, "samples": 3},
        {"time": at("08:59"), "entity": "x", "region": "B1", "org": "x", "value": 40 * 10**9, "samples": 3},
        {"time": at("09:59"), "entity": "x", "region": "A1", "org": "x", "value": None, "samples": 0},
    ]
    high = measure("indicator:S", "count", where="value > 30")
    assert values(high, ENDS[:2], **{"indicator:S": rows}) == [2, 0]
    found = groups(high, ENDS[0], regions="tree", **{"indicator:S": rows})
    assert found["D", None] == (2.0, 2, True)
    assert found["A", None] == (1.0, 1, True)


def test_a_text_in_a_condition_is_only_text() -> None:
    quoted = measure("rain", "count", where="station = 'x''; DROP TABLE regions; --'")
    assert values(quoted, ENDS[:1], rain=[rain("08:00", "x'; DROP TABLE regions; --", 1)]) == [1]


def test_a_source_is_stale_without_a_row_in_time() -> None:
    program = measuring(rain=READINGS)
    assert program.stale("rain", [at("08:10"), at("08:13"), at("08:14")]).tolist() == [True, False, True]
    assert program.stale("ticket", [at("08:10")]).tolist() == [False]


def test_the_sql_of_an_indicator_can_be_read() -> None:
    program = measuring(rain=READINGS)
    shown = program.sql(indicator(measure("rain", "sum", field="mm", scale=1, where="station = 'a'")), ENDS)
    assert "-- X.m" in shown
    assert "sum(_v)" in shown
    assert "\"station\" = 'a'" in shown


def test_the_database_reads_no_files() -> None:
    program = measuring(rain=READINGS)
    with pytest.raises(Exception, match="disabled"):
        program._database.arrow("SELECT * FROM read_csv('/etc/passwd')")


def test_sums_beyond_64_bits_do_not_wrap() -> None:
    rows = [rain("08:00", "a", 2**62), rain("08:01", "a", 2**62), rain("08:02", "a", 2**62)]
    found = values(measure("rain", "sum", field="mm", scale=1), ENDS[:1], rain=rows)
    assert found == [3 * 2**62 / 10]
    squares = values(measure("rain", "sum", field="mm * mm", scale=2), ENDS[:1], rain=rows[:1])
    assert np.isclose(squares[0] or 0, 2.0**124 / 100)
