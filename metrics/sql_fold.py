"""Aggregates in SQL: the value of each group from its rows, as DOUBLE, once and at the end."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from typing import Final

from metrics.measure import Measure

# States that can be merged: rows that lie in the same windows are folded before they are spread over their windows.
MERGEABLE: Final = frozenset({"count", "sum", "mean", "min", "max", "distinct", "distinct_approx"})
DISTINCT: Final = frozenset({"distinct", "distinct_approx"})
ORDERED: Final = frozenset({"first", "last", "delta", "rate"})
_PERCENTILES: Final = frozenset({"percentile", "percentile_approx"})


def partial(agg: str) -> str:
    """The columns of a state of rows that lie in the same windows: `_c` rows and `_v`, or "" if it is per `_v`."""
    match agg:
        case "sum" | "mean":
            return "count(*) AS _c, sum(_v) AS _v"
        case "min" | "max":
            return f"count(*) AS _c, {agg}(_v) AS _v"
        case _:
            return "count(*) AS _c"


def aggregate(measure: Measure) -> str:
    """`_value` and `_rows` of a group of rows with `_c` and, as far as the aggregate needs them, `_v`, `_t`, `_o`.

    `_v` are whole numbers at the scale of the measure, `_o` is the order of rows. Percentiles give a sorted list
    `_list` instead of `_value` (`percentile` makes the value of it).
    """
    rows, unit = "sum(_c)::BIGINT AS _rows", f"{10**measure.scale}"
    match measure.agg:
        case "count":
            value = "sum(_c)::DOUBLE"
        case "sum":
            value = f"sum(_v)::DOUBLE / {unit}"
        case "mean":
            value = f"sum(_v)::DOUBLE / (sum(_c) * {unit})::DOUBLE"
        case "min" | "max":
            value = f"{measure.agg}(_v)::DOUBLE / {unit}"
        case "first":
            value = f"arg_min(_v, _o)::DOUBLE / {unit}"
        case "last":
            value = f"arg_max(_v, _o)::DOUBLE / {unit}"
        case "distinct" | "distinct_approx":
            value = "count(DISTINCT _v)::DOUBLE"
        case "delta":
            value = f"CASE WHEN sum(_c) > 1 THEN {_DELTA}::DOUBLE / {unit} END"
        case "rate":
            span = "(max(_t) - min(_t))"
            above, below = f"({_DELTA} * {measure.rate_ms})::DOUBLE", f"({span}::HUGEINT * {unit})::DOUBLE"
            value = f"CASE WHEN {span} > 0 THEN {above} / {below} END"
        case "dwell":
            value = "sum(_v)::DOUBLE / 1000"
        case "online":
            value = "sum(_v)::DOUBLE"
        case _:
            return f"list_sort(list(_v)) AS _list, {rows}"
    return f"{value} AS _value, {rows}"


_DELTA: Final = "(arg_max(_v, _o)::HUGEINT - arg_min(_v, _o))"


def is_percentile(agg: str) -> bool:
    return agg in _PERCENTILES


def percentile(relation: str, p: float, scale: int) -> str:
    """The relation with `_value` for its sorted, not empty `_list`: linear between the closest ranks, in float64."""
    ranked = f"(SELECT *, (len(_list) - 1)::DOUBLE * {float(p)!r}::DOUBLE / 100 AS _h FROM {relation})"
    below = f"(SELECT *, floor(_h)::BIGINT AS _k FROM {ranked})"
    unit = f"{10**scale}"
    ends = (
        f"(SELECT *, _list[_k + 1]::DOUBLE / {unit} AS _a, _list[least(_k + 2, len(_list))]::DOUBLE / {unit} AS _b"
        f" FROM {below})"
    )
    return f"(SELECT * EXCLUDE (_list, _h, _k, _a, _b), _a + (_h - _k) * (_b - _a) AS _value FROM {ends})"


def then(agg: str) -> str:
    """`_value` (or `_list`) and `_rows` of a group of results `_w` (DOUBLE, null: dropped) of `_rows` rows each."""
    match agg:
        case "count":
            value = "count(_w)::DOUBLE AS _value"
        case "sum":
            value = "fsum(_w) AS _value"  # the order of groups must not show
        case "mean":
            value = "fsum(_w) / count(_w) AS _value"
        case "min" | "max":
            value = f"{agg}(_w) AS _value"
        case _:
            value = "coalesce(list_sort(list(_w) FILTER (_w IS NOT NULL)), []) AS _list"
    return f"{value}, sum(_rows)::BIGINT AS _rows"
