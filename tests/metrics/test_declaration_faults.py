"""Each way in which a definition can be wrong, with its place, its column and its rule."""

import pytest

from metrics.definition import DefinitionErrors, load, load_tables

SOURCES = {
    "rain": {
        "kind": "readings", "time": "time", "entity": "station", "period": "1m", "registry": "gauge",
        "take": ["basin"],
        "fields": {
            "time": {"type": "time"}, "station": {"type": "text"}, "mm": {"type": "decimal", "scale": 1, "unit": "mm"},
            "km": {"type": "int", "unit": "km"}, "watcher": {"type": "text", "personal": True},
        },
    },
    "quiet": {
        "kind": "readings", "time": "time", "entity": "station",
        "fields": {"time": {"type": "time"}, "station": {"type": "text"}, "mm": {"type": "int"}},
    },
    "gauge": {
        "kind": "records", "key": "gauge",
        "fields": {"gauge": {"type": "text"}, "basin": {"type": "category"}, "active": {"type": "bool"}},
    },
    "case": {
        "kind": "records", "key": "case_id", "changed": "changed_at",
        "fields": {
            "case_id": {"type": "text"}, "changed_at": {"type": "time"}, "created_at": {"type": "time"},
            "deadline": {"type": "time"}, "org": {"type": "category"}, "caller": {"type": "text", "personal": True},
            "status": {"type": "category", "values": ["open", "closed"]}, "holds": {"type": "intervals"},
            "place": {"type": "point"}, "age": {"type": "int", "personal": True},
        },
    },
}  # fmt: skip
CALENDARS = {"office": {"week": {"mon": ["09:00-12:00"]}}}
HOUR = {"kind": "sliding", "size": "1h", "every": "5m"}
NOW = {"kind": "now", "every": "5m"}
COUNT = {"agg": "count"}


def lines(*indicators, sources=SOURCES, calendars=CALENDARS, **more):
    with pytest.raises(DefinitionErrors) as caught:
        load_tables(sources, list(indicators), calendars=calendars, files=("s.toml", "i.toml"), **more)
    assert len(caught.value.lines_zh) == len(caught.value.lines)
    assert all(zh.isascii() is False for zh in caught.value.lines_zh)
    return [line.split(": ", 2)[:2] for line in caught.value.lines]


def one(measure, formula="x", window=HOUR, source="rain", **more):
    """An indicator `I` with one measure `x`."""
    return {"id": "I", "source": source, "window": window, "formula": formula, "measures": {"x": measure}, **more}


def place(*told):
    return [[where, rule] for where, rule in told]


