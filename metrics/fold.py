"""Folds of rows by group: every aggregate over rows that are at hand, exact until the one conversion at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.aggregate import FOLDS, Codes, Folded, Integers, group_count, to_float

Numbers: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Result: TypeAlias = tuple[Numbers, Mask, NDArray[np.int64]]  # value, known, rows folded: each of shape (size,)


def fold(agg: str, values: Integers | None, scale: int, codes: Codes, size: int, *, empty_sum_is_null: bool) -> Result:
    """count, sum, mean, min and max per code. `values` are fixed point of `scale` decimals; None: rows are counted."""
    state = Folded.of(values, codes, size, FOLDS[agg])
    value, known = state.result(agg, scale, empty_sum_is_null=empty_sum_is_null)
    return value, known, state.count


def percentile(values: Integers, scale: int, codes: Codes, size: int, p: float) -> Result:
    """Linear between closest ranks: h = (n - 1) * p / 100, x[floor h] + (h - floor h) * (x[floor h + 1] - x[floor h]).

    The values become float64 first; all of the formula is float64. Null for a code without rows.
    """
    return percentile_of_floats(to_float(values, scale), codes, size, p)


def percentile_of_floats(values: Numbers, codes: Codes, size: int, p: float) -> Result:
    """`percentile` of float64 values."""
    rows = group_count(codes, size)
    order = np.lexsort((values, codes))
    ordered = values[order]
    starts = np.cumsum(rows) - rows
    known = rows > 0
    rank = np.where(known, (rows - 1) * p / 100, 0.0)
    low = np.floor(rank).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(rows - 1, 0))
    if not len(ordered):
        return np.zeros(size), known, rows
    at_low = ordered[np.minimum(starts + low, len(ordered) - 1)]
    at_high = ordered[np.minimum(starts + high, len(ordered) - 1)]
    return np.where(known, at_low + (rank - low) * (at_high - at_low), 0.0), known, rows


def distinct(columns: Sequence[NDArray[np.int64]], codes: Codes, size: int) -> Result:
    """How many different tuples of the columns each code has; 0 for a code without rows."""
    rows = group_count(codes, size)
    if not len(codes):
        return np.zeros(size), np.ones(size, np.bool_), rows
    order = np.lexsort((*columns, codes))
    new = np.ones(len(codes), np.bool_)
    new[1:] = np.asarray(codes)[order][1:] != np.asarray(codes)[order][:-1]
    for column in columns:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    found = np.bincount(np.asarray(codes)[order][new], minlength=size)
    return found.astype(np.float64), np.ones(size, np.bool_), rows


def ends_of(order: Sequence[NDArray[np.int64]], codes: Codes, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first and the last row of each code by the order keys (the most significant first); -1 without rows."""
    first, last = np.full(size, -1, np.intp), np.full(size, -1, np.intp)
    if not len(codes):
        return first, last
    by = np.lexsort((*reversed(order), codes))
    ordered = np.asarray(codes)[by]
    heads = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    tails = np.append(heads[1:], len(ordered)) - 1
    first[ordered[heads]], last[ordered[tails]] = by[heads], by[tails]
    return first, last


def picked(values: Integers, scale: int, rows: NDArray[np.intp], counts: NDArray[np.int64]) -> Result:
    """The value of one row per code; null where it is -1."""
    known = rows >= 0
    if not len(values):
        return np.zeros(len(rows)), known, counts
    return np.where(known, to_float(np.where(known, values[rows], 0), scale), 0.0), known, counts


def delta(
    values: Integers, scale: int, edges: tuple[NDArray[np.intp], NDArray[np.intp]], counts: NDArray[np.int64]
) -> Result:
    """The last value less the first, exact; null with fewer than two rows."""
    known = counts >= 2
    if not len(values):
        return np.zeros(len(counts)), known, counts
    first, last = (np.where(known, edge, 0) for edge in edges)
    return np.where(known, to_float(_minus(values[last], values[first]), scale), 0.0), known, counts


def rate(
    values: Integers,
    scale: int,
    times: NDArray[np.int64],
    edges: tuple[NDArray[np.intp], NDArray[np.intp]],
    counts: NDArray[np.int64],
    *,
    unit_ms: int,
) -> Result:
    """delta / (t_last - t_first) per unit, as delta * (unit / span) in float64; null also for equal times."""
    change, known, _ = delta(values, scale, edges, counts)
    if not len(values):
        return change, known, counts
    first, last = (np.where(known, edge, 0) for edge in edges)
    span = times[last] - times[first]
    known = known & (span > 0)
    return np.where(known, change / np.where(known, span / unit_ms, 1.0), 0.0), known, counts


def then_fold(then: str, values: Numbers, codes: Codes, size: int, p: float | None) -> tuple[Numbers, Mask]:
    """The second step over the values that were kept: null without any, but a count is 0."""
    count = np.bincount(codes, minlength=size)
    some = count > 0
    if then == "count":
        return count.astype(np.float64), np.ones(size, np.bool_)
    if then in ("sum", "mean"):
        total = np.bincount(codes, weights=values, minlength=size).astype(np.float64)  # integers where nothing is given
        return (total if then == "sum" else total / np.maximum(count, 1)), some
    if then == "percentile":
        value, known, _ = percentile_of_floats(values, codes, size, 50.0 if p is None else p)
        return value, known
    out = np.full(size, np.inf if then == "min" else -np.inf)
    (np.minimum if then == "min" else np.maximum).at(out, codes, values)
    return np.where(some, out, 0.0), some


def _minus(left: Integers, right: Integers) -> Integers:
    if object not in (left.dtype, right.dtype):
        difference = left - right
        # int64 wraps where both signs differ from each other and the result's from the left one's.
        if not (((left ^ right) & (left ^ difference)) < 0).any():
            return np.asarray(difference)
    return np.asarray(left.astype(object) - right.astype(object))
