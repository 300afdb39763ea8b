"""The worked definitions load: ours, written from the constructs of the language, and those of the page itself."""

import re
import tomllib
from pathlib import Path

import pytest

from metrics.definition import load_tables
from metrics.formula import text
from metrics.window import DAY_MS, HOUR_MS, MINUTE_MS

PAGE = Path(__file__).resolve().parents[2] / "../shared/design/indicators.md"
OURS = Path(__file__).parent / "language_worlds"


def loaded(sources, indicators):
    return load_tables(sources["source"], indicators["indicator"], calendars=sources.get("calendar"))


def ours():
    sources = tomllib.loads((OURS / "sources.toml").read_text(encoding="utf-8"))
    indicators = tomllib.loads((OURS / "indicators.toml").read_text(encoding="utf-8"))
    return loaded(sources, indicators)


@pytest.fixture(scope="module")
def bundle():
    return ours()


def measure(bundle, indicator, name):
    [found] = [one for one in bundle.indicators if one.id == indicator]
    return next(one for one in found.measures if one.name == name)


def test_a_due_cohort_is_placed_by_its_deadline(bundle):
    one = measure(bundle, "due_on_time", "on_time")
    assert (text(one.at), text(one.where), one.records) == ("deadline", "closed_at <= deadline", True)
    computed = measure(bundle, "answered", "due")
    assert text(computed.at) == "after(received_at, 8h, 'office')"


def test_a_measure_may_have_a_window_of_its_own(bundle):
    [one] = [one for one in bundle.indicators if one.id == "load"]
    assert measure(bundle, "load", "arrivals").window_of(one).kind == "sliding"
    stock = measure(bundle, "load", "seats").window_of(one)
    assert (stock.kind, stock.every_ms) == ("now", 15 * MINUTE_MS)


def test_online_counts_periods_of_its_source(bundle):
    one = measure(bundle, "heard", "online")
    assert one.within_ms == 2 * 5 * MINUTE_MS
    assert bundle.sources["beat"].registry_is_source


def test_dwell_has_a_calendar_and_holds_two_periods(bundle):
    one = measure(bundle, "loud", "above")
    assert (one.calendar, one.hold_ms) == ("night", 2 * MINUTE_MS)


def test_a_rate_is_per_day_and_a_percentile_of_parts_has_its_own_p(bundle):
    assert measure(bundle, "rise", "fastest").rate_ms == DAY_MS
    one = measure(bundle, "typical_worst", "p")
    assert (one.p, one.then_p, one.then) == (None, 90.0, "percentile")


def test_tuples_are_counted_as_they_are(bundle):
    one = measure(bundle, "pairs", "n")
    assert ([text(node) for node in one.fields], one.field) == (["caller", "topic"], None)


def test_a_union_joins_fields_under_new_names(bundle):
    union = bundle.sources["complaint"]
    assert (union.kind, union.union_of) == ("records", ("case", "request"))
    assert {"asked_at", "case_id", "request_id", "origin"} <= set(union.fields)
    assert "received_at" not in union.fields
    assert union.fields["caller"].personal


def test_an_indicator_can_be_a_source(bundle):
    source = bundle.sources["indicator:slow_minutes"]
    assert (source.indicator_of, source.entity) == ("slow_minutes", "entity")
    assert source.fields["value"].scale == 9
    assert {"road", "region", "samples"} <= set(source.fields)


def test_the_rest_of_an_indicator_is_taken_over(bundle):
    [one] = [one for one in bundle.indicators if one.id == "due_on_time"]
    assert (one.rollup.level, one.rollup.how, one.top.by, one.top.n) == ("subdistrict", "worst", "org", 10)
    assert one.thresholds.limits == (("yellow", 95.0), ("red", 85.0))
    assert (one.thresholds.hysteresis, one.thresholds.on_delay_ms) == (0.5, 10 * MINUTE_MS)
    assert one.thresholds.variants[0].calendar == "night"
    assert text(one.target_formula) == "entered('plan')"
    [judged] = [one for one in bundle.indicators if one.id == "unusual"]
    assert (judged.thresholds.on, judged.baseline.weeks, judged.baseline.floor) == ("z", 6, 2.0)
    [mixed] = [one for one in bundle.indicators if one.id == "mixed"]
    assert mixed.references == ("due_on_time", "answered")
    assert mixed.measures == ()


def test_the_windows_now_and_all_are_read(bundle):
    kinds = {one.id: one.window for one in bundle.indicators}
    assert (kinds["open_cases"].kind, kinds["open_cases"].max_age_ms) == ("now", None)
    assert (kinds["ever"].kind, kinds["ever"].every_ms) == ("all", HOUR_MS)


def test_nothing_of_it_is_doubtful_but_a_null_status(bundle):
    assert bundle.warnings == (
        "indicators.toml:due_on_time.measures.due.where:1: type: rows whose status is null are dropped",
    )


def blocks():
    if not PAGE.exists():
        pytest.skip("the page of the language is not on this machine")
    return re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_worked_example_of_the_page_loads():
    parts = [tomllib.loads(block) for block in blocks() if block.startswith(("# sources.toml", "# indicators.toml"))]
    [sources] = [part for part in parts if "source" in part]
    rows = [row for part in parts if "indicator" in part for row in part["indicator"]]
    found = loaded(sources, {"indicator": rows})
    assert [one.id for one in found.indicators] == [row["id"] for row in rows]
    assert len(rows) >= 22
    assert found.warnings == ()


def test_the_first_examples_of_the_page_load():
    sources, indicator = (tomllib.loads(block) for block in blocks()[:2])
    # What the page leaves out: the registry, the calendar and two fields that the formulas name.
    gauges = {"kind": "records", "key": "station", "fields": {
        "station": {"type": "text"}, "basin": {"type": "category"}, "code": {"type": "text"}}}  # fmt: skip
    case = sources["source"]["case"]
    case["fields"] |= {"void": {"type": "bool"}, "community": {"type": "text"}}
    case["fields"]["status"]["values"].append("void")
    calendar = {"night": {"daily": ["22:00-06:00"]}}
    [one] = load_tables({**sources["source"], "gauges": gauges}, indicator["indicator"], calendars=calendar).indicators
    assert one.id == "G6"
    assert one.version == 3
