"""Exact numbers on arrays: fractions of whole numbers in int64, in Python ints where int64 would overflow."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Truth: TypeAlias = bool | NDArray[np.bool_]  # a plain bool holds for every row

INT64_MAX = 2**63 - 1
_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Whole:
    """A whole number for every row (int64, or object beyond it), or one Python int for all rows.

    `limit` is a number that no absolute value exceeds. It is carried along, so that an operation needs no pass over
    its operands to know that int64 suffices; it is computed when first asked for.
    """

    __slots__ = ("_limit", "_tight", "values")

    def __init__(self, values: int | NDArray[Any], limit: int | None = None) -> None:
        self.values = values
        self._limit = abs(values) if isinstance(values, int) else limit
        self._tight = isinstance(values, int)

    @property
    def scalar(self) -> int | None:
        """The one number for all rows, None if rows differ."""
        return self.values if isinstance(self.values, int) else None

    def limit(self, *, tight: bool = False) -> int:
        """The largest absolute value or, unless `tight`, something above it."""
        if self._limit is None or (tight and not self._tight):
            values = self.values
            assert not isinstance(values, int)  # noqa: S101  # its limit is known from the start
            self._limit = max(-int(values.min()), int(values.max())) if len(values) else 0
            self._tight = True
        return self._limit

    def wide(self) -> bool:
        """Whether the values are Python ints of any size."""
        return not isinstance(self.values, int) and self.values.dtype == object

    def widened(self) -> Any:
        """The values as Python ints."""
        return self.values if isinstance(self.values, int) else self.values.astype(object)

    def __add__(self, other: Whole) -> Whole:
        limit = self.limit() + other.limit()
        if limit > INT64_MAX:
            limit = self.limit(tight=True) + other.limit(tight=True)
        if limit > INT64_MAX or self.wide() or other.wide():
            return Whole(self.widened() + other.widened(), limit)
        return Whole(self.values + other.values, limit)

    def __sub__(self, other: Whole) -> Whole:
        return self + -other

    def __mul__(self, other: Whole) -> Whole:
        if other.scalar == 1:
            return self
        if self.scalar == 1:
            return other
        limit = self.limit() * other.limit()
        if limit > INT64_MAX:
            limit = self.limit(tight=True) * other.limit(tight=True)
        if limit > INT64_MAX or self.wide() or other.wide():
            return Whole(self.widened() * other.widened(), limit)
        return Whole(self.values * other.values, limit)

    def __neg__(self) -> Whole:
        values = self.widened() if self.limit() > INT64_MAX else self.values
        return Whole(-values, self.limit())

    def __abs__(self) -> Whole:
        values = self.widened() if self.limit() > INT64_MAX else self.values
        return Whole(abs(values), self.limit())

    def __floordiv__(self, other: Whole) -> Whole:
        """The quotient rounded down; `other` is positive."""
        if other.scalar == 1:
            return self
        if self.wide() or other.wide() or max(self.limit(), other.limit()) > INT64_MAX:
            return Whole(self.widened() // other.widened(), self.limit())
        return Whole(self.values // other.values, self.limit() // (other.scalar or 1) + 1)

    def where(self, mask: NDArray[np.bool_], other: Whole) -> Whole:
        """These values where the mask is true, the other's elsewhere."""
        limit = max(self.limit(), other.limit())
        if limit > INT64_MAX or self.wide() or other.wide():
            return Whole(np.where(mask, _objects(self.widened()), _objects(other.widened())), limit)
        return Whole(np.where(mask, self.values, other.values), limit)

    def narrowed(self) -> Whole:
        """In int64 if all values fit."""
        if self.wide() and self.limit(tight=True) <= INT64_MAX:
            return Whole(np.asarray(self.values).astype(np.int64), self.limit())
        return self


def _objects(values: int | NDArray[Any]) -> NDArray[Any]:
    return np.array(values, dtype=object)


_ONE = Whole(1)


