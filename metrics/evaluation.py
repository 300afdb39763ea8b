"""Formulas on arrays: the value of a checked syntax tree for every row, with the null rules of SQL.

Rows and formulas differ in their numbers: over rows arithmetic is exact (`evaluate_exact`, and `evaluate_where` unless
a column is float64), formulas are float64 (`evaluate`). Nothing fails at run time: what has no value is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.approximate import Approximate
from metrics.calendar import Calendar
from metrics.column import Column
from metrics.evaluator import Evaluator
from metrics.exact import INT64_MAX, Exact, Truth
from metrics.formula_syntax import Binary, Name, Node, names
from metrics.functions import FUNCTIONS
from metrics.intervals import Intervals
from metrics.texts import Texts

__all__ = ["Column", "evaluate", "evaluate_exact", "evaluate_where", "published"]

PUBLISHED_DIGITS = 12
FEW = 48  # values that are rounded as texts in the time that arrays need to begin
_POWERS = np.array([float(10**power) for power in range(23)])  # float64 holds them exactly


def evaluate_exact(
    node: Node,
    columns: Mapping[str, Column],
    rows: int,
    scale: int,
    now_ms: int | None = None,
    *,
    calendars: Mapping[str, Calendar] | None = None,
) -> Column:
    """A number as fixed point of `scale` decimals: computed exactly, then rounded half to even.

    `columns` holds the names of `formula.names`, each with `rows` values; none may be float64. `now_ms` is the end of
    the window, for now(); `calendars` are those of worked() and after(), by name. The values are int64, or object where
    int64 does not suffice, and may be shared with a column or be a read-only broadcast of one value.
    """
    if isinstance(node, Name):
        column = columns[node.id]
        if column.scale == scale:
            return column
    part = Evaluator(columns, now_ms, FUNCTIONS, exact=True, calendars=calendars).part(node)
    if not isinstance(part.values, Exact):  # null in every row
        return Column(np.broadcast_to(np.int64(0), rows), _mask(False, rows), scale)
    return Column(_spread(part.values.at_scale(scale).narrowed().values, rows), _mask(part.valid, rows), scale)


def evaluate_where(
    node: Node,
    columns: Mapping[str, Column],
    rows: int,
    now_ms: int | None = None,
    *,
    calendars: Mapping[str, Calendar] | None = None,
) -> NDArray[np.bool_]:
    """Where a bool expression is true (null is not); shape (rows,), possibly a read-only broadcast.

    Numbers are compared exactly unless a column of the expression is float64.
    """
    exact = not any(columns[name].values.dtype.kind == "f" for name in names(node))
    with np.errstate(all="ignore"):
        found = _truth(node, Evaluator(columns, now_ms, FUNCTIONS, exact=exact, calendars=calendars))
    return np.broadcast_to(np.bool_(found), rows) if isinstance(found, bool) else found


def _truth(node: Node, evaluator: Evaluator) -> Truth:
    """True of `and` and `or` needs only the truth of their sides: no masks between them."""
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        left, right = _truth(node.left, evaluator), _truth(node.right, evaluator)
        return left & right if node.operator == "and" else left | right
    return evaluator.truth(node)


def evaluate(
    node: Node,
    columns: Mapping[str, Column],
    rows: int,
    now_ms: int | None = None,
    *,
    calendars: Mapping[str, Calendar] | None = None,
) -> Column:
    """Numbers in float64, times and durations in whole ms (half to even), bools, texts as codes; shape (rows,).

    Arguments as in `evaluate_exact`; fixed point columns become float64 first. A number that is not finite is null.
    """
    with np.errstate(all="ignore"):
        part = Evaluator(columns, now_ms, FUNCTIONS, exact=False, calendars=calendars).part(node)
        valid, values = part.valid, part.values
        if isinstance(values, Approximate):
            # Adding 0.0 makes a negative zero positive.
            return Column(_spread(values.values + 0.0, rows), _mask(valid, rows))
        if isinstance(values, Exact):
            return Column(_spread(values.at_scale(0).narrowed().values, rows), _mask(valid, rows))
        if isinstance(values, Texts):
            if isinstance(values.codes, str):
                return Column(np.broadcast_to(np.int32(0), rows), _mask(valid, rows), dictionary=[values.codes])
            return Column(values.codes, _mask(valid, rows), dictionary=values.dictionary)
        if isinstance(values, Intervals):
            return Column(values.codes, _mask(valid, rows), dictionary=values.dictionary)
        if values is None:  # null in every row
            return Column(np.broadcast_to(np.float64(0), rows), _mask(False, rows))
        return Column(_spread(values, rows), _mask(valid, rows))


def published(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to the 12 significant digits of a published value, half to even of the exact binary value."""
    if len(values) < FEW:
        return _by_text(values)
    if (np.abs(values) < 10.0**PUBLISHED_DIGITS).all() and (np.rint(values) == values).all():  # counts, as a rule
        return values + 0.0
    # v = m * 10^(e - 11) with 12 digits before the point of m. Digits and powers below 2^53 and 10^22 are exact in
    # float64, so that one division (multiplication) gives the float64 nearest to the rounded decimal. The m that is
    # rounded here is off by less than 1e-3: where that could matter, and beyond those powers, the text decides.
    with np.errstate(all="ignore"):
        shift = PUBLISHED_DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        down, power = shift < 0, _POWERS[np.fmin(np.abs(shift), len(_POWERS) - 1).astype(np.intp)]
        scaled = np.where(down, values / power, values * power)
        digits = np.rint(scaled)
        found: NDArray[np.float64] = np.where(down, digits * power, digits / power)
        size = np.abs(scaled)
        sure = (size >= 10.0 ** (PUBLISHED_DIGITS - 1)) & (size < 10.0**PUBLISHED_DIGITS)
        sure &= np.abs(shift) < len(_POWERS)
        sure &= np.abs(np.abs(scaled - digits) - 0.5) > 1e-3
    found[values == 0.0] = 0.0
    unsure = np.flatnonzero(~sure & (values != 0.0))
    if len(unsure):
        found[unsure] = _by_text(values[unsure])
    return found


def _by_text(values: NDArray[np.float64]) -> NDArray[np.float64]:
    digits = PUBLISHED_DIGITS - 1
    return np.array([float(f"{value:.{digits}e}") for value in values.tolist()], dtype=np.float64) + 0.0


def _spread(values: Any, rows: int) -> NDArray[Any]:
    if isinstance(values, bool):
        return np.broadcast_to(np.bool_(values), rows)
    if isinstance(values, int):
        one = np.array(values, dtype=np.int64 if -INT64_MAX <= values <= INT64_MAX else object)
        return np.broadcast_to(one, rows)
    return values if values.ndim else np.broadcast_to(values, rows)


def _mask(valid: Truth, rows: int) -> NDArray[np.bool_] | None:
    if isinstance(valid, bool):
        return None if valid else np.broadcast_to(np.bool_(False), rows)
    return valid
