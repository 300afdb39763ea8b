"""The JSON schema of declarations, made from the vocabulary that the readers use."""

from __future__ import annotations

from typing import Any

from metrics.aggregate_rule import AGGREGATES
from metrics.declared_key import Key
from metrics.formula_parser import MAX_CHARACTERS
from metrics.vocabulary import TABLES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DURATION = {"type": "string", "pattern": r"^[0-9]{1,9}(ms|s|m|h|d|w)$"}
_SIZE = {"type": "string", "pattern": r"^([1-9][0-9]{0,8}(ms|s|m|h|d|w)|1mo|1y)$"}
_TEXT = {"type": "string", "minLength": 1}
_EXPRESSION = {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS}
_NUMBER = {"type": "number"}
_FORMS: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "name": _TEXT,
    "instant": _TEXT,
    "texts": {"type": "array", "items": _TEXT},
    "names": {"type": "array", "items": _TEXT},
    "dates": {"type": "array", "items": _TEXT},
    "hours": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"},
    },
    "duration": _DURATION,
    "durations": {"type": "object", "additionalProperties": _DURATION},
    "size": _SIZE,
    "integer": {"type": "integer", "minimum": 0},
    "number": _NUMBER,
    "numbers": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
    "flag": {"type": "boolean"},
    "expression": _EXPRESSION,
    "expressions": {"anyOf": [_EXPRESSION, {"type": "array", "items": _EXPRESSION, "minItems": 1}]},
    "within": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _DURATION]},
    "tasks": {"type": "array", "items": {"type": "integer"}},
}
# What is no closed table: names chosen by the analyst with a plain value each.
_FREE: dict[str, dict[str, Any]] = {
    "constant": _NUMBER,
    "rename": {"type": "object", "additionalProperties": _TEXT},
}


def schema() -> dict[str, Any]:
    """One schema for both files: `sources.toml` (source, calendar, regions) and `indicators.toml` (indicator)."""
    return {
        "$schema": DIALECT,
        "title": "指标语言 indicator language: sources.toml, indicators.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "source": {"type": "object", "additionalProperties": _of("source")},
            "calendar": {"type": "object", "additionalProperties": _of("calendar")},
            "regions": _of("regions"),
            "indicator": {"type": "array", "items": _of("indicator")},
        },
        "$defs": {name: _table(name) for name in TABLES},
    }


def _table(name: str) -> dict[str, Any]:
    table = TABLES[name]
    found: dict[str, Any] = {
        "description": f"{table.zh} {table.en}",
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: _key(key) for key in table.keys},
    }
    required = [key.name for key in table.keys if key.required]
    return found | ({"required": required} if required else {})


def _key(key: Key) -> dict[str, Any]:
    words: dict[str, Any] = {"description": f"{key.zh} {key.en}"}
    if key.form == "table":
        return words | _of(key.of)
    if key.form == "tables":
        return words | {"type": "object", "additionalProperties": _of(key.of)}
    if key.form == "list":
        return words | {"type": "array", "items": _of(key.of)}
    if key.form == "rollup":
        return words | {"anyOf": [{"const": "states"}, _of(key.of)]}
    if key.name == "agg":
        return words | {"enum": list(AGGREGATES)}
    if key.choices:
        one: dict[str, Any] = {"enum": list(key.choices)}
        return words | ({"type": "array", "items": one} if key.form == "texts" else one)
    return words | _FORMS[key.form]


def _of(name: str) -> dict[str, Any]:
    return _FREE.get(name, {"$ref": f"#/$defs/{name}"})