@dataclass(slots=True)
class Exact:
    """`above / below` for every row; `below` is positive."""

    above: Whole
    below: Whole = _ONE

    @staticmethod
    def literal(value: Fraction) -> Exact:
        """One number for all rows."""
        return Exact(Whole(value.numerator), Whole(value.denominator))

    @staticmethod
    def whole(values: int | NDArray[Any]) -> Exact:
        """Whole numbers."""
        return Exact(Whole(values))

    @staticmethod
    def fixed(values: NDArray[Any], scale: int) -> Exact:
        """Fixed point numbers, `values / 10**scale`."""
        return Exact(Whole(values), Whole(10**scale))

    def _aligned(self, other: Exact) -> tuple[Whole, Whole, Whole]:
        """Both numerators over one common denominator, and that."""
        one, two = self.below.scalar, other.below.scalar
        if one is not None and two is not None:
            common = lcm(one, two)
            return self.above * Whole(common // one), other.above * Whole(common // two), Whole(common)
        if self.below is other.below:
            return self.above, other.above, self.below
        return self.above * other.below, other.above * self.below, self.below * other.below

    def __add__(self, other: Exact) -> Exact:
        left, right, below = self._aligned(other)
        return Exact(left + right, below)

    def __sub__(self, other: Exact) -> Exact:
        return self + -other

    def __neg__(self) -> Exact:
        return Exact(-self.above, self.below)

    def __abs__(self) -> Exact:
        return Exact(abs(self.above), self.below)

    def __mul__(self, other: Exact) -> Exact:
        one, two = _reduced(self.above, other.below)
        three, four = _reduced(other.above, self.below)
        return Exact(one * three, two * four)

    def divided(self, other: Exact) -> tuple[Exact, Truth]:
        """The quotient, and where it exists; elsewhere it is some number."""
        divisor = other.above
        exists: Truth = True
        if divisor.scalar is not None:
            exists = divisor.scalar != 0
            sign, size = Whole(-1 if divisor.scalar < 0 else 1), Whole(abs(divisor.scalar) or 1)
        else:
            values = np.asarray(divisor.values)
            least = values.min(initial=1)
            size = divisor
            if least <= 0:
                zero = values == 0
                if zero.any():
                    exists = ~zero
                    size = Whole(np.where(zero, _one_like(values), values), max(divisor.limit(), 1))
            sign = _ONE if least >= 0 else Whole(np.where(values < 0, _one_like(values, -1), _one_like(values)), 1)
            size = size if least >= 0 else abs(size)
        return self * Exact(other.below * sign, size), exists

    def compare(self, operator: str, other: Exact) -> Truth:
        """Where `self operator other` holds."""
        if self.below.scalar is not None and other.below.scalar is not None:
            if other.above.scalar is not None and self.above.scalar is None:
                return _compare_scalar(operator, self, Fraction(other.above.scalar, other.below.scalar))
            if self.above.scalar is not None and other.above.scalar is None:
                return _compare_scalar(_FLIPPED[operator], other, Fraction(self.above.scalar, self.below.scalar))
        left, right, _ = self._aligned(other)
        found: Truth = _COMPARE[operator](left.values, right.values)
        return found

    def where(self, mask: NDArray[np.bool_], other: Exact) -> Exact:
        """These values where the mask is true, the other's elsewhere."""
        if self.below.scalar is not None and other.below.scalar is not None:
            left, right, below = self._aligned(other)
            return Exact(left.where(mask, right), below)
        return Exact(self.above.where(mask, other.above), self.below.where(mask, other.below))

    def floor(self) -> Exact:
        """Rounded down to whole numbers."""
        return Exact(self.above // self.below)

    def ceil(self) -> Exact:
        """Rounded up to whole numbers."""
        return Exact(-(-self.above // self.below))

    def round(self, digits: int) -> Exact:
        """Rounded half to even at `digits` decimals; negative: tens, hundreds."""
        if digits < 0:
            return self.__mul__(Exact.literal(Fraction(1, 10**-digits))).round(0) * Exact.literal(Fraction(10**-digits))
        return Exact(self.at_scale(digits), Whole(10**digits))

    def at_scale(self, scale: int) -> Whole:
        """`self * 10**scale`, rounded half to even."""
        factor, below = _reduced(Whole(10**scale), self.below)
        above = self.above * factor
        if below.scalar == 1:
            return above
        down = above // below
        # The product may wrap in int64, the rest is right all the same: it is in [0, below).
        rest = above.values - down.values * below.values
        # Rest against below - rest instead of 2*rest against below: that could overflow.
        other = below.values - rest
        up = (rest > other) | ((rest == other) & ((down.values & 1) == 1))
        return down + Whole(up if isinstance(up, int) else up.astype(np.int64), 1)

    def finite(self) -> Truth:
        """Where it is a number: everywhere."""
        return True

    def as_float(self) -> Any:
        """The nearest float64 of each row (of int64 fractions: within two roundings)."""
        if self.above.scalar is not None and self.below.scalar is not None:
            return np.float64(_nearest(self.above.scalar, self.below.scalar))
        if self.above.wide() or self.below.wide() or self.below.limit() > INT64_MAX:
            above, below = np.broadcast_arrays(_objects(self.above.widened()), _objects(self.below.widened()))
            return np.array([_nearest(one, two) for one, two in zip(above, below, strict=True)], dtype=np.float64)
        above_float = np.asarray(self.above.values).astype(np.float64)
        return above_float if self.below.scalar == 1 else above_float / self.below.values


def _one_like(values: NDArray[Any], one: int = 1) -> Any:
    return values.dtype.type(one) if values.dtype != object else one


def _nearest(above: int, below: int) -> float:
    try:
        return above / below
    except OverflowError:
        return float("inf") if above > 0 else float("-inf")


def _reduced(above: Whole, below: Whole) -> tuple[Whole, Whole]:
    """Both without their common divisor, if both are scalars."""
    if above.scalar is None or below.scalar is None or below.scalar == 1:
        return above, below
    common = gcd(above.scalar, below.scalar)
    return Whole(above.scalar // common), Whole(below.scalar // common)


def _compare_scalar(operator: str, left: Exact, right: Fraction) -> Truth:
    """One integer comparison per row: `a/b < f` is `a < ceil(f*b)`."""
    assert left.below.scalar is not None  # noqa: S101
    edge = right * left.below.scalar
    down = edge.numerator // edge.denominator
    if edge.denominator != 1 and operator in ("=", "!="):
        return operator == "!="
    up = down if edge.denominator == 1 else down + 1
    found: Truth = _COMPARE[operator](left.above.values, up if operator in ("<", ">=") else down)
    return found
