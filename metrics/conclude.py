"""Conclusion: measures, comparisons and references become the value, the samples and the quality of each group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.evaluation import published
from metrics.formulas import Formulas
from metrics.indicator import Indicator
from metrics.measured import Counts, Group, Mask, Measured, Numbers

COMPLETE, PROVISIONAL, STALE, NO_DATA = range(4)  # from the best to the worst but for no_data: a value or none
QUALITY_NAMES = ("complete", "provisional", "stale", "no_data")
Codes = NDArray[np.int8]


@dataclass(slots=True)
class Concluded:
    """Published values of one indicator version, arrays of shape (windows, groups).

    `value` is rounded to the digits of a published value; `known` is False where it is null, `quality` is one of
    COMPLETE, STALE and NO_DATA there; `samples` are rows folded. `present`: a row was folded into some measure that
    can tell the group apart.
    """

    groups: list[Group]
    value: Numbers
    known: Mask
    samples: Counts
    quality: Codes
    present: Mask


@dataclass(slots=True)
class Given:
    """What a conclusion is drawn from, beside the indicator itself.

    `measures`: its measures, shape (windows, groups). `references`: the columns of `region('x')`, `indicator('X')`,
    `previous(x)` and so on, by their text, with the mask of those that are known. `referenced`: what the quality of
    other indicators adds, each with groups like ours. `stale`, `early`, shape (windows,): a source of a measure is
    stale; a window of a measure begins before its source is complete. `present` as in Concluded. `rounding` rounds
    values to published ones where a caller knows most of them already.
    """

    groups: list[Group]
    ends: Sequence[int]
    measures: Mapping[str, Measured]
    present: Mask
    references: Mapping[str, tuple[Numbers, Mask]] = field(default_factory=dict)
    referenced: Sequence[Concluded] = ()
    stale: Mask | None = None
    early: Mask | None = None
    rounding: Callable[[Numbers, Mask], Numbers] | None = None


@dataclass(slots=True)
class Drawn:
    """What is drawn from the same measures for several indicators at once: `value` (not rounded), `known` and
    `quality` of shape (indicators, windows, groups), `samples` of shape (windows, groups)."""

    value: Numbers
    known: Mask
    samples: Counts
    quality: Codes


class Alike:
    """Indicators that have measures, samples, groups and windows in common, and no references."""

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        self.first = indicators[0]
        self.formulas = Formulas([(one.formula, one.constants or {}) for one in indicators])

    def draw(self, given: Given) -> Drawn:
        """Their values from states merged at each level (sections 3.3 and 6 of the language)."""
        shape = (len(given.ends), len(given.groups))
        columns = {name: (measured.value, measured.known) for name, measured in given.measures.items()}
        value, known = self.formulas.evaluate(columns | dict(given.references), given.ends, len(given.groups))
        samples = _samples(self.first, given, shape)
        may = samples >= self.first.min_samples
        if given.early is not None:
            may &= ~given.early[:, None]
        known &= may
        quality = np.full(shape, COMPLETE, np.int8)
        if given.stale is not None:
            quality[given.stale, :] = STALE
        for other in given.referenced:
            quality = np.maximum(quality, np.where(other.quality == NO_DATA, STALE, other.quality)).astype(np.int8)
        value[~known] = 0.0
        return Drawn(value, known, samples, np.where(known, quality, np.int8(NO_DATA)))


def conclude(indicator: Indicator, given: Given) -> Concluded:
    """The values of one indicator, which may have references."""
    drawn = Alike([indicator]).draw(given)
    rounded = (given.rounding or _rounded)(drawn.value[0], drawn.known[0])
    return Concluded(given.groups, rounded, drawn.known[0], drawn.samples, drawn.quality[0], given.present)


def _rounded(value: Numbers, known: Mask) -> Numbers:
    rounded = np.zeros(value.shape)
    rounded[known] = published(value[known])
    return rounded


def _samples(indicator: Indicator, given: Given, shape: tuple[int, int]) -> Counts:
    if indicator.samples:
        return given.measures[indicator.samples].rows
    own = [measured.rows for measured in given.measures.values()]
    found = np.zeros(shape, np.int64)
    if own:
        np.maximum.reduce(own, out=found)
    elif given.referenced:
        np.minimum.reduce([other.samples for other in given.referenced], out=found)
    return found
