"""A batch: whatever a body holds becomes rows or faults, and what is accepted here is accepted by the engine."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.api import batch
from ioc.api.operation import JSON, NDJSON
from ioc.api.problem import Problem
from metrics.codec import decode
from metrics.contract import Contract
from metrics.definition import load

from .conftest import BUNDLE, T0

SOURCES = load(BUNDLE).sources
TRAFFIC = SOURCES["traffic"]


def judged(rows: list[Any]) -> batch.Judged:
    return batch.judge(batch.columns(batch.parse(json.dumps(rows).encode(), JSON), TRAFFIC), TRAFFIC, T0)


def read_back(told: batch.Judged, name: str = "traffic") -> list[dict[str, Any]]:
    """What the engine admits of the entries, row by row, numbers as they are."""
    source = SOURCES[name]
    contract = Contract.from_source(source)
    found = []
    for _, payload, _ in batch.payloads(told, source.shards):
        decoded = decode([[b"1-0", [b"p", payload]]], contract.wanted)
        assert not decoded.rejects
        [run] = decoded.runs
        said = contract.admit(run, T0)
        assert not said.letters
        assert said.batch is not None
        for row in range(said.batch.rows):
            cells: dict[str, Any] = {"t": int(said.batch.time[row]), "k": said.batch.entities[said.batch.entity[row]]}
            for field, column in said.batch.fields.items():
                if column.known()[row]:
                    value = column.values[row]
                    cells[field] = column.dictionary[value] if column.dictionary is not None else value.tolist()
            found.append(cells)
    return found


def row(**more: Any) -> dict[str, Any]:
    return {"time": T0, "road": "LH001", **more}


def test_rows_of_every_type_come_out_as_the_engine_reads_them():
    told = judged([row(speed=42.5, vehicles=31, state="open", at=[114.1, 22.5], wet=True, code=None)])
    assert (told.kept, told.faults) == ([0], [])
    [found] = read_back(told)
    assert found == {
        "t": T0, "k": "LH001", "speed": 4250, "vehicles": 31, "state": "open", "at": [1141000000, 225000000], "wet": 1,
    }  # fmt: skip


def test_a_number_is_read_as_it_was_written_and_not_as_a_float():
    # 2**53 + 1 is no float
    told = batch.parse(b'[{"time": 1790000000000, "road": "a", "vehicles": 9007199254740993, "speed": 1.005}]', JSON)
    made = batch.judge(batch.columns(told, TRAFFIC), TRAFFIC, T0)
    assert read_back(made)[0]["vehicles"] == 9007199254740993
    assert made.batch.cells["speed"] == [b"1.005"]


def test_each_wrong_row_is_told_once_with_its_place_field_and_rule():
    rows = [
        row(),
        {"road": "LH002"},
        row(speed=151),
        row(vehicles="many"),
        row(state="shut"),
        row(time=T0 + 61_000),
        row(road="a|b"),
        "no row",
        row(speed={"value": 3}),
        row(road="x" * 257),
        row(road="\ud800"),
    ]
    told = judged(rows)
    assert told.kept == [0]
    assert [(one.row, one.field, one.rule) for one in told.faults] == [
        (1, "time", "missing"), (2, "speed", "range"), (3, "vehicles", "type"), (4, "state", "category"),
        (5, "time", "future"), (6, "road", "type"), (7, "", "form"), (8, "speed", "form"), (9, "road", "length"),
        (10, "road", "type"),
    ]  # fmt: skip
    assert dict(told.rules) == {
        "missing": 1, "range": 1, "type": 3, "category": 1, "future": 1, "form": 2, "length": 1,
    }  # fmt: skip
    assert all(one.zh and one.en for one in told.faults)


def test_a_field_that_is_not_declared_is_ignored_and_named():
    rows = batch.columns(batch.parse(b'[{"t": 1, "k": "a", "speeed": 3}]', JSON), TRAFFIC)
    assert (rows.ignored, sorted(rows.cells)) == (["speeed"], ["k", "t"])


def test_time_may_be_named_as_declared_or_t_but_not_both():
    told = judged([{"t": T0, "k": "a"}, {"t": T0, "time": T0, "k": "a"}])
    assert told.kept == [0]
    assert [(one.row, one.field, one.rule) for one in told.faults] == [(1, "time", "form")]


def test_a_name_that_stands_twice_in_an_object_is_a_fault_of_its_row():
    told = batch.parse(b'[{"t": 1, "t": 2, "k": "a"}]', JSON)
    assert [one.rule for one in batch.columns(told, TRAFFIC).faults] == ["form"]


def test_lines_are_rows_and_a_line_that_is_no_json_is_a_fault_of_its_own():
    body = b'{"t": 1790000000000, "k": "a"}\n\n{"t": 17\n{"t": 1790000000000, "k": "b"}\n'
    told = batch.judge(batch.columns(batch.parse(body, NDJSON), TRAFFIC), TRAFFIC, T0)
    assert told.kept == [0, 1]
    assert [(one.row, one.rule) for one in told.faults] == [(1, "form")]
    assert [found["k"] for found in read_back(told)] == ["a", "b"]


def test_records_without_a_time_stay_without_one_and_go_to_their_shards():
    works = SOURCES["works"]
    rows = [{"id": f"w{number}", "state": "begun"} for number in range(20)]
    told = batch.judge(batch.columns(batch.parse(json.dumps(rows).encode(), JSON), works), works, T0)
    parts = batch.payloads(told, 2)
    assert [part.shard for part in parts] == [0, 1]
    assert {found["k"] for found in read_back(told, "works")} == {one["id"] for one in rows}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "json"), (b"{", "json"), (b"[NaN]", "json"), (b"[1e5, Infinity]", "json"), (b"[" * 100_000, "json"),
        (b'"text"', "form"), (b"7", "form"), (b'{"row": []}', "form"), (b'{"rows": [], "x": 1}', "form"),
        (b'{"rows": {}}', "form"), (b"[]", "empty"), (b'{"rows": []}', "empty"), (b"\xff\xfe", "utf-8"),
        (b'{"rows": [1], "rows": [2]}', "form"), (b'{"a":' * 50_000, "json"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_batch_is_refused_with_its_rule(body: bytes, rule: str):
    with pytest.raises(Problem) as refused:
        batch.parse(body, JSON)
    assert (refused.value.status, refused.value.field, refused.value.rule) == (400, "body", rule)


@pytest.mark.parametrize("form", [JSON, NDJSON])
def test_more_rows_than_a_batch_holds_are_refused(form: str):
    body = b"[" + b",".join([b"1"] * 10_001) + b"]" if form == JSON else b"1\n" * 10_001
    with pytest.raises(Problem) as refused:
        batch.parse(body, form)
    assert refused.value.status == 413


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*TRAFFIC.fields, "t", "k", "other"]) | st.text(max_size=5)
likely = st.fixed_dictionaries(
    {"time": st.integers(T0 - 10_000, T0 + 70_000) | values, "road": st.sampled_from(["a", "b", ""]) | values},
    optional={"speed": st.decimals(-1, 160, places=3).map(float) | values, "state": st.sampled_from(["open", "x"]),
              "at": st.lists(st.floats(-200, 200), min_size=2, max_size=2) | values, "wet": st.booleans() | values},
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(likely | st.dictionaries(names, values, max_size=6) | values, min_size=1, max_size=12))
def test_whatever_the_rows_are_each_is_kept_or_told_once_and_the_engine_admits_every_kept_one(rows: list[Any]):
    told = judged(rows)
    places = [told.batch.places[at] for at in told.kept]
    wrong = [one.row for one in told.faults]
    assert sorted(places + wrong) == list(range(len(rows)))
    assert sum(told.rules.values()) == len(wrong)
    assert len(read_back(told)) == len(told.kept)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([JSON, NDJSON]))
def test_any_bytes_are_rows_or_a_problem(body: bytes, form: str):
    with suppress(Problem):
        rows = batch.parse(body, form)
        assert batch.columns(rows, TRAFFIC).given == len(rows)


def test_a_batch_of_the_largest_size_fits_into_an_entry():
    rows = [row(road=f"r{number}", speed=number % 100, at=[114 + number / 1e5, 22.5]) for number in range(10_000)]
    told = judged(rows)
    [(_, payload, _)] = batch.payloads(told, 1)
    assert len(told.kept) == 10_000
    assert len(payload) < 2 * 2**20
    assert np.array_equal(told.times, np.full(10_000, T0))


def test_what_is_refused_goes_on_as_it_was_written_and_the_engine_says_why() -> None:
    told = judged([row(), row(speed=900), row(time="yesterday"), {"speed": 1}, "no row"])
    assert len(told.kept) == 1
    contract, letters = Contract.from_source(TRAFFIC), []
    for _, payload, rows in batch.refused(told, 1):
        assert rows == 3
        for run in decode([[b"1-0", [b"p", payload]]], contract.wanted).runs:
            said = contract.admit(run, T0)
            assert said.batch is None
            letters += [(one.row, one.field, one.rule, one.value) for one in said.letters]
    assert letters == [(0, "speed", "range", "900"), (1, "t", "type", "yesterday"), (2, "t", "missing", "")]
    assert batch.refused(judged([row()]), 1) == []
