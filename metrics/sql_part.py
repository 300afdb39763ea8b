"""Parts of an expression in SQL: what kind of value a piece of text has, and within which bounds."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Final, TypeAlias

from metrics.formula_types import Kind
from metrics.sql_number import INT64, Rational

MAX: Final = sys.float_info.max
MEASURED: Final = 1e40  # what no aggregate exceeds: its whole numbers have 128 bits


@dataclass(frozen=True, slots=True)
class Double:
    """A float64 number per row; null where it is unknown or not finite.

    No absolute value exceeds `size`: where it says that a result is finite, nothing has to be tested. `fixed` is the
    number of all rows, if it is one.
    """

    sql: str
    size: float = MAX
    fixed: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text per row."""

    sql: str


@dataclass(frozen=True, slots=True)
class Truth:
    """True, false or null per row."""

    sql: str


@dataclass(frozen=True, slots=True)
class Spans:
    """A list of intervals per row: `STRUCT(s BIGINT, e BIGINT)[]`, `e` null while open."""

    sql: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Null in every row, of no kind yet."""

    sql: str = "NULL"


# In exact expressions numbers are Rational, else Double; times and durations are always Rational, in ms.
Part: TypeAlias = Rational | Double | Words | Truth | Spans | Nothing
NOTHING: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column: its kind, its SQL, and for numbers and times scale and bounds of its whole numbers.

    A number whose scale is None is a DOUBLE.
    """

    kind: Kind
    sql: str
    scale: int | None = 0
    low: int = -INT64
    high: int = INT64


def constant_double(value: float) -> Double:
    """One number for all rows."""
    return Double(f"({value!r})::DOUBLE", abs(value), value)


def reckoned(operator: str, left: float, right: float) -> Part:
    """Two numbers of all rows; null where the result is not finite."""
    match operator:
        case "+":
            found = left + right
        case "-":
            found = left - right
        case "*":
            found = left * right
        case _:
            found = left / right if right else math.inf
    return constant_double(found) if math.isfinite(found) else NOTHING


def sql_of(part: Part) -> str:
    """The SQL that is null exactly where the part is, and its value unless it is a Rational."""
    return part.above.sql if isinstance(part, Rational) else part.sql