@pytest.mark.parametrize(
    ("measure", "where", "rule"),
    [
        ({"agg": "cuont"}, "agg:0", "literal"),
        ({}, "agg:0", "missing-key"),
        ({"agg": "sum"}, "field:0", "missing-key"),
        ({"agg": "sum", "field": "mm", "fold": 1}, "fold:0", "unknown-key"),
        ({"agg": "sum", "field": "mm + km"}, "field:6", "unit"),
        ({"agg": "sum", "field": "station"}, "field:1", "type"),
        ({"agg": "sum", "field": "mm *"}, "field:5", "syntax"),
        ({"agg": "sum", "field": "sqrt(mm)"}, "field:1", "unknown-function"),
        ({"agg": "sum", "field": "abs(mm, 1)"}, "field:1", "arity"),
        ({"agg": "sum", "field": ["mm", "km"]}, "field:0", "type"),
        ({"agg": "sum", "field": "region('area')"}, "field:1", "unknown-function"),
        ({"agg": "sum", "field": "hours(now() - time)"}, "field:7", "window"),
        ({"agg": "count", "where": "mmm > 1"}, "where:1", "unknown-name"),
        ({"agg": "count", "where": "mm"}, "where:1", "type"),
        ({"agg": "count", "where": "hour(now()) = 3"}, "where:6", "window"),
        ({"agg": "count", "where": "worked(time, now(), 'ofice') > 1h"}, "where:21", "unknown-name"),
        ({"agg": "count", "where": "worked(time, now(), office) > 1h"}, "where:21", "literal"),
        ({"agg": "count", "p": 90}, "p:0", "unknown-key"),
        ({"agg": "count", "at": "time"}, "at:0", "unknown-key"),
        ({"agg": "percentile", "field": "mm"}, "p:0", "missing-key"),
        ({"agg": "percentile", "field": "mm", "p": 101}, "p:0", "literal"),
        ({"agg": "delta", "field": "mm"}, "per:0", "missing-key"),
        ({"agg": "rate", "field": "mm", "per": ["basin"], "then": "max"}, "per:0", "missing-key"),
        ({"agg": "count", "per": ["basin"]}, "then:0", "missing-key"),
        ({"agg": "count", "having": "value > 1"}, "per:0", "missing-key"),
        ({"agg": "count", "per": ["basn"], "then": "max"}, "per:0", "unknown-name"),
        ({"agg": "count", "per": ["basin"], "having": "value", "then": "max"}, "having:1", "type"),
        ({"agg": "count", "per": ["basin"], "each": "mm", "then": "max"}, "each:1", "unknown-name"),
        ({"agg": "count", "per": ["basin"], "then": "percentile"}, "p:0", "missing-key"),
        ({"agg": "count", "per": ["watcher"], "each": "if(watcher = 'x', 1, 0)", "then": "sum"}, "each:4", "personal"),
        ({"agg": "max", "field": "number(watcher = 'x')"}, "field:8", "personal"),
        ({"agg": "count", "window": {"kind": "tumbling", "size": "1h"}}, "window.kind:0", "window"),
        ({"agg": "count", "window": {"kind": "sliding", "size": "7m", "every": "5m"}}, "window.size:0", "window"),
        ({"agg": "count", "window": {"kind": "now", "every": "1h"}}, "window.every:0", "window"),
        ({"agg": "dwell", "field": "mm"}, "field:0", "unknown-key"),
        ({"agg": "dwell", "calendar": "night"}, "calendar:0", "unknown-name"),
        ({"agg": "dwell", "where": "time < now()"}, "where:8", "window"),
        ({"agg": "dwell", "source": "quiet"}, "hold:0", "missing-key"),
        ({"agg": "online", "source": "quiet", "within": "5m"}, "agg:0", "missing-key"),
        ({"agg": "online", "where": "mm > 1"}, "where:1", "unknown-name"),
        ({"agg": "count", "source": "rian"}, "source:0", "unknown-name"),
        ({"agg": "count", "source": "indicator:J"}, "source:0", "unknown-name"),
        ({"agg": "count", "source": "case"}, "at:0", "missing-key"),
        ({"agg": "count", "source": "case", "at": "org"}, "at:1", "type"),
        ({"agg": "count", "source": "case", "at": "deadline + (now() - created_at)"}, "at:13", "window"),
        ({"agg": "delta", "source": "case", "at": "deadline", "field": "age", "per": ["entity"], "then": "sum"},
         "agg:0", "type"),
        ({"agg": "distinct", "source": "case", "at": "deadline", "field": ["caller", "holds"]}, "field:1", "type"),
        ({"agg": "count", "source": "case", "at": "deadline", "where": "status = 'shut'"}, "where:10", "literal"),
        ({"agg": "count", "source": "case", "at": "deadline", "where": "after(deadline, 2h, 'office') < 3"},
         "where:33", "type"),
    ],
)  # fmt: skip
def test_a_wrong_measure(measure, where, rule):
    told = lines(one(measure))
    assert [f"i.toml:I.measures.x.{where}", rule] in told
    assert len(told) <= 2


