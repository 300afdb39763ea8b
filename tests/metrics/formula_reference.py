"""The formula language row by row, as plainly as it can be said: None is null, numbers are Fractions or floats.

Written from the tables of the language, not from `metrics`: both must come to the same result. Texts are str, times and
durations Fractions of ms. With `number=float` numbers are floats and what is not finite is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from metrics.formula_syntax import (
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
)

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def value(node: Node, row: Mapping[str, Any], number: type = Fraction) -> Any:
    """The value of an expression for one row; None is null."""
    again = lambda part: value(part, row, number)  # noqa: E731
    match node:
        case Number():
            return number(node.fraction)
        case Duration():
            return Fraction(node.ms)
        case Text() | Bool():
            return node.value
        case Null():
            return None
        case Name():
            return row[node.id]
        case Unary(operator="not"):
            return _not(again(node.operand))
        case Unary():
            operand = again(node.operand)
            return None if operand is None else -operand
        case Binary(operator="and"):
            return _and(again(node.left), again(node.right))
        case Binary(operator="or"):
            return _or(again(node.left), again(node.right))
        case Binary():
            left, right = again(node.left), again(node.right)
            if node.operator in COMPARE:
                return _compare(node.operator, left, right)
            return _arithmetic(node.operator, left, right)
        case In():
            operand, found = again(node.operand), False
            for literal in node.literals:
                found = _or(found, _compare("=", operand, again(literal)))
            return _not(found) if node.negated else found
        case Between():
            operand = again(node.operand)
            found = _and(_compare(">=", operand, again(node.low)), _compare("<=", operand, again(node.high)))
            return _not(found) if node.negated else found
        case IsNull():
            return (again(node.operand) is None) != node.negated
        case Call():
            return _call(node.function, [again(argument) for argument in node.arguments], number)


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _compare(operator: str, a: Any, b: Any) -> bool | None:
    return None if a is None or b is None else COMPARE[operator](a, b)


def _arithmetic(operator: str, a: Any, b: Any) -> Any:
    if a is None or b is None or (operator == "/" and b == 0):
        return None
    if operator == "/":
        found = a / b
    elif operator == "*":
        found = a * b
    else:
        found = a + b if operator == "+" else a - b
    return None if isinstance(found, float) and not math.isfinite(found) else found


def _local(ms: Fraction) -> datetime:
    return datetime(1970, 1, 1, 8, tzinfo=UTC) + timedelta(milliseconds=math.floor(ms))


CALENDAR: dict[str, Callable[[datetime], int]] = {
    "hour": lambda at: at.hour,
    "minute": lambda at: at.minute,
    "weekday": lambda at: at.isoweekday(),
    "day": lambda at: at.day,
    "month": lambda at: at.month,
    "year": lambda at: at.year,
}
SPANS = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}


def _call(function: str, arguments: list[Any], number: type) -> Any:
    known = [argument for argument in arguments if argument is not None]
    first = arguments[0]
    if function == "if":
        for condition, result in zip(arguments[:-1:2], arguments[1::2], strict=True):
            if condition is True:
                return result
        return arguments[-1]
    if function == "coalesce":
        return known[0] if known else None
    if function in ("min", "max"):
        return (min if function == "min" else max)(known) if known else None
    if function == "match":
        for key, result in zip(arguments[1:-1:2], arguments[2:-1:2], strict=True):
            if first is not None and first == key:
                return result
        return arguments[-1]
    if first is None:
        return None
    if function in ("bands", "interp"):
        return _bands(arguments) if function == "bands" else _interp(arguments)
    if len(known) < len(arguments):
        return None
    if function == "pct":
        one, two = (number(argument) for argument in arguments)
        return _arithmetic("/", number(100) * one, two)
    if function == "clamp":
        return min(max(first, arguments[1]), arguments[2])
    if function == "steps":
        return _steps(arguments, number)
    if function in CALENDAR:
        return number(CALENDAR[function](_local(first)))
    if function in SPANS:
        return number(first / SPANS[function])
    if function == "round":
        return number(round(Fraction(first), int(arguments[1]) if len(arguments) == 2 else 0))
    return {"abs": abs, "floor": math.floor, "ceil": math.ceil, "number": number}[function](first) * number(1)


def _bands(arguments: list[Any]) -> Any:
    result = arguments[1]
    for bound, band in zip(arguments[2::2], arguments[3::2], strict=True):
        result = band if arguments[0] >= bound else result
    return result


def _interp(arguments: list[Any]) -> Any:
    x, points = arguments[0], list(zip(arguments[1::2], arguments[2::2], strict=True))
    if x <= points[0][0]:
        return points[0][1]
    for (x1, y1), (x2, y2) in pairwise(points):
        if x < x2:
            return None if y1 is None or y2 is None else y1 + (x - x1) * ((y2 - y1) / (x2 - x1))
    return points[-1][1]


def _steps(arguments: list[Any], number: type) -> Any:
    x, limit, size, each, cap = arguments
    if size == 0:
        return None
    total = each * max(math.floor((x - limit) / size + number(Fraction(1, 10**9))), 0)
    if each == 0:
        return total
    return max(total, cap) if each < 0 else min(total, cap)
