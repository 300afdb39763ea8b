"""Expressions row by row in fractions of any size, for the rare ones whose whole numbers may leave 128 bits."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from metrics.formula_syntax import (
    UNIT_MS,
    Between,
    Binary,
    Bool,
    Call,
    Duration,
    In,
    IsNull,
    Name,
    Node,
    Null,
    Number,
    Text,
    Unary,
    text,
)

Row = Mapping[str, Any]  # by name, and calls that the database computed by their text; None is null

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, 8, tzinfo=UTC)  # local clock of Asia/Shanghai at 0 ms
_MAX_MS: Final = 2**47  # about the year 6400; further away datetime has no calendar
_SPANS: Final = {"seconds": UNIT_MS["s"], "minutes": UNIT_MS["m"], "hours": UNIT_MS["h"], "days": UNIT_MS["d"]}
_CLOCK: Final[Mapping[str, Callable[[datetime], int]]] = {
    "hour": lambda at: at.hour,
    "minute": lambda at: at.minute,
    "weekday": lambda at: at.isoweekday(),
    "day": lambda at: at.day,
    "month": lambda at: at.month,
    "year": lambda at: at.year,
}


def evaluate(node: Node, row: Row) -> Any:
    """The value for one row: a Fraction (times and durations in ms), text, bool or None."""
    match node:
        case Number():
            return node.fraction
        case Duration():
            return Fraction(node.ms)
        case Text() | Bool():
            return node.value
        case Null():
            return None
        case Name():
            return row[node.id]
        case Unary(operator="not"):
            return _not(evaluate(node.operand, row))
        case Unary():
            operand = evaluate(node.operand, row)
            return None if operand is None else -operand
        case Binary(operator="and" | "or"):
            decisive = node.operator == "or"
            return _either(decisive, evaluate(node.left, row), evaluate(node.right, row))
        case Binary():
            return _binary(node.operator, evaluate(node.left, row), evaluate(node.right, row))
        case In():
            operand, found = evaluate(node.operand, row), False
            for literal in node.literals:
                found = _either(True, found, _binary("=", operand, evaluate(literal, row)))
            return _not(found) if node.negated else found
        case Between():
            operand, low, high = (evaluate(part, row) for part in (node.operand, node.low, node.high))
            found = _either(False, _binary(">=", operand, low), _binary("<=", operand, high))
            return _not(found) if node.negated else found
        case IsNull():
            return (evaluate(node.operand, row) is None) != node.negated
        case Call():
            given = text(node)
            if given in row:
                return row[given]
            return _call(node.function, [evaluate(argument, row) for argument in node.arguments])


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _either(decisive: bool, one: bool | None, two: bool | None) -> Any:
    """`or` (True decides) or `and` (False decides) of three truth values."""
    if one is decisive or two is decisive:
        return decisive
    return None if one is None or two is None else not decisive


def _binary(name: str, one: Any, two: Any) -> Any:
    if one is None or two is None or (name == "/" and two == 0):
        return None
    return _COMPARE[name](one, two) if name in _COMPARE else _ARITHMETIC[name](one, two)


def _call(function: str, given: list[Any]) -> Any:
    first, known = given[0], [value for value in given if value is not None]
    match function:
        case "if":
            pairs = zip(given[:-1:2], given[1::2], strict=True)
            return next((value for condition, value in pairs if condition is True), given[-1])
        case "match":
            pairs = zip(given[1:-1:2], given[2:-1:2], strict=True)
            return next((value for key, value in pairs if first is not None and key == first), given[-1])
        case "coalesce":
            return known[0] if known else None
        case "min":
            return min(known, default=None)
        case "max":
            return max(known, default=None)
    if first is None:
        return None
    if function in ("bands", "interp"):
        return _bands(given) if function == "bands" else _interp(given)
    return _plain(function, given) if len(known) == len(given) else None


def _plain(function: str, given: list[Any]) -> Any:
    """Functions that are null as soon as an argument is."""
    first = given[0]
    if function in _CLOCK:
        return Fraction(_CLOCK[function](_EPOCH + timedelta(milliseconds=math.floor(first)))) \
            if abs(first) < _MAX_MS else None  # fmt: skip
    if function in _SPANS:
        return Fraction(first, _SPANS[function])
    match function:
        case "pct":
            return _binary("/", 100 * first, given[1])
        case "clamp":
            return min(max(first, given[1]), given[2])
        case "steps":
            return _steps(*given)
        case "round":
            return Fraction(round(Fraction(first), int(given[1]) if len(given) == 2 else 0))
        case "floor":
            return Fraction(math.floor(first))
        case "ceil":
            return Fraction(math.ceil(first))
        case "abs":
            return abs(first)
    return Fraction(first)  # number(bool)


def _bands(given: list[Any]) -> Any:
    result = given[1]
    for bound, value in zip(given[2::2], given[3::2], strict=True):
        result = value if given[0] >= bound else result
    return result


def _interp(given: list[Any]) -> Any:
    place, points = given[0], list(zip(given[1::2], given[2::2], strict=True))
    if place <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if place < right:
            return None if low is None or high is None else low + (place - left) * (high - low) / (right - left)
    return points[-1][1]


def _steps(value: Any, limit: Any, size: Any, each: Any, cap: Any) -> Any:
    if size == 0:
        return None
    total = each * max(math.floor((value - limit) / size + Fraction(1, 10**9)), 0)
    if each == 0:
        return total
    return max(total, cap) if each < 0 else min(total, cap)