@pytest.mark.parametrize(
    ("formula", "column", "rule"),
    [
        ("x + y", 5, "unknown-name"),
        ("x > 1", 1, "type"),
        ("x + entered(x)", 13, "literal"),
        ("x + indicator('J')", 15, "unknown-name"),
        ("x - previous(x + 1)", 14, "type"),
        ("x - previous(k)", 14, "type"),
        ("x - same_time(x, '2d')", 18, "literal"),
        ("x - same_time(x)", 5, "arity"),
        ("x + elapsed('hour')", 13, "literal"),
        ("x + bands(x, 1, 5, 2, 5, 3)", 23, "literal"),
        ("x)", 2, "syntax"),
        ("x + ", 5, "syntax"),
        ("x" + " + 1" * 600, 2001, "limit"),
        ("x + " + "(" * 70 + "x" + ")" * 70, 69, "limit"),
        ("x" + "+indicator('I')" * 65, 963, "limit"),
        ("x" + "+x" * 220, 400, "limit"),
    ],
)
def test_a_wrong_formula(formula, column, rule):
    told = lines(one(COUNT, formula, constants={"k": 3}))
    assert [f"i.toml:I.formula:{column}", rule] in told


@pytest.mark.parametrize(
    ("change", "where", "rule"),
    [
        ({"colour": "red"}, "colour:0", "unknown-key"),
        ({"window": None}, "window:0", "missing-key"),
        ({"formula": None}, "formula:0", "missing-key"),
        ({"version": 0}, "version:0", "type"),
        ({"window": {"kind": "sliding", "size": "1h"}}, "window.every:0", "missing-key"),
        ({"window": {"kind": "sliding", "size": "1h", "every": "7m"}}, "window.every:0", "window"),
        ({"window": {"kind": "sliding", "size": "7m", "every": "5m"}}, "window.size:0", "window"),
        ({"window": {"kind": "tumbling", "size": "7m"}}, "window.size:0", "window"),
        ({"window": {"kind": "tumbling", "size": "1h", "every": "5m"}}, "window.every:0", "window"),
        ({"window": {"kind": "tumbling", "size": "soon"}}, "window.size:0", "literal"),
        ({"window": {"kind": "all", "every": "5m", "max_age": "1h"}}, "window.max_age:0", "window"),
        ({"window": {"kind": "rolling"}}, "window.kind:0", "literal"),
        ({"samples": "y"}, "samples:0", "unknown-name"),
        ({"constants": {"x": 1}}, "constants.x:0", "duplicate"),
        ({"measures": {"x": COUNT, "y": COUNT}}, "measures.y:0", "unused"),
        ({"dimensions": ["basn"]}, "dimensions:0", "unknown-name"),
        ({"dimensions": ["watcher"]}, "dimensions:0", "personal"),
        ({"dimensions": ["basin", "basin"]}, "dimensions:0", "duplicate"),
        ({"levels": ["street"]}, "levels:0", "literal"),
        ({"direction": "sideways"}, "direction:0", "literal"),
        ({"rollup": "sum"}, "rollup:0", "literal"),
        ({"rollup": {"from": "subdistrict", "how": "weighted"}}, "rollup.weight:0", "missing-key"),
        ({"rollup": {"from": "subdistrict", "how": "max", "weight": "w"}}, "rollup.weight:0", "unknown-key"),
        ({"target": {}}, "target.value:0", "missing-key"),
        ({"target": {"value": 1, "formula": "1"}}, "target.formula:0", "duplicate"),
        ({"target": {"formula": "x"}}, "target.formula:1", "unknown-name"),
        ({"target": {"formula": "indicator('I')"}}, "target.formula:1", "unknown-function"),
        ({"baseline": {"min": 1}}, "baseline.min:0", "literal"),
        ({"top": {"by": "basin", "n": 3}}, "top.by:0", "unknown-name"),
        ({"top": {"by": "basin"}, "dimensions": ["basin"]}, "top.n:0", "missing-key"),
        ({"direction": "up", "thresholds": {"yellow": 5, "red": 7}}, "thresholds:0", "literal"),
        ({"thresholds": {"amber": 5}}, "thresholds.amber:0", "unknown-key"),
        ({"thresholds": {"on_delay": "10x"}}, "thresholds.on_delay:0", "literal"),
        ({"thresholds": {"variants": [{"calendar": "night", "red": 1}]}}, "thresholds.variants.0.calendar:0",
         "unknown-name"),
        ({"formula": "x + indicator('I')"}, "formula:15", "cycle"),
        ({"formula": "x - previous(indicator('I'))"}, "formula:24", "cycle"),
        ({"source": "indicator:I"}, "source:0", "cycle"),
        ({"source": "rian"}, "source:0", "unknown-name"),
        ({"source": None}, "measures.x.source:0", "missing-key"),
    ],
)  # fmt: skip
def test_a_wrong_indicator(change, where, rule):
    table = {key: value for key, value in (one(COUNT) | change).items() if value is not None}
    told = lines(table)
    assert [f"i.toml:I.{where}", rule] in told
    assert len(told) <= 2


