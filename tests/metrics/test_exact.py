"""Exact arrays never wrap: at the edges of int64 they equal Python's fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.exact import Exact

EDGES = st.sampled_from([0, 1, -1, 2**31, 2**53 + 1, 2**62, 2**63 - 1, -(2**63 - 1), -(2**63)])
columns = st.lists(EDGES | st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3)
scales = st.integers(0, 9)


def fractions(digits: list[int], scale: int) -> list[Fraction]:
    return [Fraction(digit, 10**scale) for digit in digits]


def fixed(digits: list[int], scale: int) -> Exact:
    return Exact.fixed(np.array(digits, dtype=np.int64), scale)


@settings(max_examples=300, deadline=None)
@given(columns, scales, columns, scales, scales)
def test_sums_and_products_equal_fractions(a: list[int], p: int, b: list[int], q: int, scale: int) -> None:
    one, two = fixed(a, p), fixed(b, q)
    pairs = list(zip(fractions(a, p), fractions(b, q), strict=True))
    assert np.asarray((one + two).at_scale(scale).values).tolist() == [round((x + y) * 10**scale) for x, y in pairs]
    assert np.asarray((one - two).at_scale(scale).values).tolist() == [round((x - y) * 10**scale) for x, y in pairs]
    assert np.asarray((one * two).at_scale(scale).values).tolist() == [round((x * y) * 10**scale) for x, y in pairs]


@settings(max_examples=300, deadline=None)
@given(columns, scales, columns, scales, scales)
def test_quotients_equal_fractions_where_they_exist(a: list[int], p: int, b: list[int], q: int, scale: int) -> None:
    quotient, exists = fixed(a, p).divided(fixed(b, q))
    found = np.asarray(quotient.at_scale(scale).values).tolist()
    known = np.broadcast_to(exists, 3).tolist()
    pairs = list(zip(fractions(a, p), fractions(b, q), strict=True))
    assert known == [y != 0 for _, y in pairs]
    assert [cell for cell, ok in zip(found, known, strict=True) if ok] == [
        round(x / y * 10**scale) for x, y in pairs if y != 0
    ]


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
@settings(max_examples=100, deadline=None)
@given(a=columns, p=scales, b=columns, q=scales, literal=st.fractions(max_denominator=1000))
def test_comparisons_equal_those_of_fractions(
    operator: str, *, a: list[int], p: int, b: list[int], q: int, literal: Fraction
) -> None:
    python = {"=": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[operator]
    left, right = fractions(a, p), fractions(b, q)
    pairs = zip(left, right, strict=True)
    assert np.asarray(fixed(a, p).compare(operator, fixed(b, q))).tolist() == [getattr(x, python)(y) for x, y in pairs]
    against = np.broadcast_to(fixed(a, p).compare(operator, Exact.literal(literal)), 3)
    assert against.tolist() == [getattr(x, python)(literal) for x in left]
    flipped = np.broadcast_to(Exact.literal(literal).compare(operator, fixed(a, p)), 3)
    assert flipped.tolist() == [getattr(literal, python)(x) for x in left]


@settings(max_examples=200, deadline=None)
@given(columns, scales)
def test_floor_and_ceil_equal_those_of_fractions(a: list[int], p: int) -> None:
    number = fixed(a, p)
    assert np.asarray(number.floor().above.values).tolist() == [cell.__floor__() for cell in fractions(a, p)]
    assert np.asarray(number.ceil().above.values).tolist() == [cell.__ceil__() for cell in fractions(a, p)]


@settings(max_examples=200, deadline=None)
@given(columns, scales)
def test_float64_is_the_nearest_within_one_rounding_of_the_numerator(a: list[int], p: int) -> None:
    found = fixed(a, p).as_float().tolist()
    assert found == pytest.approx([float(cell) for cell in fractions(a, p)], rel=4e-16, abs=0)


def test_small_numbers_stay_in_int64() -> None:
    product = fixed([3, 5, 7], 2) * fixed([10, 20, 30], 1)
    assert np.asarray(product.at_scale(3).values).dtype == np.int64
