"""Decimal text to fixed point: exact, half to even, equal to Decimal whatever the text."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.numeral import BAD, FINE, HUGE, LONG, NULL, from_floats, parse, rescale


def oracle(text: str, scale: int) -> int:
    with localcontext(prec=700):
        return int(Decimal(text).scaleb(scale).to_integral_value(ROUND_HALF_EVEN))


def states(*lines: bytes | None, scale: int = 1, whole: bool = False) -> list[int]:
    return parse(lines, scale, whole).state.tolist()


def test_halves_round_to_the_even_neighbour() -> None:
    assert parse([b"0.25", b"0.35", b"-0.25", b"0.251", b"1.15"], 1).values.tolist() == [2, 4, -2, 3, 12]


def test_whatever_is_no_decimal_number_is_bad() -> None:
    assert states(b"abc", b"1,5", b"nan", b"inf", b"1_0", b" 1", b"0x1", b"1.2.3", b"-", b".", b"1\x00") == [BAD] * 11


def test_empty_and_absent_cells_are_null() -> None:
    assert states(b"", None, b"1") == [NULL, NULL, FINE]


def test_numbers_beyond_int64_are_told_apart_from_nonsense() -> None:
    assert states(b"9223372036854775807", b"9223372036854775808", b"1e30", scale=0) == [FINE, HUGE, HUGE]


def test_a_megabyte_in_one_cell_is_too_long_and_costs_the_others_nothing() -> None:
    cells = parse([b"1.5", b"9" * 1_000_000, b"2.5"], 1)
    assert cells.state.tolist() == [FINE, LONG, FINE]
    assert cells.values[[0, 2]].tolist() == [15, 25]


def test_a_whole_number_has_neither_point_nor_exponent() -> None:
    assert states(b"12", b"-12", b"12.0", b"1e2", scale=0, whole=True) == [FINE, FINE, BAD, BAD]


NUMERALS = st.from_regex(r"\A[+-]?([0-9]{1,24}(\.[0-9]{0,12})?|\.[0-9]{1,12})([eE][+-]?[0-9])?\Z")


@given(st.lists(NUMERALS, min_size=1, max_size=20), st.integers(0, 9))
def test_parsing_in_bulk_equals_decimal(texts: list[str], scale: int) -> None:
    cells = parse([text.encode() for text in texts], scale)
    expected = [oracle(text, scale) for text in texts]
    fits = [-(2**63) <= value < 2**63 for value in expected]
    assert cells.state.tolist() == [FINE if fit else HUGE for fit in fits]
    assert [v for v, fit in zip(cells.values.tolist(), fits, strict=True) if fit] == [
        v for v, fit in zip(expected, fits, strict=True) if fit
    ]


@given(st.lists(st.floats(-1e9, 1e9) | st.decimals(-1000, 1000, places=4).map(float), min_size=1), st.integers(0, 6))
def test_floats_round_as_their_shortest_text_does(values: list[float], scale: int) -> None:
    cells = from_floats(np.array(values), scale)
    assert cells.values.tolist() == [oracle(repr(value), scale) for value in values]


def test_a_float_that_is_no_number_is_null_and_an_infinity_is_bad() -> None:
    assert from_floats(np.array([1.5, np.nan, np.inf]), 1).state.tolist() == [FINE, NULL, BAD]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.integers(0, 6), st.integers(0, 6))
def test_rescaling_equals_decimal(values: list[int], scale: int, to: int) -> None:
    expected = [oracle(str(Decimal(value).scaleb(-scale)), to) for value in values]
    assert rescale(np.array(values), scale, to).values.tolist() == expected