@pytest.mark.parametrize(
    ("name", "change", "where", "rule"),
    [
        ("rain", {"kind": "stream"}, "kind:0", "literal"),
        ("rain", {"time": None}, "time:0", "missing-key"),
        ("rain", {"time": "when"}, "time:0", "unknown-name"),
        ("rain", {"time": "mm"}, "time:0", "type"),
        ("rain", {"key": "station"}, "key:0", "unknown-key"),
        ("rain", {"id": ["mmm"]}, "id:0", "unknown-name"),
        ("rain", {"period": "often"}, "period:0", "literal"),
        ("rain", {"registry": "gauges"}, "registry:0", "unknown-name"),
        ("rain", {"registry": "quiet"}, "registry:0", "type"),
        ("rain", {"take": ["bassin"]}, "take:0", "unknown-name"),
        ("rain", {"region": {"field": "basin2"}}, "region.field:0", "unknown-name"),
        ("rain", {"region": {"point": "station"}}, "region.point:0", "type"),
        ("rain", {"region": {}}, "region:0", "missing-key"),
        ("rain", {"region": {"field": "station", "registry": "basin"}}, "region:0", "duplicate"),
        ("case", {"time": "created_at"}, "time:0", "unknown-key"),
        ("case", {"key": None}, "key:0", "missing-key"),
        ("case", {"deleted": "status"}, "deleted:0", "type"),
        ("case", {"changed": "status"}, "changed:0", "type"),
        ("case", {"since": "yesterday"}, "since:0", "literal"),
        ("u", {"kind": "union"}, "of:0", "missing-key"),
        ("u", {"kind": "union", "of": ["case", "cases"]}, "of:0", "unknown-name"),
        ("u", {"kind": "union", "of": ["case", "rain"]}, "of:0", "type"),
        ("u", {"kind": "union", "of": ["rain", "quiet"]}, "of:0", "type"),
        ("u", {"kind": "union", "of": ["case"], "rename": {"rain": {}}}, "rename.rain:0", "unknown-name"),
        ("u", {"kind": "union", "of": ["case"], "rename": {"case": {"no": "x"}}}, "rename.case.no:0", "unknown-name"),
        ("u", {"kind": "union", "of": ["case"], "rename": {"case": {"org": "status"}}}, "rename.case:0", "duplicate"),
        ("u", {"kind": "union", "of": ["case"], "time": "deadline"}, "time:0", "unknown-key"),
    ],
)
def test_a_wrong_source(name, change, where, rule):
    table = {key: value for key, value in (SOURCES.get(name, {}) | change).items() if value is not None}
    told = lines(sources=SOURCES | {name: table})
    assert [f"s.toml:{name}.{where}", rule] in told
    assert len(told) <= 2


@pytest.mark.parametrize(
    ("field", "where", "rule"),
    [
        ({"type": "float"}, "type:0", "literal"),
        ({}, "type:0", "missing-key"),
        ({"type": "decimal"}, "scale:0", "missing-key"),
        ({"type": "int", "scale": 1}, "scale:0", "unknown-key"),
        ({"type": "decimal", "scale": 12}, "scale:0", "type"),
        ({"type": "int", "range": [1]}, "range:0", "type"),
        ({"type": "int", "range": [2, 1]}, "range:0", "literal"),
        ({"type": "text", "datum": "gcj02"}, "datum:0", "unknown-key"),
        ({"type": "point", "datum": "mars"}, "datum:0", "literal"),
        ({"type": "int", "colour": 1}, "colour:0", "unknown-key"),
    ],
)
def test_a_wrong_field(field, where, rule):
    quiet = SOURCES["quiet"] | {"fields": SOURCES["quiet"]["fields"] | {"new": field}}
    told = lines(sources=SOURCES | {"quiet": quiet})
    assert told == place((f"s.toml:quiet.fields.new.{where}", rule))


