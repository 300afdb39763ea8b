"""References of a formula: region('x'), entered('x'), indicator('X') and comparisons become columns of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from metrics import comparison
from metrics.conclude import Concluded
from metrics.entered import Entered
from metrics.formula import Node, names, parse
from metrics.formula_syntax import Call, Name, Text
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured import Group, Mask, Measured, Numbers, RegionForm
from metrics.measured_groups import part_of
from metrics.region import UNKNOWN, Regions
from metrics.window import Window

Known = tuple[Numbers, Mask]  # (windows, groups)


@dataclass(frozen=True, slots=True)
class Asked:
    """The groups that are asked for: regions as in `Measuring.measure`, of `levels`, and dimensions."""

    regions: RegionForm = "none"
    dimensions: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    def of(self, dimensions: Sequence[str]) -> Asked:
        """The same, with those of its dimensions that are among these."""
        return replace(self, dimensions=tuple(name for name in self.dimensions if name in dimensions))

    def cut(self, groups: Iterable[Group], kept: Asked) -> list[Group]:
        """Groups of these dimensions as groups of fewer, in the same order."""
        places = [self.dimensions.index(name) for name in kept.dimensions]
        return [(code, part_of(split, places)) for code, split in groups]


class Resolver(Protocol):
    """Who knows values of other instants and indicators: a recomputation, or the history of what was published."""

    def values(self, name: str, instants: Sequence[int], asked: Asked, wanted: Iterable[Group]) -> Concluded:
        """An indicator at instants: its newest window with `end <= instant`; `wanted` are among its groups."""
        ...

    def earlier(self, here: Here, measure: str, instants: Sequence[int]) -> Known:
        """A measure of the indicator at hand at other instants, for its groups."""
        ...

    def newest(self, name: str, instant_ms: int) -> tuple[Indicator, int] | None:
        """The version of an indicator and the end of its window that answer an instant."""
        ...

    def exists(self, concluded: Concluded, asked: Asked) -> Mask:
        """Which groups have a value at all: those that are always there, and those that rows make."""
        ...


@dataclass(slots=True)
class Here:
    """The conclusion at hand; `exists`, shape (windows, groups): which groups have a value at all."""

    indicator: Indicator
    ends: Sequence[int]
    asked: Asked
    groups: list[Group]
    measures: Mapping[str, Measured]
    exists: Mask


@dataclass(slots=True)
class References:
    """What the formula of `here` refers to. `columns` by the text of the reference; `referenced` are the indicators
    whose quality counts, at the instants used."""

    here: Here
    resolver: Resolver
    regions: Regions
    entered: Entered
    columns: dict[str, Known] = field(default_factory=dict)
    referenced: list[Concluded] = field(default_factory=list)

    def resolve(self) -> None:
        """Fill in the columns."""
        indicator = self.here.indicator
        for name in sorted(names(indicator.formula) - set(self.here.measures) - set(indicator.constants or {})):
            call = parse(name)
            assert isinstance(call, Call)  # noqa: S101  # what is no measure and no constant is a call
            self.columns[name] = self._column(call)

    def _column(self, call: Call) -> Known:
        match call.function:
            case "region":
                return self._attribute(text_of(call))
            case "entered":
                return self._entry(text_of(call))
            case "indicator":
                return self._referred(text_of(call), self.here.ends)
        what = call.arguments[0]
        if isinstance(what, Name):
            return self._of_measure(call, what.id)
        assert isinstance(what, Call)  # noqa: S101  # the checker refuses anything else
        return self._of_indicator(call, text_of(what))

    def _attribute(self, name: str) -> Known:
        ungrouped = self.here.asked.regions == "none"
        codes = [(self.regions.root or "") if ungrouped else code for code, _ in self.here.groups]
        found = [self.regions.attribute(code, name) for code in codes]
        shape = (len(self.here.ends), len(codes))
        value = np.array([number or 0.0 for number in found], np.float64)
        known = np.array([number is not None for number in found], np.bool_)
        return np.broadcast_to(value, shape), np.broadcast_to(known, shape)

    def _entry(self, name: str) -> Known:
        here = self.here
        value = np.zeros((len(here.ends), len(here.groups)))
        known = np.zeros(value.shape, np.bool_)
        for at, (code, _) in enumerate(here.groups):
            if here.asked.regions == "none":
                value[:, at], known[:, at] = self.entered.of_all(name, self.regions.root, here.ends)
            elif code != UNKNOWN:
                value[:, at], known[:, at], _ = self.entered.of_region(name, code, here.ends)
        return value, known

    # ---- other indicators ----

    def _referred(self, name: str, instants: Sequence[int]) -> Known:
        """Another indicator at one instant per window, whose quality counts."""
        other = self._other(name, instants)
        self.referenced.append(other)
        return other.value, other.known

    def _other(self, name: str, instants: Sequence[int]) -> Concluded:
        """Another indicator for our groups."""
        found, places = self._whole(name, instants)
        return replace(of_columns(found, places), groups=self.here.groups)

    def _whole(self, name: str, instants: Sequence[int]) -> tuple[Concluded, list[int]]:
        """Another indicator for all its groups, and where ours stand among these: dimensions it lacks are dropped."""
        newest = self.resolver.newest(name, max(instants, default=0))
        kept = self.here.asked.of(newest[0].dimensions if newest else ())
        mine = self.here.asked.cut(self.here.groups, kept)
        found = self.resolver.values(name, instants, kept, dict.fromkeys(mine))
        places = {group: at for at, group in enumerate(found.groups)}
        return found, [places[group] for group in mine]

    def _of_indicator(self, call: Call, name: str) -> Known:
        ends = self.here.ends
        match call.function:
            case "previous":
                return self._referred(name, [self._end_before(name, end) for end in ends])
            case "same_time":
                return self._referred(name, [comparison.same_time(end, text_of(call, 1)) for end in ends])
            case "zscore":
                now = self._referred(name, ends)
                earlier = self._other(name, self._baseline_instants())
                return self._zscore(now, (earlier.value, earlier.known))
        found, places = self._whole(name, ends)
        self.referenced.append(replace(of_columns(found, places), groups=self.here.groups))
        newest = self.resolver.newest(name, max(ends, default=0))
        asked = self.here.asked.of(newest[0].dimensions if newest else ())
        exists = self.resolver.exists(found, asked)
        direction = newest[0].direction if newest else "context"
        value, known = self._ranked(found.groups, (found.value, found.known & exists), direction)
        return value[:, places], known[:, places]

    def _end_before(self, name: str, end: int) -> int:
        newest = self.resolver.newest(name, end)
        return end if newest is None else comparison.previous(newest[0].window, newest[0].window, newest[1])

    # ---- own measures ----

    def _of_measure(self, call: Call, name: str) -> Known:
        here, own = self.here, self.here.measures[name]
        match call.function:
            case "previous":
                window = window_of(here.indicator, name)
                instants = [comparison.previous(window, here.indicator.window, end) for end in here.ends]
                return self.resolver.earlier(here, name, instants)
            case "same_time":
                instants = [comparison.same_time(end, text_of(call, 1)) for end in here.ends]
                return self.resolver.earlier(here, name, instants)
            case "zscore":
                earlier = self.resolver.earlier(here, name, self._baseline_instants())
                return self._zscore((own.value, own.known), earlier)
        return self._ranked(here.groups, (own.value, own.known & here.exists), here.indicator.direction)

    # ---- what follows ----

    def _baseline_instants(self) -> list[int]:
        weeks = self.here.indicator.baseline.weeks
        return [before for end in self.here.ends for before in comparison.weeks_before(end, weeks)]

    def _zscore(self, now: Known, earlier: Known) -> Known:
        """`earlier`: shape (windows * weeks, groups)."""
        baseline, windows = self.here.indicator.baseline, len(self.here.ends)
        value = earlier[0].reshape(windows, baseline.weeks, -1).transpose(1, 0, 2)
        known = earlier[1].reshape(windows, baseline.weeks, -1).transpose(1, 0, 2)
        return comparison.zscore(now, (value, known), baseline.min, baseline.floor)

    def _ranked(self, groups: list[Group], values: Known, direction: comparison.Direction) -> Known:
        classes = comparison.rank_classes(groups, None if self.here.asked.regions == "none" else self.regions)
        return comparison.ranks(*values, classes, direction)


def indicators_of(formula: Node) -> list[str]:
    """The ids that a formula refers to, also inside comparisons."""
    found: dict[str, None] = {}
    for name in sorted(names(formula)):
        call = parse(name)
        if isinstance(call, Call) and call.arguments and isinstance(call.arguments[0], Call):
            call = call.arguments[0]
        if isinstance(call, Call) and call.function == "indicator":
            found[text_of(call)] = None
    return list(found)


def measure_of(indicator: Indicator, name: str) -> Measure | None:
    """A measure by name."""
    return next((measure for measure in indicator.measures if measure.name == name), None)


def window_of(indicator: Indicator, name: str) -> Window:
    """The window of a measure: its own, or that of the indicator."""
    measure = measure_of(indicator, name)
    return indicator.window if measure is None else measure.window_of(indicator)


def of_columns(concluded: Concluded, columns: Sequence[int]) -> Concluded:
    """Some of the groups of a conclusion."""
    at = np.array(columns, np.int64)
    return Concluded(
        [concluded.groups[place] for place in columns], concluded.value[:, at], concluded.known[:, at],
        concluded.samples[:, at], concluded.quality[:, at], concluded.present[:, at],
    )  # fmt: skip


def text_of(call: Call, at: int = 0) -> str:
    """A literal text among the arguments of a call."""
    argument = call.arguments[at]
    assert isinstance(argument, Text)  # noqa: S101  # the checker refuses anything else
    return argument.value
