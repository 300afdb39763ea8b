"""The evaluator: walks a syntax tree and folds whole columns, each with the rows in which it is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.approximate import Approximate
from metrics.calendar import ALWAYS, Calendar
from metrics.column import Column
from metrics.exact import Exact, Truth
from metrics.formula_syntax import (
    COMPARISONS,
    REFERENCES,
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
from metrics.intervals import Intervals
from metrics.part import NULL, Part, both, compare, either, meet, negated, opposite, truth
from metrics.texts import Texts

_ALWAYS = Calendar.always()
Functions: TypeAlias = "Mapping[str, Callable[[Evaluator, Call], Part]]"


class Evaluator:
    """Evaluates trees over one set of columns. `exact` says what numbers are: Exact or Approximate."""

    def __init__(
        self,
        columns: Mapping[str, Column],
        now_ms: int | None,
        functions: Functions,
        *,
        exact: bool,
        calendars: Mapping[str, Calendar] | None = None,
    ) -> None:
        self._columns = columns
        self._calendars = calendars or {}
        self._functions = functions
        self._now_ms = now_ms
        self.exact = exact

    @property
    def now_ms(self) -> int:
        """The end of the window."""
        if self._now_ms is None:
            raise ValueError("this expression uses now(): it needs the end of the window")
        return self._now_ms

    def calendar(self, name: str) -> Calendar:
        """A calendar by name; 'always' needs no declaration."""
        return _ALWAYS if name == ALWAYS else self._calendars[name]

    def part(self, node: Node) -> Part:
        """The value of a node."""
        match node:
            case Number():
                return Part(self.number(Exact.literal(node.fraction)))
            case Duration():
                return Part(Exact.whole(node.ms))
            case Text():
                return Part(Texts(node.value))
            case Bool():
                return Part(node.value)
            case Null():
                return NULL
            case Name():
                return self._column(self._columns[node.id])
            case Unary(operator="not"):
                return negated(self.part(node.operand))
            case Unary():
                operand = self.part(node.operand)
                return NULL if operand.values is None else Part(-operand.values, operand.valid)
            case Binary(operator="and"):
                return both(self.part(node.left), self.part(node.right))
            case Binary(operator="or"):
                return either(self.part(node.left), self.part(node.right))
            case Binary() if node.operator in COMPARISONS:
                return compare(node.operator, self.part(node.left), self.part(node.right))
            case Binary():
                return self.arithmetic(node.operator, self.part(node.left), self.part(node.right))
            case In():
                return self._member(node)
            case Between():
                operand = self.part(node.operand)
                found = both(compare(">=", operand, self.part(node.low)), compare("<=", operand, self.part(node.high)))
                return negated(found) if node.negated else found
            case IsNull():
                known = self.part(node.operand).valid
                return Part(known if node.negated else opposite(known))
            case Call():
                if node.function in REFERENCES:
                    return self._column(self._columns[text(node)])
                return self._functions[node.function](self, node)

    def truth(self, node: Node) -> Truth:
        """Where a bool node is true."""
        return truth(self.part(node))

    def number(self, value: Exact) -> Exact | Approximate:
        """An exact number as this evaluator holds numbers."""
        return value if self.exact else Approximate.of(value)

    def arithmetic(self, operator: str, left: Part, right: Part) -> Part:
        """`+ - * /` of numbers, times and durations; division by zero is null."""
        one, two = left.values, right.values
        if one is None or two is None:
            return NULL
        spans = isinstance(one, Exact) and isinstance(two, Exact) and not self.exact
        if operator == "/" and spans:
            one, two = self.number(one), self.number(two)
        elif isinstance(one, Exact) != isinstance(two, Exact):
            return self._scaled_span(one, two, meet(left.valid, right.valid))
        valid = meet(left.valid, right.valid)
        match operator:
            case "+":
                result = one + two
            case "-":
                result = one - two
            case "*":
                result = one * two
            case _:
                result, exists = one.divided(two)
                valid = meet(valid, exists)
        return Part(result, meet(valid, result.finite()))

    def _scaled_span(self, one: Any, two: Any, valid: Truth) -> Part:
        """A duration times a float number, to whole ms."""
        product = Approximate.of(one) * two if isinstance(one, Exact) else one * Approximate.of(two)
        fits = np.abs(product.values) < 2.0**63
        ms = np.rint(np.where(fits, product.values, 0.0)).astype(np.int64)
        values = ms if ms.ndim else int(ms)
        return Part(Exact.whole(values), meet(valid, fits if isinstance(fits, np.ndarray) else bool(fits)))

    def _column(self, column: Column) -> Part:
        values = column.values
        valid: Truth = True if column.valid is None else column.valid
        if column.dictionary is not None:
            if len(column.dictionary) and isinstance(column.dictionary[0], tuple):
                return Part(Intervals(values, column.dictionary), valid)
            return Part(Texts(values, column.dictionary), valid)
        kind = values.dtype.kind
        if kind == "f":
            if self.exact:
                raise ValueError("exact evaluation needs fixed point columns")
            number = Approximate(values.astype(np.float64, copy=False))
            return Part(number, meet(valid, number.finite()))
        if column.scale is not None:
            return Part(self.number(Exact.fixed(_int64(values), column.scale)), valid)
        if kind == "b" or values.dtype == np.int8:
            answer = values.astype(np.bool_, copy=False)
            return Part(answer if valid is True else answer & valid, valid)
        return Part(Exact.whole(_int64(values)), valid)

    def _member(self, node: In) -> Part:
        operand = self.part(node.operand)
        found = Part(False)
        for literal in node.literals:
            found = either(found, compare("=", operand, self.part(literal)))
        return negated(found) if node.negated else found


def _int64(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype == object else values.astype(np.int64, copy=False)