def test_a_cycle_is_told_at_each_of_its_references():
    a = one(COUNT, "x + indicator('B')") | {"id": "A"}
    b = {"id": "B", "source": "indicator:A", "window": HOUR, "formula": "n", "measures": {"n": COUNT}}
    c = one(COUNT, "x + indicator('A')") | {"id": "C"}
    assert lines(a, b, c) == place(("i.toml:A.formula:15", "cycle"), ("i.toml:B.source:0", "cycle"))


def test_values_of_a_stock_are_no_source():
    stock = one(COUNT, source="gauge", window=NOW) | {"id": "S"}
    told = lines(stock, one(COUNT, source="indicator:S"))
    assert told == place(("i.toml:I.source:0", "window"))


def test_an_indicator_with_more_dimensions_cannot_be_referred_to():
    split = one(COUNT) | {"id": "S", "dimensions": ["basin"]}
    assert lines(split, one(COUNT, "x + indicator('S')")) == place(("i.toml:I.formula:15", "unknown-name"))


def test_the_same_version_twice_is_told_and_two_versions_are_fine():
    assert lines(one(COUNT), one(COUNT)) == place(("i.toml:I.version:0", "duplicate"))
    bundle = load_tables(SOURCES, [one(COUNT), one(COUNT, version=2)])
    assert [indicator.version for indicator in bundle.indicators] == [1, 2]


def test_an_attribute_that_a_given_region_table_lacks_is_a_warning_and_in_a_bundle_an_error():
    formula = "x / region('populaton')"
    rows = [{"code": "1", "parent": "", "level": "district", "population": 5.0, "area_km2": None}]
    given = load_tables(SOURCES, [one(COUNT, formula)], rows)
    assert [warning.split(":")[0] for warning in given.warnings] == ["I"]
    assert not load_tables(SOURCES, [one(COUNT, "x / region('area_km2')")], rows).warnings
    assert not load_tables(SOURCES, [one(COUNT, formula)]).warnings
    with pytest.raises(DefinitionErrors) as caught:
        load({"v": 1, "sources": SOURCES, "indicators": [one(COUNT, formula)], "regions": rows})
    assert [line.split(": ")[:2] for line in caught.value.lines] == [["indicators.toml:I.formula:12", "unknown-name"]]


def test_a_wrong_calendar_is_told_with_its_name():
    assert lines(calendars={"office": {"week": {"mon": ["9-12"]}}}) == place(("s.toml:office.week.mon:0", "literal"))


def test_the_words_of_an_error_are_those_of_the_page():
    with pytest.raises(DefinitionErrors) as caught:
        load_tables(SOURCES, [one({"agg": "count", "at": "deadline", "where": "org = '' and statuss != 'open'"},
                                  source="case")], files=("s.toml", "i.toml"))  # fmt: skip
    assert caught.value.lines == (
        "i.toml:I.measures.x.where:14: unknown-name: 'statuss' is not a field of case; did you mean status?",
    )
    assert caught.value.lines_zh == (
        "i.toml:I.measures.x.where:14: unknown-name: 'statuss' 不是case 的字段;是否指 status?",
    )
    assert caught.value.both[0].endswith("did you mean status? ('statuss' 不是case 的字段;是否指 status?)")


def test_what_is_doubtful_is_a_warning():
    bundle = load_tables(SOURCES, [one({"agg": "sum", "field": "mm", "where": "basin != 'a'"}, unit="km")])
    assert bundle.warnings == (
        "indicators.toml:I.measures.x.where:1: type: rows whose basin is null are dropped",
        "indicators.toml:I.unit:0: unit: the formula gives mm, declared is km",
    )
