"""Conclusion: measures, comparisons and references become the value, the samples and the quality of each group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.evaluation import evaluate, published
from metrics.formula import Node, names, uses_now
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


def conclude(indicator: Indicator, given: Given) -> Concluded:
    """The values of an indicator from states merged at each level (sections 3.3 and 6 of the language)."""
    shape = (len(given.ends), len(given.groups))
    value, known = _formula(indicator, given, shape)
    samples = _samples(indicator, given, shape)
    known &= samples >= indicator.min_samples
    if given.early is not None:
        known &= ~given.early[:, None]
    quality = np.full(shape, COMPLETE, np.int8)
    if given.stale is not None:
        quality[given.stale, :] = STALE
    for other in given.referenced:
        quality = np.maximum(quality, np.where(other.quality == NO_DATA, STALE, other.quality)).astype(np.int8)
    quality[~known] = NO_DATA
    rounded = (given.rounding or _rounded)(np.where(known, value, 0.0), known)
    return Concluded(given.groups, rounded, known, samples, quality, given.present)


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
        np.max(np.stack(own), axis=0, out=found)
    elif given.referenced:
        np.min(np.stack([other.samples for other in given.referenced]), axis=0, out=found)
    return found


def _formula(indicator: Indicator, given: Given, shape: tuple[int, int]) -> tuple[Numbers, Mask]:
    windows, groups = shape
    columns = {name: (measured.value, measured.known) for name, measured in given.measures.items()}
    for name, number in (indicator.constants or {}).items():
        columns[name] = np.full(shape, number), np.ones(shape, np.bool_)
    columns |= given.references
    wanted = names(indicator.formula)
    if not uses_now(indicator.formula):
        flat = {name: Column(columns[name][0].ravel(), columns[name][1].ravel()) for name in wanted}
        value, known = _numbers(indicator.formula, flat, windows * groups, None)
        return value.reshape(shape), known.reshape(shape)
    value, known = np.zeros(shape), np.zeros(shape, np.bool_)
    for at, end in enumerate(given.ends):
        row = {name: Column(columns[name][0][at], columns[name][1][at]) for name in wanted}
        value[at], known[at] = _numbers(indicator.formula, row, groups, end)
    return value, known


def _numbers(node: Node, columns: Mapping[str, Column], rows: int, end: int | None) -> tuple[Numbers, Mask]:
    """A formula as float64 and where it is known; both may be written to."""
    found = evaluate(node, columns, rows, end)
    values = found.values if found.scale is None else found.values / 10.0**found.scale
    return np.array(values, np.float64), np.array(found.known())
