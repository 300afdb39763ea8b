"""The reference page and the schema say what the program does: made from its own tables, and committed as made."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from metrics.aggregate_rule import AGGREGATES
from metrics.definition import load_tables
from metrics.formula_signatures import SIGNATURES
from metrics.formula_syntax import Call, Rule, walk
from metrics.function_meaning import MEANINGS
from metrics.language_page import RULES, example, page
from metrics.language_schema import schema

ROOT = Path(__file__).resolve().parents[2]
PACKS = sorted((ROOT / "ioc/packs").glob("*/*.toml"))
DECLARATIONS = [path for path in PACKS if path.name in ("sources.toml", "indicators.toml")]
DECLARATIONS += sorted((Path(__file__).parent / "language_worlds").glob("*.toml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())

SOURCE = {
    "kind": "readings", "time": "time", "entity": "station", "period": "1m",
    "fields": {
        "time": {"type": "time"}, "until": {"type": "time"}, "station": {"type": "text"},
        "basin": {"type": "category"}, "mm": {"type": "decimal", "scale": 1}, "holds": {"type": "intervals"},
        "speed": {"type": "int"},
    },
}  # fmt: skip


def test_the_committed_page_is_what_the_program_says():
    assert (ROOT / "docs/language.md").read_text(encoding="utf-8") == page(), (
        "run `ioc packs reference --out docs/language.md`"
    )


def test_the_committed_schema_is_what_the_program_says():
    committed = json.loads((ROOT / "docs/language.schema.json").read_text(encoding="utf-8"))
    assert committed == schema(), "run `ioc packs schema --out docs/language.schema.json`"


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", DECLARATIONS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_declarations_that_load_keep_the_schema(path):
    table = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))
    assert [error.message for error in VALIDATOR.iter_errors(table)] == []


@pytest.mark.parametrize(
    "table",
    [
        {"sources": {}},
        {"source": {"rain": {"kind": "readings", "colour": "red"}}},
        {"source": {"rain": {"kind": "stream"}}},
        {"source": {"rain": {"kind": "readings", "fields": {"mm": {"type": "float"}}}}},
        {"source": {"rain": {"kind": "readings", "period": "often"}}},
        {"indicator": [{"id": "E", "formula": "n"}]},
        {"indicator": [{"id": "E", "formula": "n", "window": {"kind": "now"}, "measures": {"n": {"agg": "cuont"}}}]},
        {"indicator": [{"id": "E", "formula": "n", "window": {"kind": "now"}, "thresholds": {"amber": 1}}]},
    ],
)
def test_what_the_readers_refuse_by_form_the_schema_refuses(table):
    assert not VALIDATOR.is_valid(table)


def test_every_function_has_a_meaning_and_an_example_that_uses_it_and_loads():
    assert set(MEANINGS) == set(SIGNATURES)
    calendars = {"office": {"daily": ["09:00-17:00"]}}
    other = {"id": "E", "source": "rain", "window": {"kind": "now", "every": "5m"}, "formula": "m",
             "measures": {"m": {"agg": "count"}}}  # fmt: skip
    for name, meaning in MEANINGS.items():
        formula = {"formula": meaning.example, "measures": {"n": {"agg": "count"}, "total": {"agg": "count"}}}
        row = {"formula": "n", "measures": {"n": {"agg": "distinct", "field": meaning.example}}}
        on_rows = not SIGNATURES[name].formula_only and name not in ("pct", "steps")
        told = row if on_rows else formula
        if not on_rows and "total" not in meaning.example:
            told["measures"].pop("total")
        if "n" not in meaning.example.replace("indicator", "").replace("(n", " n").split() and not on_rows:
            told["formula"] = f"{meaning.example} + 0 * n"
        bundle = load_tables({"rain": SOURCE}, [other, other | {"id": "F"} | told], calendars=calendars)
        found = bundle.indicators[1]
        nodes = [found.formula, *found.measures[0].fields]
        assert any(isinstance(part, Call) and part.function == name for node in nodes for part in walk(node)), name


def test_every_aggregate_is_on_the_page_with_an_example_that_loads():
    told = [line.split("`")[-2] for line in page().splitlines() if "| `{ agg = " in line]
    assert len(told) == len(AGGREGATES)
    registry = {"kind": "records", "key": "station", "fields": {"station": {"type": "text"}}}
    source = SOURCE | {"registry": "stations"}
    for text in told:
        measure = tomllib.loads(f"m = {text}")["m"]
        row = {"id": "E", "source": "rain", "window": {"kind": "sliding", "size": "1h", "every": "5m"}, "formula": "m"}
        assert load_tables({"rain": source, "stations": registry}, [row | {"measures": {"m": measure}}]).indicators


def test_every_rule_is_broken_once_on_the_page():
    rules = "syntax unknown-key unknown-name unknown-function type unit arity limit cycle window missing-key duplicate"
    assert set(RULES) == {*rules.split(), "unused", "personal", "literal"}
    assert set(Rule.__args__) <= set(RULES)
    assert example("unknown-name") == (
        "indicators.toml:G6.measures.n.where:1: unknown-name: 'orgg' is not a field of case; did you mean org?"
    )
    assert all(f"`{rule}`" in page() for rule in RULES)
