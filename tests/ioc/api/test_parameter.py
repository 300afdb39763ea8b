"""Parameters: read as declared, and what is unknown, doubled or wrong is told with its name and rule."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.api.parameter import Parameter, read_all
from ioc.api.problem import Problem

PARAMETERS = (
    Parameter("limit", "", "", kind="int", default=10, low=1, high=100),
    Parameter("lon", "", "", kind="number", low=-180, high=180),
    Parameter("from", "", "", kind="time"),
    Parameter("mode", "", "", default="partial", choices=("partial", "whole")),
    Parameter("dim", "", "", grouped=True),
    Parameter("Idempotency-Key", "", "", where="header", pattern=r"[\x21-\x7e]+", longest=8),
)


def test_values_are_read_by_their_kinds_and_absent_ones_have_their_defaults():
    asked = [("lon", "114.5"), ("from", "2026-09-01T08:00:00"), ("dim[road]", "深南东路"), ("dim[class]", "")]
    assert read_all(PARAMETERS, asked, "query") == {
        "limit": 10, "lon": 114.5, "from": 1_788_220_800_000, "mode": "partial",
        "dim": {"road": "深南东路", "class": ""},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("limit", "0", "range"), ("limit", "101", "range"), ("limit", "1.5", "number"), ("limit", "", "number"),
        ("lon", "nan", "number"), ("lon", "inf", "number"), ("lon", "x", "number"), ("from", "yesterday", "time"),
        ("from", "", "time"), ("mode", "both", "choice"), ("mode", "x" * 257, "length"), ("limt", "3", "unknown-name"),
        ("dim", "x", "unknown-name"), ("limit[a]", "3", "unknown-name"), ("dim[a][b]", "x", "unknown-name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_name_and_rule(name: str, text: str, rule: str):
    with pytest.raises(Problem) as refused:
        read_all(PARAMETERS, [(name, text)], "query")
    assert (refused.value.status, refused.value.field, refused.value.rule) == (400, name, rule)
    assert refused.value.zh
    assert refused.value.en


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(Problem, match="did you mean limit"):
        read_all(PARAMETERS, [("limt", "3")], "query")


def test_a_name_given_twice_is_refused():
    with pytest.raises(Problem) as refused:
        read_all(PARAMETERS, [("limit", "3"), ("limit", "4")], "query")
    assert refused.value.rule == "repeated"


def test_headers_have_no_case_and_those_of_others_are_left_alone():
    given_ = [("User-Agent", "x"), ("idempotency-key", "a-1")]
    assert read_all(PARAMETERS, given_, "header") == {"Idempotency-Key": "a-1"}
    with pytest.raises(Problem):
        read_all(PARAMETERS, [("Idempotency-Key", "a b")], "header")


def test_what_is_required_must_be_given():
    with pytest.raises(Problem) as refused:
        read_all([Parameter("indicator", "", "", required=True)], [], "query")
    assert (refused.value.field, refused.value.rule) == ("indicator", "missing")


@given(st.sampled_from(PARAMETERS), st.text(max_size=30))
def test_any_text_is_a_value_or_a_problem(one: Parameter, text: str):
    with suppress(Problem):
        assert isinstance(one.read(text), str | int | float)
