"""As published: a recomputation that reads other indicators, and which windows there were, from what had been said.

A live value rests on the values that stood when it was computed; what is said of them later does not change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from metrics.conclude import NO_DATA, QUALITY_NAMES, Concluded
from metrics.definition import Bundle
from metrics.entered import NOTHING, Entered
from metrics.indicator import Indicator
from metrics.measured import Group, Mask, Measuring
from metrics.measured_groups import has_region, told_apart
from metrics.nothing import groups_of_nothing
from metrics.recomputation import Recomputation
from metrics.reference import Asked, Here, Known


class Saying(Protocol):
    """One published value, as `metrics.archive_published.Said`."""

    @property
    def version(self) -> int: ...
    @property
    def region(self) -> str: ...
    @property
    def split(self) -> tuple[str, ...] | None: ...
    @property
    def value(self) -> float | None: ...
    @property
    def quality(self) -> str: ...
    @property
    def samples(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def commit_ms(self) -> int: ...


class Sayings(Protocol):
    """What was published, by window end, the oldest first."""

    def of(self, indicator: str, ends: Iterable[int]) -> Mapping[int, Sequence[Saying]]: ...


@dataclass(frozen=True, slots=True)
class Used:
    """An earlier or another indicator's value that a value rests on."""

    indicator: str
    version: int
    region: str
    dims: tuple[str, ...] | None
    window_end: int
    revision: int
    value: float | None


class AsPublished(Recomputation):
    """Concludes as the engine did at the commit whose entries' ids begin with `commit_ms`. `used` fills up."""

    def __init__(
        self, bundle: Bundle, measuring: Measuring, entered: Entered = NOTHING, *, sayings: Sayings, commit_ms: int
    ) -> None:
        super().__init__(bundle, measuring, entered)
        self._sayings = sayings
        self._commit_ms = commit_ms
        self.used: dict[Used, None] = {}

    def values(self, name: str, instants: Sequence[int], asked: Asked, wanted: Iterable[Group] = ()) -> Concluded:
        """Another indicator as it stood; `no_data` where nothing had been said."""
        groups = dict.fromkeys(wanted)
        newest = [self.versions.newest(name, instant) for instant in instants]
        said = self._stood(name, [one[1] for one in newest if one is not None])
        for one in newest:
            if one is not None and one[0].dimensions == asked.dimensions:
                groups |= dict.fromkeys(said.get(one[1], {}))
        shape = (len(instants), len(groups))
        out = Concluded(
            list(groups), np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.int64),
            np.full(shape, NO_DATA, np.int8), np.zeros(shape, np.bool_),
        )  # fmt: skip
        for at, one in enumerate(newest):
            stood = {} if one is None else said.get(one[1], {})
            for column, group in enumerate(groups):
                value = stood.get(group)
                if one is None or value is None or value.version != one[0].version:
                    continue
                out.value[at, column], out.known[at, column] = value.value or 0.0, value.value is not None
                out.samples[at, column] = value.samples
                out.quality[at, column] = QUALITY_NAMES.index(value.quality)
                out.present[at, column] = True
                self.used[Used(name, value.version, *group, one[1], value.revision, value.value)] = None
            if one is not None and one[0].dimensions == asked.dimensions:
                self._fill_with_nothing(out, at, one, asked)
        return out

    def _fill_with_nothing(self, out: Concluded, at: int, newest: tuple[Indicator, int], asked: Asked) -> None:
        """Groups of a window of which nothing had been said, since no row was folded into them, as the engine does."""
        indicator, end = newest
        for measure in indicator.measures:
            placed = asked.regions == "none" or has_region(self._bundle, measure)
            if not placed or not told_apart(self._bundle, measure).issuperset(asked.dimensions):
                return
        row = slice(at, at + 1)
        window = Concluded(
            out.groups, out.value[row], out.known[row], out.samples[row], out.quality[row], out.present[row]
        )
        groups = groups_of_nothing(indicator, self._bundle.regions, out.groups, window)
        if not groups:
            return
        concluded = self.concluded(indicator, [end], asked, groups)
        into = [out.groups.index(group) for group in groups]
        source = [concluded.groups.index(group) for group in groups]
        out.value[at, into], out.known[at, into] = concluded.value[0, source], concluded.known[0, source]
        out.samples[at, into], out.quality[at, into] = concluded.samples[0, source], concluded.quality[0, source]

    def earlier(self, here: Here, measure: str, instants: Sequence[int]) -> Known:
        """A measure at other instants; unknown for windows of which nothing had been said: the engine had not been
        there yet."""
        value, known = super().earlier(here, measure, instants)
        said = self._stood(here.indicator.id, instants)
        known &= np.array([bool(said.get(instant)) for instant in instants], np.bool_)[:, None]
        return value, known

    def exists(self, concluded: Concluded, asked: Asked) -> Mask:  # noqa: ARG002  # what was said tells
        """Which groups have a value at all."""
        return concluded.present

    def _stood(self, name: str, ends: Iterable[int]) -> dict[int, dict[Group, Saying]]:
        """The newest word on each group at the commit, by window end."""
        found: dict[int, dict[Group, Saying]] = {}
        for end, sayings in self._sayings.of(name, ends).items():
            for one in sayings:
                if one.commit_ms <= self._commit_ms:
                    found.setdefault(end, {})[one.region, one.split] = one
        return found
