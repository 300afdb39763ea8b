"""Approximate numbers on arrays: float64, with the operations of metrics.exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.exact import Exact, Truth

_COMPARE = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(slots=True)
class Approximate:
    """A float64 for every row, or one for all rows."""

    values: Any  # np.float64 or NDArray[np.float64]

    @staticmethod
    def literal(value: Fraction) -> Approximate:
        """One number for all rows; infinite if float64 cannot hold it."""
        return Approximate(Exact.literal(value).as_float())

    @staticmethod
    def of(number: Exact) -> Approximate:
        """The nearest float64."""
        return Approximate(number.as_float())

    def __add__(self, other: Approximate) -> Approximate:
        return Approximate(self.values + other.values)

    def __sub__(self, other: Approximate) -> Approximate:
        return Approximate(self.values - other.values)

    def __neg__(self) -> Approximate:
        return Approximate(-self.values)

    def __abs__(self) -> Approximate:
        return Approximate(abs(self.values))

    def __mul__(self, other: Approximate) -> Approximate:
        return Approximate(self.values * other.values)

    def divided(self, other: Approximate) -> tuple[Approximate, Truth]:
        """The quotient, and where it exists; elsewhere it is some number."""
        exists = other.values != 0
        if isinstance(exists, np.ndarray):
            exists = True if exists.all() else exists
        return Approximate(self.values / other.values), exists if isinstance(exists, np.ndarray) else bool(exists)

    def compare(self, operator: str, other: Approximate) -> Truth:
        """Where `self operator other` holds."""
        found = _COMPARE[operator](self.values, other.values)
        return found if isinstance(found, np.ndarray) else bool(found)

    def where(self, mask: NDArray[np.bool_], other: Approximate) -> Approximate:
        """These values where the mask is true, the other's elsewhere."""
        return Approximate(np.where(mask, self.values, other.values))

    def floor(self) -> Approximate:
        """Rounded down to whole numbers."""
        return Approximate(np.floor(self.values))

    def ceil(self) -> Approximate:
        """Rounded up to whole numbers."""
        return Approximate(np.ceil(self.values))

    def round(self, digits: int) -> Approximate:
        """Rounded half to even at `digits` decimals; negative: tens, hundreds."""
        return Approximate(np.round(self.values, digits))

    def finite(self) -> Truth:
        """Where it is a number: float64 can overflow."""
        found = np.isfinite(self.values)
        if isinstance(found, np.ndarray):
            return True if found.all() else found
        return bool(found)
