"""Exact numbers in SQL: quotients of whole numbers in BIGINT or HUGEINT, chosen by bounds so that nothing overflows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Final, TypeAlias

INT64: Final = 2**63 - 1
INT128: Final = 2**127 - 1


class TooWide(ArithmeticError):
    """A whole number of an expression may leave 128 bits; such an expression is evaluated row by row."""


@dataclass(frozen=True, slots=True)
class Term:
    """A whole number per row: SQL text, inclusive bounds of its values, and whether it is one number for all rows.

    The SQL of a row may be null, that of a `fixed` number never is. Its type is HUGEINT wherever the bounds leave
    BIGINT, so that no operation wraps or fails.
    """

    sql: str
    low: int
    high: int
    fixed: bool = False

    def __post_init__(self) -> None:
        if max(-self.low, self.high) > INT128:
            raise TooWide

    @staticmethod
    def literal(value: int) -> Term:
        """The same number in all rows."""
        if abs(value) > INT128:
            raise TooWide
        kind = "BIGINT" if abs(value) <= INT64 else "HUGEINT"
        return Term(f"{value}::{kind}" if value >= 0 else f"({value})::{kind}", value, value, True)

    @property
    def constant(self) -> int | None:
        """The one number of all rows, None if they differ."""
        return self.low if self.fixed else None

    @property
    def size(self) -> int:
        """What no absolute value exceeds."""
        return max(-self.low, self.high)


ONE: Final = Term.literal(1)
NULL: Final = Term("NULL::BIGINT", 0, 0)

# Gives a term that is needed several times a name of its own, so that the SQL does not repeat it.
Bind: TypeAlias = Callable[[Term], Term]


def _apply(operator: str, left: Term, right: Term, low: int, high: int) -> Term:
    if max(-low, high) > INT64 and max(left.size, right.size) <= INT64:
        return Term(f"(({left.sql})::HUGEINT {operator} {right.sql})", low, high)
    return Term(f"({left.sql} {operator} {right.sql})", low, high)


def add(left: Term, right: Term) -> Term:
    one, two = left.constant, right.constant
    if one is not None and two is not None:
        return Term.literal(one + two)
    if one == 0:
        return right
    if two == 0:
        return left
    return _apply("+", left, right, left.low + right.low, left.high + right.high)


def negative(term: Term) -> Term:
    if term.constant is not None:
        return Term.literal(-term.constant)
    return Term(f"(-{term.sql})" if term.low > -INT64 else f"(-({term.sql})::HUGEINT)", -term.high, -term.low)


def multiply(left: Term, right: Term) -> Term:
    one, two = left.constant, right.constant
    if one is not None and two is not None:
        return Term.literal(one * two)
    if one == 1:
        return right
    if two == 1:
        return left
    corners = [left.low * right.low, left.low * right.high, left.high * right.low, left.high * right.high]
    return _apply("*", left, right, min(corners), max(corners))


def absolute(term: Term) -> Term:
    if term.low >= 0:
        return term
    if term.constant is not None:
        return Term.literal(abs(term.constant))
    return Term(f"abs({term.sql})" if term.low > -INT64 else f"abs(({term.sql})::HUGEINT)", 0, term.size)


def chosen(condition: str, left: Term, right: Term) -> Term:
    """One where the condition is true, the other elsewhere."""
    if left == right and left.constant is not None:
        return left
    sql = f"CASE WHEN {condition} THEN {left.sql} ELSE {right.sql} END"
    return Term(sql, min(left.low, right.low), max(left.high, right.high))


@dataclass(frozen=True, slots=True)
class Rational:
    """`above / below` per row; `below` is positive. Null where `above` is null."""

    above: Term
    below: Term = ONE

    @staticmethod
    def literal(value: Fraction) -> Rational:
        return Rational(Term.literal(value.numerator), Term.literal(value.denominator))


def aligned(left: Rational, right: Rational, bind: Bind) -> tuple[Term, Term, Term]:
    """Both numerators over one common denominator, and that."""
    one, two = left.below.constant, right.below.constant
    if one is not None and two is not None:
        common = lcm(one, two)
        return (
            multiply(left.above, Term.literal(common // one)),
            multiply(right.above, Term.literal(common // two)),
            Term.literal(common),
        )
    if left.below == right.below:
        return left.above, right.above, left.below
    first, second = bind(left.below), bind(right.below)
    return multiply(left.above, second), multiply(right.above, first), multiply(first, second)


def plus(left: Rational, right: Rational, bind: Bind) -> Rational:
    one, two, below = aligned(left, right, bind)
    return Rational(add(one, two), below)


def minus(left: Rational, right: Rational, bind: Bind) -> Rational:
    return plus(left, Rational(negative(right.above), right.below), bind)


def times(left: Rational, right: Rational) -> Rational:
    one, four = _reduced(left.above, right.below)
    three, two = _reduced(right.above, left.below)
    return Rational(multiply(one, three), multiply(two, four))


def over(left: Rational, right: Rational, bind: Bind) -> Rational:
    """The quotient; null where the divisor is 0 or null."""
    divisor = bind(right.above)
    if divisor.constant is not None:
        if divisor.constant == 0:
            return Rational(NULL)
        sign = 1 if divisor.constant > 0 else -1
        inverse = Rational(multiply(right.below, Term.literal(sign)), absolute(divisor))
        return times(left, inverse)
    found = times(left, Rational(right.below, Term(absolute(divisor).sql, 1, max(divisor.size, 1))))
    above = bind(found.above)
    turned = negative(above)
    sql = f"CASE WHEN {divisor.sql} > 0 THEN {above.sql} WHEN {divisor.sql} < 0 THEN {turned.sql} END"
    return Rational(Term(sql, min(above.low, turned.low), max(above.high, turned.high)), found.below)


def comparison(operator: str, left: Rational, right: Rational, bind: Bind) -> str:
    """SQL that is true, false, or null."""
    one, two, _ = aligned(left, right, bind)
    return f"({one.sql} {'<>' if operator == '!=' else operator} {two.sql})"


def floor(number: Rational, bind: Bind) -> Term:
    """Rounded down."""
    if number.below.constant == 1:
        return number.above
    above, below = bind(number.above), bind(number.below)
    if above.constant is not None and below.constant is not None:
        return Term.literal(above.constant // below.constant)
    down = f"{above.sql} // {below.sql}"  # cuts towards zero
    if above.low >= 0:
        return Term(f"({down})", 0, above.high)
    sql = f"({down} - CASE WHEN {above.sql} % {below.sql} < 0 THEN 1 ELSE 0 END)"
    return Term(sql, above.low, max(above.high, 0))


def at_scale(number: Rational, scale: int, bind: Bind) -> Term:
    """`number * 10**scale` rounded half to even."""
    ten, below = _reduced(Term.literal(10**scale), number.below)
    above = multiply(number.above, ten)
    if below.constant == 1:
        return above
    above, below = bind(above), bind(below)
    if above.constant is not None and below.constant is not None:
        return Term.literal(round(Fraction(above.constant, below.constant)))
    limit = above.size // (below.constant or 1) + 1
    cut = bind(Term(f"({above.sql} // {below.sql})", -limit, limit)).sql
    rest = bind(Term(f"abs({above.sql} % {below.sql})", 0, below.size)).sql
    sign = "1" if above.low >= 0 else f"CASE WHEN {above.sql} < 0 THEN -1 ELSE 1 END"
    # The rest against what is missing to the next whole number: twice the rest could overflow.
    missing = f"({below.sql} - {rest})"
    sql = f"({cut} + CASE WHEN {rest} > {missing} OR ({rest} = {missing} AND {cut} % 2 <> 0) THEN {sign} ELSE 0 END)"
    return Term(sql, -limit if above.low < 0 else 0, limit)


def _reduced(above: Term, below: Term) -> tuple[Term, Term]:
    """Both without their common divisor, if both are constant."""
    one, two = above.constant, below.constant
    if one is None or two is None or two == 1:
        return above, below
    common = gcd(one, two)
    return Term.literal(one // common), Term.literal(two // common)
