"""Recomputation: the values of any indicator at any instants, from a program that measures.

Batch and vouchers compute earlier values and those of other indicators anew, each with the version that was in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from metrics.conclude import NO_DATA, Concluded, Given, conclude
from metrics.definition import Bundle
from metrics.entered import NOTHING, Entered
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured import Group, Mask, Measuring
from metrics.measured_groups import MeasuredGroups
from metrics.reference import Asked, Here, Known, References, indicators_of, measure_of, of_columns
from metrics.region import UNKNOWN
from metrics.region_fold import fold_up, folded_columns


class Recomputation:
    """Concludes indicators of a bundle. It remembers what was measured until `forget`."""

    def __init__(self, bundle: Bundle, measuring: Measuring, entered: Entered = NOTHING) -> None:
        self._bundle = bundle
        self._measuring = measuring
        self._entered = entered
        self._remembered: dict[tuple[str, int, tuple[int, ...], Asked], MeasuredGroups] = {}
        self._staleness: dict[tuple[str, tuple[int, ...]], Mask] = {}
        self.versions = Versions(bundle.indicators)

    def forget(self) -> None:
        """Let go of what was measured."""
        self._remembered.clear()
        self._staleness.clear()

    def concluded(
        self, indicator: Indicator, ends: Sequence[int], asked: Asked, wanted: Iterable[Group] = ()
    ) -> Concluded:
        """A version at ends of its own windows (ascending). The groups are those that are always there, those that
        rows make, and `wanted`. `asked` has no dimension that the version lacks."""
        own = self._from_states(indicator, ends, asked, wanted)
        rollup = indicator.rollup
        if rollup is None or asked.regions == "leaf":
            return own
        columns = folded_columns(own.groups, self._bundle.regions, rollup.level, grouped=asked.regions == "tree")
        splits = dict.fromkeys(own.groups[at][1] for at in columns)
        members = [(code, split) for split in splits for code in self._bundle.regions.of_levels((rollup.level,))]
        below = self._from_states(indicator, ends, replace(asked, regions="tree", levels=(rollup.level,)), members)
        inside = [at for at, (code, _) in enumerate(below.groups) if code != UNKNOWN]
        return fold_up(indicator, own, columns, of_columns(below, inside), self._bundle.regions)

    def values(self, name: str, instants: Sequence[int], asked: Asked, wanted: Iterable[Group] = ()) -> Concluded:
        """An indicator at any instants (in any order): the value of its newest window with `end <= instant`, with the
        version in force for it; `no_data` where there is none."""
        groups = dict.fromkeys(wanted)
        answers: dict[int, tuple[Indicator, list[int], list[int]]] = {}
        for at, instant in enumerate(instants):
            newest = self.versions.newest(name, instant)
            if newest is not None:
                _, rows, ends = answers.setdefault(newest[0].version, (newest[0], [], []))
                rows.append(at)
                ends.append(newest[1])
        parts = []
        for version, rows, ends in answers.values():
            kept, distinct = asked.of(version.dimensions), sorted(set(ends))
            part = self.concluded(version, distinct, kept, dict.fromkeys(asked.cut(groups, kept)))
            if kept == asked:
                groups |= dict.fromkeys(part.groups)
            place = {end: at for at, end in enumerate(distinct)}
            parts.append((part, kept, rows, [place[end] for end in ends]))
        shape = (len(instants), len(groups))
        out = Concluded(
            list(groups), np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.int64),
            np.full(shape, NO_DATA, np.int8), np.zeros(shape, np.bool_),
        )  # fmt: skip
        for part, kept, rows, places in parts:
            known = {group: at for at, group in enumerate(part.groups)}
            columns = [known.get(group, -1) for group in asked.cut(out.groups, kept)]
            into = [at for at, column in enumerate(columns) if column >= 0]
            source = np.ix_(places, [columns[at] for at in into])
            target = np.ix_(rows, into)
            out.value[target], out.known[target] = part.value[source], part.known[source]
            out.samples[target], out.quality[target] = part.samples[source], part.quality[source]
            out.present[target] = part.present[source]
        return out

    # ---- what references ask ----

    def newest(self, name: str, instant_ms: int) -> tuple[Indicator, int] | None:
        """The version of an indicator and the end of its window that answer an instant."""
        return self.versions.newest(name, instant_ms)

    def exists(self, concluded: Concluded, asked: Asked) -> Mask:
        """Which groups have a value at all: those that are always there, and those that rows make."""
        always = set(self.always(asked))
        return concluded.present | np.array([group in always for group in concluded.groups], np.bool_)

    def earlier(self, here: Here, measure: str, instants: Sequence[int]) -> Known:
        """A measure at other instants, with the definitions of then, for the groups at hand; null if its source was
        not complete or the version of then has no such measure."""
        value = np.zeros((len(instants), len(here.groups)))
        known = np.zeros(value.shape, np.bool_)
        answers: dict[int, tuple[Indicator, list[int], list[int]]] = {}
        for at, instant in enumerate(instants):
            version = self.versions.at(here.indicator.id, instant)
            own = None if version is None else measure_of(version, measure)
            if version is None or own is None:
                continue
            # A measure with a window of its own has one at any instant, the others have those of the grid.
            end = instant if own.window is not None else version.window.floor(instant)
            if not self._early([own], version, end):
                _, rows, ends = answers.setdefault(version.version, (version, [], []))
                rows.append(at)
                ends.append(end)
        for version, rows, ends in answers.values():
            kept, distinct = here.asked.of(version.dimensions), sorted(set(ends))
            found = self._measured(version, distinct, kept).measures(here.asked.cut(here.groups, kept))[measure]
            place = {end: at for at, end in enumerate(distinct)}
            chosen = [place[end] for end in ends]
            value[rows], known[rows] = found.value[chosen], found.known[chosen]
        return value, known

    def always(self, asked: Asked) -> list[Group]:
        """The groups that have a value whether or not a row was folded into them."""
        if asked.dimensions or asked.regions == "leaf":
            return []
        if asked.regions == "none":
            return [(UNKNOWN, None)]
        return [(code, None) for code in self._bundle.regions.of_levels(asked.levels)]

    # ---- one version from merged states ----

    def _from_states(
        self, indicator: Indicator, ends: Sequence[int], asked: Asked, wanted: Iterable[Group]
    ) -> Concluded:
        measured = self._measured(indicator, ends, asked)
        groups = list(dict.fromkeys([*self.always(asked), *self._appearing(indicator, ends, asked), *wanted]))
        measures, present = measured.measures(groups), measured.present(groups)
        always = set(self.always(asked))
        exists = present | np.array([group in always for group in groups], np.bool_)
        here = Here(indicator, ends, asked, groups, measures, exists)
        references = References(here, self, self._bundle.regions, self._entered)
        references.resolve()
        if not indicator.measures:  # then the groups are those of the indicators it refers to
            for other in references.referenced:
                present = present | other.present
        early = np.array([self._early(indicator.measures, indicator, end) for end in ends], np.bool_)
        stale = self._stale(indicator, ends)
        return conclude(
            indicator,
            Given(groups, ends, measures, present, references.columns, references.referenced, stale, early),
        )

    def _measured(self, indicator: Indicator, ends: Sequence[int], asked: Asked) -> MeasuredGroups:
        key = (indicator.id, indicator.version, tuple(ends), asked)
        if key not in self._remembered:
            indicator = replace(indicator, dimensions=asked.dimensions, levels=asked.levels)
            self._remembered[key] = MeasuredGroups(self._bundle, self._measuring, indicator, ends, asked.regions)
        return self._remembered[key]

    def _appearing(self, indicator: Indicator, ends: Sequence[int], asked: Asked) -> list[Group]:
        """The groups that rows make; without own measures those of the indicators that are referred to."""
        if indicator.measures:
            return self._measured(indicator, ends, asked).appearing
        found: dict[Group, None] = {}
        for name in indicators_of(indicator.formula):
            own: dict[int, tuple[Indicator, set[int]]] = {}
            for end in ends:
                newest = self.versions.newest(name, end)
                if newest is not None and set(asked.dimensions) <= set(newest[0].dimensions):
                    own.setdefault(newest[0].version, (newest[0], set()))[1].add(newest[1])
            for version, instants in own.values():
                found |= dict.fromkeys(self._appearing(version, sorted(instants), asked))
        return list(found)

    def _stale(self, indicator: Indicator, ends: Sequence[int]) -> Mask:
        stale = np.zeros(len(ends), np.bool_)
        for measure in indicator.measures:
            source = self._bundle.sources[measure.source]
            watched = [] if source.indicator_of else [source.id]
            if measure.agg == "online" and source.registry and source.registry_is_source:
                watched.append(source.registry)
            for name in watched:
                key = (name, tuple(ends))
                if key not in self._staleness:
                    self._staleness[key] = self._measuring.stale(name, ends)
                stale |= self._staleness[key]
        return stale

    def _early(self, measures: Iterable[Measure], indicator: Indicator, end: int) -> bool:
        """Whether a window begins before its source is complete."""
        for measure in measures:
            since, window = self._bundle.sources[measure.source].since_ms, measure.window_of(indicator)
            if since is not None and window.kind != "all":
                start = end if window.kind == "now" else window.start(end)
                if start < since:
                    return True
        return False
