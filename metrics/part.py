"""The value of a subtree: a column with the rows in which it is known, and the three-valued logic over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.exact import Truth


@dataclass(slots=True)
class Part:
    """The value of a subtree.

    `valid` is True if it is known in every row, False if in none. `values` are Exact or Approximate for numbers, Exact
    for times and durations (ms), Texts for texts, Truth for bools, None for the bare `null`. A bool is False wherever
    it is null: so its values alone are the rows in which it is true.
    """

    values: Any  # Exact | Approximate | Texts | Truth | None: the checker has made sure that operands fit
    valid: Truth = True


NULL = Part(None, False)


def meet(one: Truth, two: Truth) -> Truth:
    """Rows in both."""
    if one is True or two is False:
        return two
    return one if two is True or one is False else one & two


def join(one: Truth, two: Truth) -> Truth:
    """Rows in either."""
    if one is True or two is False:
        return one
    return two if two is True or one is False else one | two


def opposite(rows: Truth) -> Truth:
    """The other rows."""
    return not rows if isinstance(rows, bool) else ~rows


def truth(condition: Part) -> Truth:
    """Where a bool part is true."""
    return False if condition.values is None else condition.values


def both(left: Part, right: Part) -> Part:
    """`and`: false if either is false, else null if either is null."""
    one, two = truth(left), truth(right)
    if left.valid is True and right.valid is True:
        return Part(meet(one, two))
    known = meet(left.valid, right.valid)
    false = join(meet(left.valid, opposite(one)), meet(right.valid, opposite(two)))
    return Part(meet(one, two), join(known, false))


def either(left: Part, right: Part) -> Part:
    """`or`: true if either is true, else null if either is null."""
    one, two = truth(left), truth(right)
    found = join(one, two)
    if left.valid is True and right.valid is True:
        return Part(found)
    return Part(found, join(meet(left.valid, right.valid), found))


def negated(condition: Part) -> Part:
    """`not`: null stays null."""
    return Part(meet(opposite(truth(condition)), condition.valid), condition.valid)


def compare(operator: str, left: Part, right: Part) -> Part:
    """A comparison; null if either side is."""
    one, two = left.values, right.values
    if one is None or two is None:
        return Part(False, False)
    valid = meet(left.valid, right.valid)
    if isinstance(one, bool | np.ndarray):
        answer = one == two if operator == "=" else one != two
        found: Truth = bool(answer) if isinstance(one, bool) and isinstance(two, bool) else answer
    else:
        found = one.compare(operator, two)
    return Part(meet(found, valid), valid)


def choose(rows: Truth, one: Part, two: Part) -> Part:
    """The first part in these rows, the second elsewhere."""
    if isinstance(rows, bool):
        return one if rows else two
    valid: Truth = True
    if one.valid is not True or two.valid is not True:
        valid = join(meet(rows, one.valid), meet(~rows, two.valid))
    if one.values is None or two.values is None:
        rest = two if one.values is None else one
        if isinstance(rest.values, bool | np.ndarray):
            return Part(meet(rest.values, valid), valid)
        return Part(rest.values, valid)
    if isinstance(one.values, bool | np.ndarray):
        return Part(join(meet(rows, one.values), meet(~rows, truth(two))), valid)
    return Part(one.values.where(rows, two.values), valid)


def all_known(parts: Iterable[Part]) -> Truth:
    """The rows in which every part is known."""
    valid: Truth = True
    for part in parts:
        valid = meet(valid, part.valid)
    return valid
