"""Aggregates in SQL: the value of each group from its rows, as DOUBLE, once and at the end."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metrics.measure import Measure

# Of these the result of all windows follows from what enters and what leaves from one window to the next.
RUNNING: Final = frozenset({"count", "sum", "mean", "distinct", "distinct_approx"})
EXTREMES: Final = frozenset({"min", "max"})
DISTINCT: Final = frozenset({"distinct", "distinct_approx"})
ORDERED: Final = frozenset({"first", "last", "delta", "rate"})
_PERCENTILES: Final = frozenset({"percentile", "percentile_approx"})


def merged(agg: str, keys: Sequence[str], relation: str) -> str:
    """Rows that lie in the same windows as one: `_c` rows and their `_v`; different values stay apart."""
    by = ["_lo", "_hi", *keys, *(["_v"] if agg in DISTINCT else [])]
    value = {"sum": ", sum(_v) AS _v", "mean": ", sum(_v) AS _v", "min": ", min(_v) AS _v", "max": ", max(_v) AS _v"}
    return f"SELECT {', '.join(by)}, count(*) AS _c{value.get(agg, '')} FROM {relation} GROUP BY ALL"


def value_changes(keys: Sequence[str], relation: str) -> str:
    """Of merged rows with their values: at which windows rows come and go, and at which values appear and vanish."""
    own = ", ".join([*keys, "_v"])
    events = f"SELECT {own}, _lo AS _i, _c AS _dc FROM {relation} UNION ALL SELECT {own}, _hi, -_c FROM {relation}"
    summed = f"SELECT {own}, _i, sum(_dc) AS _dc FROM ({events}) GROUP BY ALL"
    counted = f"SELECT *, sum(_dc) OVER (PARTITION BY {own} ORDER BY _i) AS _after FROM ({summed})"
    appearing = "(_after > 0)::BIGINT - (_after - _dc > 0)::BIGINT AS _dv"
    return f"SELECT {', '.join(keys)}, _i, _dc, {appearing} FROM ({counted})"


def lasting(agg: str, keys: Sequence[str], relation: str) -> str:
    """`_c` rows and the sum of `_v` (or how many different `_v`) of each group, for the windows from `_lo` up to `_hi`
    in which they stay the same; windows without rows are in none of these.

    What lies in the windows from `_lo` up to `_hi` enters at the one and leaves at the other; the windows in between
    need no row of their own. Whole numbers: nothing is lost by adding and taking away. For distinct values the relation
    is one of `value_changes`, else of merged rows.
    """
    if agg in DISTINCT:
        return _accumulated(keys, f"SELECT * FROM {relation}")
    value = "0" if agg == "count" else "_v::HUGEINT"
    return _accumulated(keys, _events(keys, relation, "_c", value))


def running(agg: str, keys: Sequence[str], relation: str) -> str:
    """The same with a row for each window `_i`."""
    return f"SELECT * EXCLUDE (_lo, _hi), unnest(range(_lo, _hi)) AS _i FROM ({lasting(agg, keys, relation)})"


def _events(keys: Sequence[str], relation: str, count: str, value: str) -> str:
    own = ", ".join(keys)
    return (
        f"SELECT {own}, _lo AS _i, {count} AS _dc, {value} AS _dv FROM {relation}"
        f" UNION ALL SELECT {own}, _hi, -({count}), -({value}) FROM {relation}"
    )


def _accumulated(keys: Sequence[str], events: str) -> str:
    own = ", ".join(keys)
    summed = f"SELECT {own}, _i, sum(_dc) AS _dc, sum(_dv) AS _dv FROM ({events}) GROUP BY ALL"
    over = f"OVER (PARTITION BY {own} ORDER BY _i)"
    found = f"SELECT {own}, _i, sum(_dc) {over} AS _c, sum(_dv) {over} AS _v, lead(_i) {over} AS _hi FROM ({summed})"
    return f"SELECT {own}, _i AS _lo, _hi, _c, _v FROM ({found}) WHERE _c > 0"


def aggregate(measure: Measure, *, counted: bool = False) -> str:
    """`_value` and `_rows` of a group of rows with `_c` and, as far as the aggregate needs them, `_v`, `_t`, `_o`.

    `_v` are whole numbers at the scale of the measure (if `counted`, numbers of different values), `_o` is the order of
    rows. Percentiles give a sorted list
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
            value = "sum(_v)::DOUBLE" if counted else "count(DISTINCT _v)::DOUBLE"
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


def then_lasting(agg: str, keys: Sequence[str], relation: str) -> str:
    """`then` over results `_w` of `_rows` rows each that stay the same from the window `_lo` up to `_hi`: equal results
    are counted, so that a window needs a row for each different result instead of one for each part."""
    own = [*keys, "_w"]
    counted = _accumulated(own, _events(own, relation, "1", "_rows"))
    spread = f"SELECT * EXCLUDE (_lo, _hi), unnest(range(_lo, _hi)) AS _i FROM ({counted})"
    count = "coalesce(sum(_c) FILTER (_w IS NOT NULL), 0)::DOUBLE"
    match agg:
        case "count":
            value = count
        case "sum":
            value = "fsum(_w * _c)"
        case "mean":
            value = f"fsum(_w * _c) / nullif({count}, 0)"
        case _:
            value = f"{agg}(_w)"
    return f"SELECT _i, {', '.join(keys)}, {value} AS _value, sum(_v)::BIGINT AS _rows FROM ({spread}) GROUP BY ALL"
