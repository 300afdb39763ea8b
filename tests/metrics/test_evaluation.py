"""Evaluation on arrays equals evaluation row by row, and the worked cases come out exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.column import Column
from metrics.evaluation import evaluate, evaluate_exact, evaluate_where, published
from metrics.formula import Kind, Node, names, parse, problems
from tests.metrics.formula_reference import value
from tests.metrics.formula_trees import SCOPE, TREES, columns, rows


def cells(column: Column) -> list[Any]:
    known = column.known()
    texts = column.dictionary
    return [
        None if not ok else (texts[cell] if texts is not None else cell)
        for cell, ok in zip(column.values.tolist(), known.tolist(), strict=True)
    ]


def rules(tree: Node, want: Kind) -> set[str]:
    """What the checker says; random trees mix the units of seconds() and hours(), nothing else."""
    return {str(error.rule) for error in problems(tree, SCOPE, "row", want=want)[1]}


def half_even(exact: Fraction, scale: int) -> int:
    return round(exact * 10**scale)


def fixed(*numbers: float | None, scale: int = 0) -> Column:
    known = np.array([number is not None for number in numbers])
    digits = np.array([0 if number is None else round(number * 10**scale) for number in numbers], dtype=np.int64)
    return Column(digits, None if known.all() else known, scale)


def floats(**named: float) -> dict[str, Column]:
    return {name: Column(np.array([number], dtype=np.float64)) for name, number in named.items()}


def one(source: str, given_columns: dict[str, Column], now_ms: int | None = None) -> Any:
    return cells(evaluate(parse(source), given_columns, 1, now_ms))[0]


@settings(max_examples=400, deadline=None)
@given(TREES["number"], rows)
def test_exact_numbers_equal_fractions_rounded_half_to_even(tree: Node, table: list[dict[str, Any]]) -> None:
    assert rules(tree, "number") <= {"unit"}
    found = evaluate_exact(tree, columns(table), len(table), 4)
    wanted = [value(tree, row) for row in table]
    assert found.scale == 4
    assert cells(found) == [None if cell is None else half_even(Fraction(cell), 4) for cell in wanted]


@settings(max_examples=200, deadline=None)
@given(TREES["number"], rows)
def test_the_scale_that_follows_from_an_expression_holds_its_values(tree: Node, table: list[dict[str, Any]]) -> None:
    found, _ = problems(tree, SCOPE, "row")
    if found is not None and found.scale is not None:
        for row in table:
            assert (Fraction(value(tree, row) or 0) * 10**found.scale).denominator == 1


@settings(max_examples=400, deadline=None)
@given(TREES["bool"], rows)
def test_where_keeps_the_rows_that_are_true_row_by_row(tree: Node, table: list[dict[str, Any]]) -> None:
    assert rules(tree, "bool") <= {"unit"}
    found = evaluate_where(tree, columns(table), len(table))
    assert found.tolist() == [value(tree, row) is True for row in table]


@settings(max_examples=300, deadline=None)
@given(st.one_of(TREES["bool"], TREES["text"]), rows)
def test_bools_and_texts_without_numbers_equal_the_row_by_row_result(tree: Node, table: list[dict[str, Any]]) -> None:
    if names(tree) & {"speed", "lanes"}:
        return  # float64 may decide a comparison differently than fractions do
    assert cells(evaluate(tree, columns(table), len(table))) == [value(tree, row, float) for row in table]


@settings(max_examples=300, deadline=None)
@given(TREES["time"], rows)
def test_times_are_exact_milliseconds(tree: Node, table: list[dict[str, Any]]) -> None:
    assert cells(evaluate(tree, columns(table), len(table))) == [
        None if cell is None else round(cell) for cell in (value(tree, row) for row in table)
    ]


@pytest.mark.parametrize(
    "source",
    [
        "pct(speed, lanes)",
        "speed / lanes - 3 * speed",
        "coalesce(speed / 0, min(lanes, speed), -1.5)",
        "max(speed, lanes, 4) * number(simulated) + abs(lanes)",
        "interp(speed, 0, 10, 20, 8, 35, 6, 50, 4, 65, 2, 80, 0)",
        "match(road, 'expressway', speed * 2, 'arterial', 0.5, lanes)",
        "bands(lanes, 0, 1, 50, 2, 75)",
        "clamp(speed, 0, lanes)",
        "if(speed > 3, lanes, lanes > 1, 2 * speed, null)",
        "hours(closed - opened) + weekday(opened)",
    ],
)
@settings(max_examples=40, deadline=None)
@given(table=rows)
def test_formulas_equal_the_row_by_row_result_in_float64(source: str, table: list[dict[str, Any]]) -> None:
    tree = parse(source)
    found = cells(evaluate(tree, columns(table), len(table)))
    plain = [
        {name: float(cell) if name in ("speed", "lanes") and cell is not None else cell for name, cell in row.items()}
        for row in table
    ]
    wanted = [value(tree, row, float) for row in plain]
    assert [cell is None for cell in found] == [cell is None for cell in wanted]
    assert all(a is None or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-9) for a, b in zip(found, wanted, strict=True))


# The worked cases of the domain.


def test_score_of_complaints_by_area_and_population_is_26_407() -> None:
    given_columns = floats(
        **{"entered('complaints')": 100, "region('area_km2')": 0.026, "region('population_10k')": 2.141}
    )
    source = "30 - (entered('complaints') * 0.002) / (region('area_km2') * region('population_10k'))"
    assert published(evaluate(parse(source), given_columns, 1).values).tolist() == [26.4071426005]
    assert round(one(source, given_columns), 3) == 26.407


def test_handling_within_one_and_a_half_days_scores_5() -> None:
    assert one("clamp((2 - entered('days')) * 10, 0, 10)", floats(**{"entered('days')": 1.5})) == 5


def test_handled_rate_is_deducted_in_bands() -> None:
    source = parse("if(entered('rate') = 0, -0.3, bands(entered('rate'), -0.25, 50, -0.15, 75, -0.1, 90, 0))")
    rates = {"entered('rate')": Column(np.array([0, 0.1, 49.99, 50, 74.99, 75, 89.99, 90, 100]))}
    assert evaluate(source, rates, 9).values.tolist() == [-0.3, -0.25, -0.25, -0.15, -0.15, -0.1, -0.1, 0, 0]


def test_over_quota_is_deducted_per_full_200() -> None:
    source = parse("steps(entered('cases'), entered('quota'), 200, -0.1, -30)")
    given_columns = {
        "entered('cases')": Column(np.array([9_050.0, 8_300, 8_499, 8_500, 100_000, 100])),
        "entered('quota')": Column(np.full(6, 8_300.0)),
    }
    assert published(evaluate(source, given_columns, 6).values).tolist() == [-0.3, 0, 0, -0.1, -30, 0]


# Null, as in SQL.


def test_null_is_neither_equal_nor_different() -> None:
    given_columns = {
        "status": Column(np.array([0, 1, -1], dtype=np.int32), np.array([True, True, False]), None, ["a", "b"])
    }
    assert evaluate_where(parse("status != 'a'"), given_columns, 3).tolist() == [False, True, False]
    assert evaluate_where(parse("not status = 'a'"), given_columns, 3).tolist() == [False, True, False]
    assert evaluate_where(parse("status in ('a', 'never')"), given_columns, 3).tolist() == [True, False, False]
    assert evaluate_where(parse("status not in ('a', null)"), given_columns, 3).tolist() == [False, False, False]
    assert evaluate_where(parse("status is null"), given_columns, 3).tolist() == [False, False, True]
    assert evaluate_where(parse("status = null"), given_columns, 3).tolist() == [False, False, False]


def test_false_and_null_is_false_and_true_or_null_is_true() -> None:
    given_columns = {"x": fixed(None, None), "y": Column(np.array([True, False]))}
    assert cells(evaluate(parse("y and x > 1"), given_columns, 2)) == [None, False]
    assert cells(evaluate(parse("y or x > 1"), given_columns, 2)) == [True, None]


def test_division_by_zero_is_null() -> None:
    given_columns = {"a": fixed(1, 0, 6), "b": fixed(0, 0, 3)}
    assert cells(evaluate(parse("pct(a, b)"), given_columns, 3)) == [None, None, 200.0]
    assert cells(evaluate_exact(parse("a / b"), given_columns, 3, 6)) == [None, None, 2_000_000]
    assert cells(evaluate_exact(parse("a / 0"), given_columns, 3, 6)) == [None, None, None]


def test_min_and_max_ignore_null() -> None:
    given_columns = {"a": fixed(1, None, None), "b": fixed(2, 5, None)}
    assert cells(evaluate_exact(parse("min(a, b)"), given_columns, 3, 0)) == [1, 5, None]
    assert cells(evaluate_exact(parse("max(b, null, a)"), given_columns, 3, 0)) == [2, 5, None]


def test_a_number_that_is_not_finite_is_null() -> None:
    assert one("x * x", floats(x=1e200)) is None
    assert one("1 / (x * x)", floats(x=1e200)) is None
    assert one("x + 1", floats(x=math.nan)) is None


def test_a_negative_zero_is_published_as_zero() -> None:
    assert math.copysign(1, one("-x", floats(x=0.0))) == 1


# Exactness.


def test_tenths_add_up_exactly_in_where() -> None:
    given_columns = {"a": fixed(0.1, scale=1), "b": fixed(0.2, scale=1)}
    assert evaluate_where(parse("a + b = 0.3"), given_columns, 1).tolist() == [True]


def test_comparison_with_more_decimals_than_the_column_needs_no_rounding() -> None:
    given_columns = {"a": fixed(-2, -1, 1, 2)}
    assert evaluate_where(parse("a < 1.5"), given_columns, 4).tolist() == [True, True, True, False]
    assert evaluate_where(parse("a >= -1.5"), given_columns, 4).tolist() == [False, True, True, True]
    assert evaluate_where(parse("-1.5 > a"), given_columns, 4).tolist() == [True, False, False, False]
    assert evaluate_where(parse("a != 1.5"), given_columns, 4).tolist() == [True, True, True, True]


def test_half_is_rounded_to_even() -> None:
    given_columns = {"a": fixed(0.5, 1.5, 2.5, -0.5, -1.5, -2.5, scale=1)}
    assert evaluate_exact(parse("a"), given_columns, 6, 0).values.tolist() == [0, 2, 2, 0, -2, -2]


def test_a_column_at_its_own_scale_is_not_copied() -> None:
    column = fixed(1.25, 3.5, scale=2)
    assert evaluate_exact(parse("a"), {"a": column}, 2, 2) is column


def test_beyond_int64_values_become_python_ints() -> None:
    given_columns = {"a": Column(np.array([2**62, -(2**63), 3]), scale=0)}
    found = evaluate_exact(parse("a * 4 + a"), given_columns, 3, 2)
    assert found.values.dtype == object
    assert found.values.tolist() == [5 * 2**62 * 100, -5 * 2**63 * 100, 1500]


def test_a_wide_intermediate_comes_back_to_int64() -> None:
    given_columns = {"a": Column(np.array([2**62, 4]), scale=0)}
    found = evaluate_exact(parse("a * 1000 / 1000"), given_columns, 2, 0)
    assert found.values.dtype == np.int64
    assert found.values.tolist() == [2**62, 4]


def test_travel_time_over_three_columns_stays_in_int64() -> None:
    given_columns = {
        "vehicles": fixed(12, 7),
        "length_km": fixed(1.234, 0.8, scale=3),
        "speed": fixed(35.5, 12.25, scale=2),
    }
    found = evaluate_exact(parse("vehicles * length_km / speed"), given_columns, 2, 9)
    assert found.values.dtype == np.int64
    assert found.values.tolist() == [417_126_761, 457_142_857]


def test_a_literal_is_one_value_for_all_rows() -> None:
    found = evaluate_exact(parse("1"), {}, 1_000_000, 0)
    assert (found.values.shape, found.values.strides, found.valid) == ((1_000_000,), (0,), None)
    assert evaluate_where(parse("1 < 2"), {}, 3).tolist() == [True, True, True]


def test_a_float_column_is_refused_where_exactness_is_promised() -> None:
    with pytest.raises(ValueError, match="fixed point"):
        evaluate_exact(parse("x * 2"), floats(x=1.0), 1, 6)


# Time.


def test_a_deadline_one_day_after_receipt() -> None:
    received = Column(np.array([1_717_200_000_000, 0]), np.array([True, False]))
    assert cells(evaluate(parse("t + 24h"), {"t": received}, 2)) == [1_717_286_400_000, None]


def test_overdue_compares_with_the_end_of_the_window() -> None:
    given_columns = {"deadline": Column(np.array([999, 1_000, 1_001]))}
    assert evaluate_where(parse("deadline < now()"), given_columns, 3, 1_000).tolist() == [True, False, False]
    soon = parse("deadline between now() and now() + 1ms")
    assert evaluate_where(soon, given_columns, 3, 1_000).tolist() == [False, True, True]


def test_elapsed_share_of_the_local_year_and_day() -> None:
    noon_2_july_2025 = 1_751_428_800_000  # 2025-07-02T12:00:00+08:00, the middle of 365 days
    assert one("elapsed('year')", {}, noon_2_july_2025) == 0.5
    assert one("elapsed('day')", {}, noon_2_july_2025) == 0.5
    assert one("elapsed('week')", {}, noon_2_july_2025) == 2.5 / 7
    assert one("elapsed('month')", {}, noon_2_july_2025) == 1.5 / 31


def test_midnight_finishes_the_day_before() -> None:
    midnight_1_january_2025 = 1_735_660_800_000
    assert one("elapsed('year')", {}, midnight_1_january_2025) == 1
    assert one("year(now())", {}, midnight_1_january_2025) == 2025


def test_an_instant_without_calendar_has_no_month() -> None:
    given_columns = {"t": Column(np.array([2**63 - 1, 0]))}
    assert cells(evaluate_exact(parse("month(t + 1d)"), given_columns, 2, 0)) == [None, 1]


# Texts.


def test_texts_of_two_dictionaries_are_compared_as_texts() -> None:
    given_columns = {
        "a": Column(np.array([0, 1, 0], dtype=np.int32), dictionary=["x", "y"]),
        "b": Column(np.array([1, 0, 0], dtype=np.int32), dictionary=["y", "x"]),
    }
    assert evaluate_where(parse("a = b"), given_columns, 3).tolist() == [True, True, False]
    assert evaluate_where(parse("a < b"), given_columns, 3).tolist() == [False, False, True]


def test_a_column_of_nulls_has_an_empty_dictionary() -> None:
    codes = np.full(2, -1, dtype=np.int32)
    given_columns = {
        "a": Column(codes, np.zeros(2, dtype=bool), dictionary=[]),
        "b": Column(codes + 1, dictionary=["x"]),
    }
    assert evaluate_where(parse("a = b or a < 'x'"), given_columns, 2).tolist() == [False, False]
    assert cells(evaluate(parse("coalesce(a, b)"), given_columns, 2)) == ["x", "x"]
    assert cells(evaluate(parse("match(a, 'x', 1, 2)"), given_columns, 2)) == [2, 2]


def test_published_values_have_twelve_significant_digits() -> None:
    assert published(np.array([1 / 3, 123_456_789.123_456_7, -0.0, 1e-20 / 3])).tolist() == [
        0.333333333333,
        123456789.123,
        0.0,
        3.33333333333e-21,
    ]


def test_many_values_are_rounded_as_one_would_be() -> None:
    rng = np.random.default_rng(12)
    drawn = rng.standard_normal(4_000) * 10.0 ** rng.integers(-30, 31, 4_000)
    ties = (rng.integers(10**11, 10**12, 4_000) * 10 + 5) / 10.0 ** rng.integers(-5, 20, 4_000)
    near_powers = 10.0 ** rng.integers(-20, 21, 4_000) * (1 - rng.integers(-60, 61, 4_000) * 1e-13)
    extremes = np.array([0.0, -0.0, 5e-324, 1e-310, 1.7976931348623157e308, -1e308, 1e22, 1e23, 999_999_999_999.5])
    values = np.concatenate([drawn, ties, near_powers, extremes])
    assert published(values).tobytes() == np.array([float(f"{one:.11e}") + 0.0 for one in values.tolist()]).tobytes()
