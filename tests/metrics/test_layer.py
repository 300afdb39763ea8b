"""Layers as declared: closed, checked against the fields of their source."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.definition import DefinitionErrors, load

SOURCES = {
    "unit": {
        "kind": "records", "key": "unit", "changed": "changed_at", "region": {"field": "community"}, "disorder": "1m",
        "lateness": "2h",
        "fields": {
            "unit": {"type": "text"}, "changed_at": {"type": "time"}, "kind": {"type": "category"},
            "ready": {"type": "bool"}, "phone": {"type": "text", "personal": True},
            "community": {"type": "text"}, "point": {"type": "point", "datum": "wgs84"},
        },
    },
    "track": {
        "kind": "readings", "time": "time", "entity": "unit",
        "fields": {"time": {"type": "time"}, "unit": {"type": "text"}, "point": {"type": "point", "datum": "wgs84"}},
    },
}  # fmt: skip


def loaded(**layer: Any) -> Any:
    table = {"id": "units", "scene": "emergency", "source": "unit", **layer}
    return load({"v": 1, "hash": "h", "sources": SOURCES, "indicators": [], "layers": [table]})


def test_a_layer_reads_the_fields_that_it_shows_or_judges_by() -> None:
    layer = loaded(moves="track", where="ready", by="kind", shows=["kind"], levels={"red": "not ready"}).layers[0]
    assert layer.name == "emergency/units"
    assert layer.point == "point"
    assert layer.fields == {"point", "ready", "kind", "community"}
    assert [level for level, _ in layer.levels] == ["red"]


def test_a_condition_over_a_field_that_is_not_there_is_named_with_its_place() -> None:
    with pytest.raises(DefinitionErrors) as refused:
        loaded(where="redy")
    assert refused.value.lines == (
        "pack.toml:units.where:1: unknown-name: 'redy' is not a field of unit; did you mean ready?",
    )


def test_a_condition_may_not_ask_for_the_time_because_nobody_would_look_again() -> None:
    with pytest.raises(DefinitionErrors, match="now"):
        loaded(where="changed_at > now() - 5m")


def test_a_personal_field_is_never_shown() -> None:
    with pytest.raises(DefinitionErrors, match="'phone' is personal"):
        loaded(shows=["phone"])
    with pytest.raises(DefinitionErrors, match="'phone' is personal"):
        loaded(label="phone")


def test_what_moves_a_layer_are_readings_with_a_point() -> None:
    with pytest.raises(DefinitionErrors, match="is not a source of readings with a point"):
        loaded(moves="unit")


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(DefinitionErrors, match="'colour' is not a key here"):
        loaded(colour="red")


def test_another_declaration_is_another_digest() -> None:
    assert loaded(where="ready").layers[0].digest != loaded(where="not ready").layers[0].digest
