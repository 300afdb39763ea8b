"""What stands: the values that live publications said last, for the references of other formulas and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from metrics.climb import climbing, look_ms
from metrics.comparison import previous
from metrics.conclude import NO_DATA, Concluded, Given, conclude
from metrics.entered import NOTHING, Entered
from metrics.formula import names, parse
from metrics.formula_reference import reference
from metrics.formula_syntax import REFERENCES, Call
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measured import Group, Mask
from metrics.nothing import groups_of_nothing, measures_of_nothing
from metrics.reference import Asked, Here, Known, References
from metrics.region import Regions
from metrics.window import DAY_MS, WEEK_MS

_SHIFTS_MS = {"1d": DAY_MS, "1w": WEEK_MS, "1mo": 31 * DAY_MS, "1y": 366 * DAY_MS}
_OVER_MS = 2 * DAY_MS  # kept beyond the comparison itself: late corrections ask again


class Line(Protocol):
    """A publication, as those see it that refer to it."""

    @property
    def members(self) -> Sequence[Group]: ...
    @property
    def tells_apart(self) -> bool:
        """Whether each of its measures can tell all its groups apart."""
        ...

    @property
    def has_region(self) -> bool: ...

    def stood(self, end: int) -> Concluded | None:
        """What was said of a window, shape (1, groups); None if nothing is known of it."""
        ...

    def measured_at(self, measure: str, end: int) -> Known | None:
        """A measure of a window, shape (groups,)."""
        ...


class Standing:
    """Answers references from what was published; a window that nothing is known of has no data. `entered`: the values
    that people wrote down, as of the step at hand."""

    def __init__(
        self, indicators: Iterable[Indicator], lines: Mapping[tuple[str, int], Line], regions: Regions
    ) -> None:
        self.versions = Versions(indicators)
        self.entered: Entered = NOTHING
        self._lines, self._regions = lines, regions

    def newest(self, name: str, instant_ms: int) -> tuple[Indicator, int] | None:
        """The version of an indicator and the end of its window that answer an instant."""
        return self.versions.newest(name, instant_ms)

    def values(self, name: str, instants: Sequence[int], asked: Asked, wanted: Iterable[Group]) -> Concluded:
        """As metrics.reference.Resolver."""
        groups = dict.fromkeys(wanted)
        found: list[tuple[int, Concluded]] = []
        silent: list[tuple[int, Concluded]] = []
        for at, instant in enumerate(instants):
            newest = self.versions.newest(name, instant)
            stood = None if newest is None else self._lines[name, newest[0].version].stood(newest[1])
            if stood is not None:
                found.append((at, stood))
                if newest is not None and newest[0].dimensions == asked.dimensions:
                    silent += [(at, one) for one in self._of_nothing(newest, asked, list(groups), stood)]
                    groups |= dict.fromkeys(stood.groups)
        shape = (len(instants), len(groups))
        out = Concluded(
            list(groups), np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.int64),
            np.full(shape, NO_DATA, np.int8), np.zeros(shape, np.bool_),
        )  # fmt: skip
        for at, stood in [*found, *silent]:
            places = {group: place for place, group in enumerate(stood.groups)}
            pairs = [(column, places[group]) for column, group in enumerate(groups) if group in places]
            into, source = (list(part) for part in zip(*pairs, strict=True)) if pairs else ([], [])
            out.value[at, into], out.known[at, into] = stood.value[0, source], stood.known[0, source]
            out.samples[at, into], out.quality[at, into] = stood.samples[0, source], stood.quality[0, source]
            out.present[at, into] = stood.present[0, source]
        return out

    def _of_nothing(
        self, newest: tuple[Indicator, int], asked: Asked, wanted: Sequence[Group], stood: Concluded
    ) -> Iterator[Concluded]:
        """What a version says of wanted groups that had no row in a window of which something was said."""
        indicator, end = newest
        line = self._lines[indicator.id, indicator.version]
        if not line.tells_apart or (asked.regions != "none" and not line.has_region):
            return
        groups = groups_of_nothing(indicator, self._regions, wanted, stood)
        if not groups:
            return
        measures, nobody = measures_of_nothing(indicator, groups), np.zeros((1, len(groups)), np.bool_)
        references = References(
            Here(indicator, [end], asked, groups, measures, nobody), self, self._regions, self.entered
        )
        references.resolve()
        given = Given(groups, [end], measures, nobody, references.columns, references.referenced)
        concluded = conclude(indicator, given)
        # The window is as complete, and its sources as stale, for them as for the best of those that were said.
        best = stood.quality[stood.known & stood.present].min()
        concluded.quality = np.where(concluded.known, np.maximum(concluded.quality, best), concluded.quality)
        yield concluded

    def earlier(self, here: Here, measure: str, instants: Sequence[int]) -> Known:
        """As metrics.reference.Resolver."""
        value = np.zeros((len(instants), len(here.groups)))
        known = np.zeros(value.shape, np.bool_)
        for at, instant in enumerate(instants):
            version = self.versions.at(here.indicator.id, instant)
            if version is None:
                continue
            line = self._lines[version.id, version.version]
            found = line.measured_at(measure, instant)
            if found is None:
                continue
            places = {group: place for place, group in enumerate(line.members[: len(found[0])])}
            pairs = [(column, places[group]) for column, group in enumerate(here.groups) if group in places]
            if pairs:
                into, source = (list(part) for part in zip(*pairs, strict=True))
                value[at, into], known[at, into] = found[0][source], found[1][source]
        return value, known

    def exists(self, concluded: Concluded, asked: Asked) -> Mask:  # noqa: ARG002  # the record knows
        """Which groups have a value at all."""
        return concluded.present


def kept_for(indicators: Sequence[Indicator]) -> dict[tuple[str, str], int]:
    """How long comparisons ask back, in ms: (indicator, measure) of its own measures, (indicator, "") of its values."""
    by_id = {indicator.id: indicator for indicator in indicators}
    found: dict[tuple[str, str], int] = {}

    def note(place: tuple[str, str], keep_ms: int) -> None:
        found[place] = max(found.get(place, 0), keep_ms + _OVER_MS)

    for indicator in indicators:
        weeks = indicator.baseline.weeks * WEEK_MS
        if climbing(indicator):
            values = indicator.id, ""
            found[values] = max(found.get(values, 0), 2 * look_ms(indicator.window.every_ms))
        if indicator.thresholds is not None and indicator.thresholds.on == "z":
            note((indicator.id, ""), weeks)
        for name in names(indicator.formula):
            call = parse(name)
            if not isinstance(call, Call) or call.function not in REFERENCES:
                continue
            asked = reference(name)
            if asked.function not in ("previous", "same_time", "zscore"):
                continue
            other = by_id.get(asked.id) if asked.target == "indicator" else indicator
            if other is None:
                continue
            span = {"zscore": weeks}.get(asked.function) or _SHIFTS_MS.get(asked.shift, 0)
            if asked.function == "previous":
                own = (
                    next((one for one in other.measures if one.name == asked.id), None) if other is indicator else None
                )
                window = (own.window if own is not None else None) or other.window
                at = 1_700_000_000_000 // DAY_MS * DAY_MS
                span = max(at - previous(window, other.window, at), 31 * DAY_MS if window.period else 0)
                span = max(span, 366 * DAY_MS) if window.period == "year" else span
            note((other.id, "" if asked.target == "indicator" else asked.id), span)
    return found
