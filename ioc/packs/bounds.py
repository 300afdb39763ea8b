"""Bounds: the least and the greatest value that a formula can have, as far as its declaration tells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from metrics.formula import Node
from metrics.formula_syntax import Binary, Call, Name, Number, Unary, constant
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.source import Source

Span: TypeAlias = tuple[float, float]  # least, greatest; infinite where nothing is told
ANY: Span = (-math.inf, math.inf)
NOT_NEGATIVE: Span = (0.0, math.inf)
_COUNTS = frozenset({"count", "distinct", "distinct_approx", "online", "dwell"})
_ONE_OF_ITS_ROWS = frozenset({"mean", "min", "max", "first", "last", "percentile", "percentile_approx"})


def of_indicator(indicator: Indicator, sources: Mapping[str, Source]) -> Span:
    """The bounds of its values."""
    scope = {measure.name: of_measure(measure, sources) for measure in indicator.measures}
    scope |= {name: (number, number) for name, number in (indicator.constants or {}).items()}
    return of_expression(indicator.formula, scope)


def of_measure(measure: Measure, sources: Mapping[str, Source]) -> Span:
    """The bounds of what a measure gives; a source that is not known gives anything."""
    source = sources.get(measure.source)
    fields = {} if source is None else {name: field.range or ANY for name, field in source.fields.items()}
    first = _folded(measure.agg, ANY if measure.field is None else of_expression(measure.field, fields))
    if not measure.per:
        return first
    each = first if measure.each is None else of_expression(measure.each, {**fields, "value": first})
    return _folded(measure.then, each)


def _folded(aggregate: str, value: Span) -> Span:
    if aggregate in _COUNTS or (aggregate == "sum" and value[0] >= 0):
        return NOT_NEGATIVE
    return value if aggregate in _ONE_OF_ITS_ROWS else ANY


def of_expression(node: Node, scope: Mapping[str, Span]) -> Span:
    """The bounds of an expression over names with these bounds; other names may be anything."""
    match node:
        case Number():
            return (float(node.fraction),) * 2
        case Name():
            return scope.get(node.id, ANY)
        case Unary(operator="-"):
            low, high = of_expression(node.operand, scope)
            return -high, -low
        case Binary() if node.operator in _ARITHMETIC:
            return _ARITHMETIC[node.operator](of_expression(node.left, scope), of_expression(node.right, scope))
        case Call() if node.function in _CALLS:
            return _CALLS[node.function]([of_expression(one, scope) for one in node.arguments])
        case Call() if node.function in _FIXED:
            return _FIXED[node.function]
        case Call(function="bands" | "interp"):
            given = node.arguments[1::2] if node.function == "bands" else node.arguments[2::2]
            return _either([of_expression(one, scope) for one in given])
        case Call(function="clamp"):
            ends = [of_expression(one, scope) for one in node.arguments]
            return max(ends[0][0], ends[1][0]), min(ends[0][1], ends[2][1])
        case Call(function="steps"):
            cap = constant(node.arguments[4])
            end = float(cap.fraction) if isinstance(cap, Number) else math.inf
            return (min(0.0, end), max(0.0, end)) if isinstance(cap, Number) else ANY
        case _:
            return ANY


def _sum(one: Span, other: Span) -> Span:
    return one[0] + other[0], one[1] + other[1]


def _difference(one: Span, other: Span) -> Span:
    return one[0] - other[1], one[1] - other[0]


def _product(one: Span, other: Span) -> Span:
    corners = [0.0 if 0.0 in (a, b) else a * b for a in one for b in other]
    return min(corners), max(corners)


def _quotient(one: Span, other: Span) -> Span:
    return NOT_NEGATIVE if one[0] >= 0 and other[0] >= 0 else ANY


def _either(spans: Sequence[Span]) -> Span:
    return min(low for low, _ in spans), max(high for _, high in spans)


def _points(spans: Sequence[Span]) -> list[float]:
    """The constants among the arguments: `min` and `max` ignore nulls, and only a constant is never null."""
    return [low for low, high in spans if low == high]


_ARITHMETIC: Mapping[str, Callable[[Span, Span], Span]] = {
    "+": _sum, "-": _difference, "*": _product, "/": _quotient,
}  # fmt: skip
_CALLS: Mapping[str, Callable[[Sequence[Span]], Span]] = {
    "pct": lambda spans: _quotient(spans[0], spans[1]),
    "coalesce": _either,
    "if": lambda spans: _either([*spans[1::2], spans[-1]]),
    "match": lambda spans: _either([*spans[2:-1:2], spans[-1]]),
    "min": lambda spans: (_either(spans)[0], min(_points(spans), default=_either(spans)[1])),
    "max": lambda spans: (max(_points(spans), default=_either(spans)[0]), _either(spans)[1]),
    "abs": lambda spans: (max(0.0, spans[0][0], -spans[0][1]), max(abs(end) for end in spans[0])),
    "floor": lambda spans: (spans[0][0] - 1, spans[0][1]),
    "ceil": lambda spans: (spans[0][0], spans[0][1] + 1),
    "round": lambda spans: (spans[0][0] - 1, spans[0][1] + 1),
}
_FIXED: Mapping[str, Span] = {
    "number": (0.0, 1.0), "rank": (1.0, math.inf), "region": NOT_NEGATIVE, "elapsed": (0.0, 1.0),
}  # fmt: skip
