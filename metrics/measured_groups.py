"""Measured groups: the measures of an indicator for any groups, each measure asked for the groups it can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from metrics.definition import Bundle
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured import Answer, Group, Mask, Measured, Measuring, RegionForm
from metrics.region import UNKNOWN

ZERO_WHEN_EMPTY = frozenset({"count", "distinct", "distinct_approx", "online", "dwell"})


@dataclass(slots=True)
class _Part:
    """Measures that can tell the same groups apart: by `dimensions` (places in those asked) and, if so, by region."""

    dimensions: tuple[int, ...]
    by_region: bool
    measures: tuple[Measure, ...]
    answer: Answer
    _columns: dict[Group, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = {group: at for at, group in enumerate(self.answer.groups)}

    def columns(self, groups: Sequence[Group]) -> list[int]:
        """Where the answer has each group, -1: nowhere."""
        found = []
        for code, split in groups:
            found.append(self._columns.get((code if self.by_region else UNKNOWN, part_of(split, self.dimensions)), -1))
        return found


class MeasuredGroups:
    """The measures of `indicator` (its dimensions and levels are those asked) in the windows that end at `ends`."""

    def __init__(
        self, bundle: Bundle, measuring: Measuring, indicator: Indicator, ends: Sequence[int], regions: RegionForm
    ) -> None:
        self._windows = len(ends)
        self._parts: list[_Part] = []
        if regions == "leaf" and not any(has_region(bundle, measure) for measure in indicator.measures):
            regions = "none"  # no row has a region: that is the region of each
        asked = indicator.dimensions
        classes: dict[tuple[tuple[int, ...], bool], list[Measure]] = {}
        for measure in indicator.measures:
            known = told_apart(bundle, measure)
            places = tuple(at for at, name in enumerate(asked) if name in known)
            by_region = regions != "none" and has_region(bundle, measure)
            classes.setdefault((places, by_region), []).append(measure)
        for (places, by_region), measures in classes.items():
            part = replace(indicator, dimensions=tuple(asked[at] for at in places), measures=tuple(measures))
            answer = measuring.measure(part, ends, regions if by_region else "none")
            self._parts.append(_Part(places, by_region, tuple(measures), answer))
        best = (tuple(range(len(asked))), regions != "none")
        self._makers = [part for part in self._parts if (part.dimensions, part.by_region) == best]

    @property
    def appearing(self) -> list[Group]:
        """The groups into which a row was folded in some window."""
        found: dict[Group, None] = {}
        for part in self._makers:
            some = np.flatnonzero(part.answer.present.sum(axis=0))
            found |= dict.fromkeys(part.answer.groups[at] for at in some.tolist())
        return list(found)

    def present(self, groups: Sequence[Group]) -> Mask:
        """Where a row was folded into a measure that can tell the group apart, shape (windows, groups)."""
        found = np.zeros((self._windows, len(groups)), np.bool_)
        for part in self._makers:
            columns = np.array(part.columns(groups), np.int64)
            there = columns >= 0
            found[:, there] |= part.answer.present[:, columns[there]]
        return found

    def measures(self, groups: Sequence[Group]) -> dict[str, Measured]:
        """Each measure for these groups, its empty result where it knows nothing of a group."""
        found: dict[str, Measured] = {}
        shape = (self._windows, len(groups))
        for part in self._parts:
            columns = np.array(part.columns(groups), np.int64)
            there = columns >= 0
            for measure in part.measures:
                own = part.answer.measures[measure.name]
                out = Measured(np.zeros(shape), np.full(shape, zero_when_empty(measure)), np.zeros(shape, np.int64))
                out.value[:, there] = own.value[:, columns[there]]
                out.known[:, there] = own.known[:, columns[there]]
                out.rows[:, there] = own.rows[:, columns[there]]
                found[measure.name] = out
        return found


def part_of(split: tuple[str, ...] | None, places: Sequence[int]) -> tuple[str, ...] | None:
    """The values of some of the dimensions; None (no split) of none."""
    return tuple(split[at] for at in places) if split is not None and places else None


def zero_when_empty(measure: Measure) -> bool:
    """Whether the measure of no rows is 0; else it is null."""
    agg = measure.then if measure.per else measure.agg
    if agg == "sum":
        return measure.records
    return agg == "count" if measure.per else agg in ZERO_WHEN_EMPTY


def told_apart(bundle: Bundle, measure: Measure) -> frozenset[str]:
    """The names by which the rows of a measure can be told apart; `online` counts entities of the registry."""
    source = bundle.sources[measure.source]
    if measure.agg == "online" and source.registry and source.registry_is_source:
        return frozenset(bundle.sources[source.registry].fields)
    parts = [bundle.sources[name].take for name in source.union_of]
    return frozenset(source.fields).union(source.take, *parts)


def has_region(bundle: Bundle, measure: Measure) -> bool:
    """Whether the rows of a measure have regions."""
    source = bundle.sources[measure.source]
    if measure.agg == "online" and source.registry and source.registry_is_source:
        return source.region is not None or bundle.sources[source.registry].region is not None
    return any(bundle.sources[name].region is not None for name in source.union_of or (source.id,))
