"""Expressions as SQL: a checked syntax tree becomes text that DuckDB computes, exactly or in DOUBLE."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

from metrics import sql_number as exact
from metrics.formula_syntax import (
    COMPARISONS,
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
from metrics.sql_number import NULL, Rational, Term, TooWide
from metrics.sql_part import (
    MAX,
    MEASURED,
    NOTHING,
    Double,
    Leaf,
    Nothing,
    Part,
    Spans,
    Truth,
    Words,
    constant_double,
    reckoned,
    sql_of,
)
from metrics.sql_steps import Steps, text_literal

Functions: TypeAlias = "Mapping[str, Callable[[Expression, Call], Part]]"
Wide: TypeAlias = "Callable[[Expression, Node, int | None], str]"


class Expression:
    """Walks syntax trees over one set of columns.

    `now` is the end of the window. `calendars` maps a calendar to the suffix of its functions in the database. `wide`
    gives the SQL of an expression whose numbers may leave 128 bits, as text of digits or as bool.
    """

    def __init__(
        self,
        scope: Mapping[str, Leaf],
        steps: Steps,
        functions: Functions,
        *,
        is_exact: bool = True,
        now: Term | None = None,
        calendars: Mapping[str, str] | None = None,
        wide: Wide | None = None,
    ) -> None:
        self.scope = scope
        self.steps = steps
        self.functions = functions
        self.is_exact = is_exact
        self.now = now
        self.calendars = calendars or {}
        self._wide = wide

    # ---- what a place needs ----

    def number(self, node: Node, scale: int) -> Term:
        """Fixed point of `scale` decimals (times and durations: whole ms at scale 0), rounded half to even."""
        try:
            part = self.part(node)
            return exact.at_scale(part, scale, self.steps.bind) if isinstance(part, Rational) else NULL
        except TooWide:
            return Term(f"TRY_CAST({self._by_rows(node, scale)} AS HUGEINT)", -exact.INT128, exact.INT128)

    def instant(self, node: Node) -> Term:
        """A time in whole ms, cut down: it lies in the same windows as the exact one."""
        part = self.part(node)
        return exact.floor(part, self.steps.bind) if isinstance(part, Rational) else NULL

    def double(self, node: Node) -> str:
        """A number as DOUBLE."""
        part = self.part(node)
        if isinstance(part, Double):
            return part.sql
        return self.as_double(part).sql if isinstance(part, Rational) else "NULL::DOUBLE"

    def truth(self, node: Node) -> str:
        """A bool; null stays null."""
        try:
            return self._truth(self.part(node))
        except TooWide:
            return self._by_rows(node, None)

    def value(self, node: Node, scale: int) -> str:
        """An expression of any kind, for counting different values."""
        try:
            part = self.part(node)
            return exact.at_scale(part, scale, self.steps.bind).sql if isinstance(part, Rational) else sql_of(part)
        except TooWide:
            return self._by_rows(node, scale)

    def _by_rows(self, node: Node, scale: int | None) -> str:
        if self._wide is None:
            raise TooWide
        return self._wide(self, node, scale)

    # ---- the walk ----

    def part(self, node: Node) -> Part:
        """The value of a node."""
        match node:
            case Number():
                return self.literal(node.fraction)
            case Duration():
                return Rational.literal(Fraction(node.ms))
            case Text():
                return Words(text_literal(node.value))
            case Bool():
                return Truth("TRUE" if node.value else "FALSE")
            case Null():
                return NOTHING
            case Name():
                return self._column(self.scope[node.id])
            case Unary(operator="not"):
                return Truth(f"(NOT {self._truth(self.part(node.operand))})")
            case Unary():
                return self._negative(self.part(node.operand))
            case Binary(operator="and" | "or"):
                left, right = (self._truth(self.part(side)) for side in (node.left, node.right))
                return Truth(f"({left} {node.operator.upper()} {right})")
            case Binary() if node.operator in COMPARISONS:
                return self.compare(node.operator, self.part(node.left), self.part(node.right))
            case Binary():
                return self.arithmetic(node.operator, self.part(node.left), self.part(node.right))
            case In():
                return self._member(node)
            case Between():
                operand = self.named(self.part(node.operand))
                low, high = self.part(node.low), self.part(node.high)
                both = f"({self.compare('>=', operand, low).sql} AND {self.compare('<=', operand, high).sql})"
                return Truth(f"(NOT {both})" if node.negated else both)
            case IsNull():
                operand = self.part(node.operand)
                return Truth(f"({sql_of(operand)} IS {'NOT ' if node.negated else ''}NULL)")
            case Call():
                return self.functions[node.function](self, node)

    # ---- operations; functions are built of them ----

    def literal(self, value: Fraction | int) -> Part:
        """A number in all rows, as this expression holds numbers."""
        if self.is_exact:
            return Rational.literal(Fraction(value))
        try:
            return constant_double(float(value))
        except OverflowError:
            return Double("'Infinity'::DOUBLE")

    def named(self, part: Part) -> Part:
        """The same under short names, for a part that is used more than once."""
        if isinstance(part, Rational):
            return Rational(self.steps.bind(part.above), self.steps.bind(part.below))
        if isinstance(part, Nothing) or (isinstance(part, Double) and part.fixed is not None):
            return part
        return replace(part, sql=self.steps.name(part.sql))

    def compare(self, operator: str, left: Part, right: Part) -> Truth:
        """Null where a side is null."""
        if isinstance(left, Nothing) or isinstance(right, Nothing):
            return Truth("NULL::BOOLEAN")
        if isinstance(left, Rational) and isinstance(right, Rational):
            return Truth(exact.comparison(operator, left, right, self.steps.bind))
        return Truth(f"({sql_of(left)} {'<>' if operator == '!=' else operator} {sql_of(right)})")

    def arithmetic(self, operator: str, left: Part, right: Part) -> Part:
        """`+ - * /` of numbers, times and durations."""
        if isinstance(left, Nothing) or isinstance(right, Nothing):
            return NOTHING
        bind = self.steps.bind
        if isinstance(left, Rational) and isinstance(right, Rational):
            if operator == "/" and not self.is_exact:
                return self._of_doubles("/", self.as_double(left), self.as_double(right))
            match operator:
                case "+":
                    return exact.plus(left, right, bind)
                case "-":
                    return exact.minus(left, right, bind)
                case "*":
                    return exact.times(left, right)
                case _:
                    return exact.over(left, right, bind)
        if isinstance(left, Double) and isinstance(right, Double):
            return self._of_doubles(operator, left, right)
        return self._scaled_span(operator, left, right)

    def choose(self, condition: str, one: Part, two: Part) -> Part:
        """One where the condition is true, the other elsewhere."""
        if isinstance(one, Rational) and isinstance(two, Rational):
            if one.below.constant is not None and two.below.constant is not None:
                left, right, below = exact.aligned(one, two, self.steps.bind)
                return Rational(exact.chosen(condition, left, right), below)
            condition = self.steps.name(condition)
            above = exact.chosen(condition, one.above, two.above)
            return Rational(above, exact.chosen(condition, one.below, two.below))
        if isinstance(one, Nothing) and isinstance(two, Nothing):
            return NOTHING
        like = two if isinstance(one, Nothing) else one
        if isinstance(like, Rational):
            term = like.above
            sql = f"CASE WHEN {condition} THEN {_nullable(one)} ELSE {_nullable(two)} END"
            return Rational(Term(sql, term.low, term.high), like.below)
        sql = f"CASE WHEN {condition} THEN {sql_of(one)} ELSE {sql_of(two)} END"
        if isinstance(like, Double):
            return Double(sql, max(side.size if isinstance(side, Double) else 0.0 for side in (one, two)))
        return replace(like, sql=sql)

    def as_double(self, part: Rational) -> Double:
        """The nearest float64."""
        below = part.below.constant
        if below is not None and part.above.constant is not None:
            return constant_double(part.above.constant / below)
        above, size = f"({part.above.sql})::DOUBLE", float(part.above.size)
        if below == 1:
            return Double(above, size)
        return Double(f"({above} / {f'{float(below)!r}::DOUBLE' if below else f'({part.below.sql})::DOUBLE'})", size)

    def _column(self, leaf: Leaf) -> Part:
        match leaf.kind:
            case "text" | "point":
                return Words(leaf.sql)
            case "bool":
                return Truth(leaf.sql)
            case "intervals":
                return Spans(leaf.sql)
            case "number" if leaf.scale is None:
                return Double(leaf.sql, MEASURED)
        whole = Term(leaf.sql, leaf.low, leaf.high)
        number = Rational(whole, Term.literal(10 ** (leaf.scale or 0) if leaf.kind == "number" else 1))
        return self.as_double(number) if leaf.kind == "number" and not self.is_exact else number

    def _negative(self, part: Part) -> Part:
        if isinstance(part, Rational):
            return Rational(exact.negative(part.above), part.below)
        if not isinstance(part, Double):
            return NOTHING
        return Double(f"(-{part.sql})", part.size) if part.fixed is None else constant_double(-part.fixed)

    def _member(self, node: In) -> Truth:
        operand = self.named(self.part(node.operand))
        found = " OR ".join(self.compare("=", operand, self.part(literal)).sql for literal in node.literals)
        return Truth(f"(NOT ({found}))" if node.negated else f"({found})")

    def _of_doubles(self, operator: str, left: Double, right: Double) -> Part:
        if left.fixed is not None and right.fixed is not None:
            return reckoned(operator, left.fixed, right.fixed)
        sql = f"({left.sql} {operator} {right.sql})"
        match operator:
            case "+" | "-":
                size = left.size + right.size
            case "*":
                size = left.size * right.size
            case _:
                size = left.size / abs(right.fixed) if right.fixed else math.inf
        if size <= MAX / 2:  # far enough from the end that rounding does not matter
            return Double(sql, size)
        name = self.steps.name(sql)
        return Double(f"CASE WHEN isfinite({name}) THEN {name} END")

    def _scaled_span(self, operator: str, left: Part, right: Part) -> Rational:
        """A duration times a float number, to whole ms."""
        sides = [self.as_double(side).sql if isinstance(side, Rational) else sql_of(side) for side in (left, right)]
        name = self.steps.name(f"({sides[0]} {operator} {sides[1]})")
        sql = f"CASE WHEN abs({name}) < 9223372036854775808.0 THEN round_even({name}, 0)::BIGINT END"
        return Rational(Term(sql, -exact.INT64, exact.INT64))

    def _truth(self, part: Part) -> str:
        return part.sql if isinstance(part, Truth) else "NULL::BOOLEAN"


def _nullable(part: Part) -> str:
    return "NULL" if isinstance(part, Nothing) else sql_of(part)
