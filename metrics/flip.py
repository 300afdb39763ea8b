"""Flips: the instants at which the clock alone may change a row's answer to a `where` that uses now()."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.calendar import NEVER, Calendar, Times
from metrics.column import Column
from metrics.evaluator import Evaluator
from metrics.exact import Exact, Truth
from metrics.formula_now import Moving, moving_comparisons
from metrics.formula_syntax import Binary, Duration, Node, Text, Unary, names
from metrics.functions import FUNCTIONS, holds_of
from metrics.worked import after_ms

Instants: TypeAlias = NDArray[np.int64]
_FAR = 2**52  # as far as calendars reach
_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def flips(
    node: Node, columns: Mapping[str, Column], rows: int, calendars: Mapping[str, Calendar] | None = None
) -> Instants:
    """The instants e at which the answer at now() = e may differ from that at e - 1 ms, shape (rows, comparisons).

    Ascending in each row, NEVER where there is none. `columns` as for `evaluate_where`; the expression is checked.
    """
    exact = not any(columns[name].values.dtype.kind == "f" for name in names(node))
    evaluator = Evaluator(columns, 0, FUNCTIONS, exact=exact, calendars=calendars)
    found: list[Times] = []
    with np.errstate(all="ignore"):
        for moving in moving_comparisons(node):
            found += _of_comparison(moving, evaluator, rows)
    if not found:
        return np.full((rows, 0), NEVER, np.int64)
    return np.sort(np.stack(found, axis=1), axis=1)


def _of_comparison(moving: Moving, evaluator: Evaluator, rows: int) -> list[Times]:
    """The term against a bound: from which instant on it is at least the bound, or beyond it."""
    operator = moving.operator if moving.sign > 0 else _FLIPPED[moving.operator]
    rest = evaluator.part(_without(Binary("-", moving.left, moving.right), moving))
    if not isinstance(rest.values, Exact):
        return []
    bound = rest.values * Exact.literal(Fraction(-moving.sign))
    reached = {"<": (True,), ">=": (True,), "<=": (False,), ">": (False,)}.get(operator, (True, False))
    found = []
    for at_least in reached:
        whole = bound.ceil() if at_least else bound.floor() + Exact.literal(Fraction(1))
        values = np.asarray(whole.above.narrowed().values)
        inside = abs(values) < _FAR
        valid = _mask(rest.valid, rows) & inside.astype(np.bool_)
        goal = np.broadcast_to(np.where(inside, values, 0).astype(np.int64), rows)
        if moving.term.function == "now":
            found.append(np.where(valid, goal, np.int64(NEVER)))
        else:
            found.append(_of_worked(moving, evaluator, goal, valid))
    return found


def _of_worked(moving: Moving, evaluator: Evaluator, goal: Times, valid: NDArray[np.bool_]) -> Times:
    """When so much is worked; it begins with 0, so that lesser goals are no flips."""
    start, _, calendar, *_ = moving.term.arguments
    assert isinstance(calendar, Text)  # noqa: S101  # the checker refuses anything else
    since = evaluator.part(start)
    if not isinstance(since.values, Exact):
        return np.full(len(goal), NEVER, np.int64)
    from_ms = np.broadcast_to(np.asarray(since.values.at_scale(0).narrowed().values), len(goal))
    inside = (abs(from_ms) < _FAR).astype(np.bool_)
    from_ms = np.where(inside, from_ms, 0).astype(np.int64)
    found = after_ms(evaluator.calendar(calendar.value), from_ms, goal, holds_of(evaluator, moving.term))
    return np.where(valid & inside & _mask(since.valid, len(goal)) & (goal > 0), found, np.int64(NEVER))


def _without(node: Node, moving: Moving) -> Node:
    """The difference of both sides with 0 in place of time worked; now() is 0 anyway."""
    if node is moving.term:
        return node if moving.term.function == "now" else Duration(0, "ms")
    if isinstance(node, Binary):
        return replace(node, left=_without(node.left, moving), right=_without(node.right, moving))
    if isinstance(node, Unary):
        return replace(node, operand=_without(node.operand, moving))
    return node


def _mask(valid: Truth, rows: int) -> NDArray[np.bool_]:
    return np.broadcast_to(np.asarray(valid, np.bool_), rows)
