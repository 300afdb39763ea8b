"""Definitions are closed and checked against each other; every fault is one line."""

import pytest

from ioc.packs.bundle import build
from metrics.definition import DefinitionErrors, UnknownBundleVersion, load
from metrics.window import MINUTE_MS
from tests.metrics.engine_worlds import GAUGES, REGIONS, bundle, indicator

SUM = {"rain": {"agg": "sum", "field": "mm"}}


def faults(raw):
    with pytest.raises(DefinitionErrors) as caught:
        load(raw)
    return caught.value.lines


def test_the_shipped_packs_load():
    bundle_of_packs = load(build())
    assert {"T1", "T2", "T3"} <= {one.id for one in bundle_of_packs.indicators}


def test_an_unknown_key_is_named_with_its_place():
    lines = faults(bundle(indicator("E", "rain", SUM, colour="red")))
    assert lines == ("indicators.toml:E.colour:0: unknown-key: 'colour' is not a key here",)


def test_a_wrong_name_in_an_expression_is_named_with_its_column():
    lines = faults(bundle(indicator("E", "rain", {"rain": {"agg": "sum", "field": "mm", "where": "1 < mmm"}})))
    assert lines == (
        "indicators.toml:E.measures.rain.where:5: unknown-name: 'mmm' is not a field of rain; did you mean mm?",
    )


def test_all_faults_are_told_at_once():
    lines = faults(
        bundle(
            indicator("E", "rain + wind", SUM, size="7m"),
            indicator("F", "n", {"n": {"agg": "count"}, "m": {"agg": "mean"}}, dimensions=["basn"]),
        )
    )
    assert lines == (
        "indicators.toml:E.window.size:0: window: a tumbling size divides one day, or is 1d, 1w, 1mo or 1y",
        "indicators.toml:E.formula:8: unknown-name: 'wind' is not a measure or constant",
        "indicators.toml:F.measures.m.field:0: missing-key: 'field' is needed by 'mean'",
        "indicators.toml:F.measures.m:0: unused: the formula does not use 'm'",
        "indicators.toml:F.dimensions:0: unknown-name: 'basn' is not a field of any measure's source; "
        "did you mean basin?",
    )


def test_a_measure_that_the_formula_does_not_use_is_a_fault():
    lines = faults(bundle(indicator("E", "rain", SUM | {"n": {"agg": "count"}})))
    assert lines == ("indicators.toml:E.measures.n:0: unused: the formula does not use 'n'",)


def test_a_personal_field_is_no_dimension_and_no_value():
    fields = {
        "time": {"type": "time"}, "station": {"type": "text"},
        "caller": {"type": "text", "personal": True}, "age": {"type": "int", "personal": True},
    }  # fmt: skip
    one = indicator("E", "m", {"m": {"agg": "mean", "field": "age"}}, dimensions=["caller"])
    assert faults(bundle(one, source={"fields": fields})) == (
        "indicators.toml:E.measures.m.field:1: personal: 'age' is personal: it may only be filtered by and counted",
        "indicators.toml:E.dimensions:0: personal: 'caller' is personal: it may only be filtered by and counted",
    )
    one = indicator("E", "n", {"n": {"agg": "count"}}, dimensions=["caller"])
    assert faults(bundle(one, source={"fields": fields})) == (
        "indicators.toml:E.dimensions:0: personal: 'caller' is personal: it may only be filtered by and counted",
    )


def test_limits_must_be_monotone_and_without_a_direction_they_are_doubtful():
    one = indicator("E", "rain", SUM, direction="down", thresholds={"yellow": 5, "red": 3})
    assert faults(bundle(one)) == (
        "indicators.toml:E.thresholds:0: literal: a worse level must not be easier to reach than a lesser one",
    )
    one = indicator("E", "rain", SUM, thresholds={"yellow": 5})
    assert load(bundle(one)).warnings == (
        "indicators.toml:E.thresholds:0: literal: direction context reaches levels on z only: "
        "these limits are never reached",
    )


def test_the_same_version_twice_is_a_fault():
    assert faults(bundle(indicator("E", "rain", SUM), indicator("E", "rain", SUM))) == (
        "indicators.toml:E.version:0: duplicate: version 1 stands twice",
    )


def test_a_source_names_a_registry_that_exists_and_fields_that_it_has():
    source = {"registry": "gauges", "take": ["weigth"], "region": {"registry": "code"}}
    assert faults(bundle(source=source, registries={"gauges": GAUGES})) == (
        "sources.toml:rain.take:0: unknown-name: 'weigth' is not a field of gauges; did you mean weight?",
    )
    assert "sources.toml:rain.registry:0: unknown-name: 'gauges' is not a registry" in faults(bundle(source=source))


def test_a_doubled_entity_and_a_lost_parent_are_faults():
    lines = faults(bundle(registries={"gauges": [GAUGES[0], GAUGES[0]]}, regions=REGIONS[1:]))
    assert lines == (
        "registry.toml:gauges.id:0: duplicate: 'a' stands twice",
        "regions.toml:440303001.parent:0: cycle: parent '440303' is not in the region table",
    )


def test_another_version_of_the_bundle_is_refused_by_name():
    with pytest.raises(UnknownBundleVersion, match="bundle version 2 is not 1"):
        load({"v": 2})


def test_a_variant_is_put_over_the_source_and_its_tumbling_windows():
    variants = {"slow": {"period": "15m", "lateness": "2d", "registry": "spare", "windows": {"5m": "15m"}}}
    raw = bundle(
        indicator("E", "rain", SUM), indicator("H", "rain", SUM, size="1h"),
        source={"variants": variants, "registry": "gauges", "take": ["weight"], "stale_after": None},
        registries={"gauges": GAUGES, "spare": [{"id": "z"}]},
    )  # fmt: skip
    slow = load(raw).for_world({"rain": "slow", "unknown": "x"})
    assert [one.window.size_ms // MINUTE_MS for one in slow.indicators] == [15, 60]
    assert slow.sources["rain"].registry == "spare"
    assert slow.sources["rain"].stale_after_ms == 45 * MINUTE_MS
    assert slow.sources["rain"].disorder_ms == 30_000
    assert [one.window.size_ms // MINUTE_MS for one in load(raw).for_world({}).indicators] == [5, 60]


def test_the_scale_of_a_field_follows_from_its_expression():
    measures = {
        "a": {"agg": "sum", "field": "mm * 0.25"},
        "b": {"agg": "sum", "field": "mm / 3"},
        "c": {"agg": "sum", "field": "mm / 3", "scale": 9},
    }
    [one] = load(bundle(indicator("E", "a + b + c", measures))).indicators
    assert [measure.scale for measure in one.measures] == [3, 6, 9]
