"""Contribution: by how much each part of a whole moved its number between two instants.

`sum`: counts and sums add up, the part moved the whole by its own change; exact. `share`: a share or a mean is the mean
of its parts, weighted by their rows; a part moved it by what changed inside of it (its change times its mean weight)
and by its weight (the change of its weight times its mean distance from the whole). Together these are the whole's
change exactly, where rows are what the number is counted over; what is left over is told as `rest`. `none`: a highest
value, a percentile or a count of different things does not come apart: only the own change of each part is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from metrics.formula import Node
from metrics.formula_syntax import Binary, Call, Name, Number
from metrics.indicator import Indicator
from metrics.measure import Measure

Method = Literal["sum", "share", "none"]
ADDING: Final = frozenset({"count", "sum"})


@dataclass(frozen=True, slots=True)
class Part:
    """A part, or the whole, at both instants. None: nothing was published; `weight`: the rows behind the value."""

    name: str
    then: float | None
    now: float | None
    weight_then: float = 0.0
    weight_now: float = 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """`by`: so much of the change of the whole is this part's, in its unit; `inside` and `mix` add up to it. With
    `none` it is the part's own change. None: it had no value at one of the instants, and is in `rest`."""

    name: str
    by: float | None
    inside: float | None = None
    mix: float | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """`moved`: in the order of the parts. `rest`: what no part accounts for; None where parts do not add up."""

    method: Method
    change: float
    moved: tuple[Moved, ...]
    rest: float | None


def method_of(indicator: Indicator, *, by_dimension: bool = False) -> Method:
    """How the number of a whole comes apart into those of its regions, or of its groups by dimension."""
    if indicator.rollup is not None:
        return "sum" if indicator.rollup.how == "sum" and not by_dimension else "none"
    measures = {measure.name: measure for measure in indicator.measures}
    if _adds(indicator.formula, measures):
        return "sum"
    return "share" if _shares(indicator, measures) else "none"


def contribution(method: Method, whole: Part, parts: Sequence[Part]) -> Contribution | None:
    """None where the whole has no value at one of the instants."""
    if whole.then is None or whole.now is None:
        return None
    change = whole.now - whole.then
    if method == "share":
        moved = _by_weight(whole.then, whole.now, parts)
    else:
        moved = tuple(Moved(part.name, _own(part)) for part in parts)
    rest = None if method == "none" else change - sum(each.by for each in moved if each.by is not None)
    return Contribution(method, change, moved, rest)


def _own(part: Part) -> float | None:
    return None if part.then is None or part.now is None else part.now - part.then


def _by_weight(then: float, now: float, parts: Sequence[Part]) -> tuple[Moved, ...]:
    """A part without rows at an instant weighs nothing there, and lies where the whole does."""
    all_then = sum(part.weight_then for part in parts if part.then is not None)
    all_now = sum(part.weight_now for part in parts if part.now is not None)
    middle = (then + now) / 2
    found = []
    for part in parts:
        if (part.then is None and part.now is None) or not all_then or not all_now:
            found.append(Moved(part.name, None))
            continue
        before = 0.0 if part.then is None else part.weight_then / all_then
        after = 0.0 if part.now is None else part.weight_now / all_now
        low, high = (then if part.then is None else part.then), (now if part.now is None else part.now)
        inside = (before + after) / 2 * (high - low)
        mix = (after - before) * ((low + high) / 2 - middle)
        found.append(Moved(part.name, inside + mix, inside, mix))
    return tuple(found)


def _adds(node: Node, measures: dict[str, Measure]) -> bool:
    """Whether it is a sum of counts and sums, or of multiples of them."""
    if isinstance(node, Name):
        measure = measures.get(node.id)
        return measure is not None and measure.agg in ADDING and not measure.per
    if not isinstance(node, Binary):
        return False
    if node.operator in {"+", "-"}:
        return _adds(node.left, measures) and _adds(node.right, measures)
    if node.operator == "*" and isinstance(node.left, Number):
        return _adds(node.right, measures)
    return node.operator in {"*", "/"} and isinstance(node.right, Number) and _adds(node.left, measures)


def _shares(indicator: Indicator, measures: dict[str, Measure]) -> bool:
    """Whether it is a mean of rows, or what adds up over a count, and its samples are the rows that it is over."""
    node = indicator.formula
    if isinstance(node, Name):
        measure = measures.get(node.id)
        return measure is not None and measure.agg == "mean" and not measure.per and len(measures) == 1
    if isinstance(node, Call) and node.function == "pct" and len(node.arguments) == 2:
        above, below = node.arguments
    elif isinstance(node, Binary) and node.operator == "/":
        above, below = node.left, node.right
    else:
        return False
    counted = measures.get(below.id) if isinstance(below, Name) else None
    whole = counted is not None and counted.agg == "count" and not counted.per
    return whole and _adds(above, measures) and indicator.samples in {"", below.id}  # type: ignore[union-attr]
