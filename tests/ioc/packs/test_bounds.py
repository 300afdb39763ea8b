"""What a declaration tells of the values that a formula can have."""

from __future__ import annotations

import math

import pytest

from ioc.packs.bounds import ANY, NOT_NEGATIVE, of_expression, of_indicator
from metrics.definition import load_tables
from metrics.formula import parse

SCOPE = {"n": NOT_NEGATIVE, "m": NOT_NEGATIVE, "share": (0.0, 1.0), "change": ANY}


@pytest.mark.parametrize(
    ("formula", "bounds"),
    [
        ("3", (3, 3)),
        ("n", (0, math.inf)),
        ("unheard", ANY),
        ("n - m", ANY),
        ("pct(n, m)", (0, math.inf)),
        ("n / change", ANY),
        ("100 * (1 - share)", (0, 100)),
        ("-share", (-1, 0)),
        ("clamp(change, 0, 10)", (0, 10)),
        ("bands(n, -0.25, 50, -0.15, 75, 0)", (-0.25, 0)),
        ("interp(change, 0, 10, 20, 8)", (8, 10)),
        ("steps(n, 10, 2, -0.1, -30)", (-30, 0)),
        ("if(n > 3, share, 5)", (0, 5)),
        ("match(n, 1, 2, 7)", (2, 7)),
        ("min(n, 2)", (0, 2)),
        ("max(change, 2)", (2, math.inf)),
        ("min(n, m)", (0, math.inf)),
        ("abs(change)", (0, math.inf)),
        ("coalesce(n, -1)", (-1, math.inf)),
        ("zscore(n)", ANY),
        ("rank(n)", (1, math.inf)),
        ("elapsed('day')", (0, 1)),
    ],
)  # fmt: skip
def test_the_bounds_of_a_formula(formula: str, bounds: tuple[float, float]) -> None:
    assert of_expression(parse(formula), SCOPE) == bounds


def bounds(**measure: object) -> tuple[float, float]:
    """Those of an indicator of one measure over readings of 0 to 20 m."""
    fields = {
        "time": {"type": "time"}, "staff": {"type": "text"},
        "height": {"type": "decimal", "scale": 2, "range": [0, 20]}, "shift": {"type": "int"},
    }  # fmt: skip
    source = {"kind": "readings", "time": "time", "entity": "staff", "fields": fields, "period": "1m"}
    table = {
        "id": "W", "source": "stage", "window": {"kind": "tumbling", "size": "1h"}, "formula": "x",
        "measures": {"x": measure},
    }  # fmt: skip
    bundle = load_tables({"stage": source}, [table])
    return of_indicator(bundle.indicators[0], bundle.sources)


def test_a_count_and_a_sum_of_what_is_not_negative_are_not_negative() -> None:
    assert bounds(agg="count") == NOT_NEGATIVE
    assert bounds(agg="sum", field="height") == NOT_NEGATIVE
    assert bounds(agg="sum", field="shift") == ANY


def test_a_mean_or_a_percentile_lies_in_the_range_of_the_field() -> None:
    assert bounds(agg="mean", field="height") == (0, 20)
    assert bounds(agg="percentile", p=90, field="height * 100") == (0, 2000)


def test_a_change_may_be_anything() -> None:
    assert bounds(agg="delta", field="height", per=["staff"], then="max") == ANY


def test_a_second_step_maps_the_value_of_the_first() -> None:
    assert bounds(agg="max", field="height", per=["staff"], each="value - 20", then="mean") == (-20, 0)
    assert bounds(agg="max", field="height", per=["staff"], then="count") == NOT_NEGATIVE
