"""The climb: of an indicator that is split by dimensions, which member reaches a limit within the hour, as it goes.

A gauge in a cloudburst, a lot that fills: what is usual at this time of day says nothing of them, and the district's
own number hides them. Their course of the last half hour, taken on in a straight line, does. A member climbs when most
pairs of its values got worse (Mann-Kendall) and its last values still do; the line is that of Theil and Sen, whose
median a burst of bad readings does not turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.indicator import Indicator
from metrics.outlook_entry import OutlookEntry
from metrics.threshold import Thresholds
from metrics.window import MINUTE_MS

LOOK_MS = 30 * MINUTE_MS  # of the past that is taken on ...
LEAST = 5  # ... or so many windows, where they are long; fewer are no course
AHEAD_MS = 60 * MINUTE_MS  # further on a straight line is a guess
STEP_MS = 5 * MINUTE_MS  # of what is said of them
GRID_MS = (MINUTE_MS, 15 * MINUTE_MS)  # of indicators that may have one: a coarser one has no course within the hour
STEADY = 0.4  # of the pairs, got worse less got better: seven of ten
DOUBT = (0.1, 0.9)  # quantiles of the slopes between which the line may lie
WORST = "worst"  # as declared: `foresee = "worst"`

Numbers = NDArray[np.float64]
Member = tuple[str, tuple[tuple[str, str], ...]]  # region, dimensions


def look_ms(every_ms: int) -> int:
    """How far back the courses of windows of a grid are looked at."""
    return max(LOOK_MS, LEAST * every_ms)


@dataclass(frozen=True, slots=True)
class Course:
    """Where members go: `now` (members,) their newest values, `expected`, `low`, `high` (ends, members) those to come;
    `climbs` (members,): whether they get worse, steadily."""

    now: Numbers
    expected: Numbers
    low: Numbers
    high: Numbers
    climbs: NDArray[np.bool_]


def course(values: Numbers, every_ms: int, ahead_ms: NDArray[np.int64], sign: float) -> Course:
    """The course of `values` (windows, members), oldest first, `every_ms` apart, NaN: none; `sign` 1: more is worse."""
    count = len(values)
    first, second = np.triu_indices(count, 1)
    away = (second - first)[:, None] * every_ms
    with np.errstate(invalid="ignore"):
        slopes = (values[second] - values[first]) / away
    known = np.isfinite(values)
    enough = known[-1] & (known.sum(0) >= min(LEAST, count)) & (count >= LEAST)
    middle, least, most = (_quantile(slopes, at) for at in (0.5, *DOUBT))
    times = (np.arange(count)[:, None] - (count - 1)) * every_ms
    base = _quantile(values - middle * times, 0.5)
    pairs = np.isfinite(slopes).sum(0)
    steady = np.nansum(np.sign(slopes), 0) * sign >= STEADY * np.maximum(pairs, 1)
    third = max(1, count // 3)
    still = (values[-1] - values[-1 - third]) * sign > 0  # NaN: it does not
    ahead = ahead_ms[:, None].astype(np.float64)
    expected = base + middle * ahead
    spread = _quantile(np.abs(values - base - middle * times), 0.9)
    low, high = base + least * ahead - spread, base + most * ahead + spread
    return Course(values[-1], expected, low, high, enough & steady & still & (middle * sign > 0))


class Climb:
    """The climbs of an indicator version. `is_open`: whether a calendar is open in a millisecond."""

    def __init__(self, indicator: Indicator, is_open: Callable[[str, int], bool]) -> None:
        assert indicator.thresholds is not None  # noqa: S101 - its declaration has been checked
        self.indicator, self.thresholds = indicator, indicator.thresholds
        self._is_open = is_open
        self.every_ms = indicator.window.every_ms
        self._sign = -1.0 if indicator.direction == "up" else 1.0
        step = max(STEP_MS, self.every_ms)
        self.ahead_ms = np.arange(step, AHEAD_MS + 1, step)

    def ends(self, end: int) -> list[int]:
        """The ends of the windows whose values say the course at `end`, oldest first, `end` the last."""
        return list(range(end - look_ms(self.every_ms), end + 1, self.every_ms))

    def tell(
        self, end: int, values: Numbers, members: Sequence[Member], regions: Sequence[str], origin: str
    ) -> Mapping[str, OutlookEntry]:
        """Of each region with a member that has a value: the member that comes to the worst level it has not reached
        yet, the soonest of those, and its hour to come; no forecast where none does. Region -> entry.

        `values` (windows as `ends`, members), NaN: none; `members` are split by all dimensions, or the whole.
        """
        found = course(values, self.every_ms, self.ahead_ms, self._sign)
        ends = (end + self.ahead_ms).tolist()
        expected = self._bounded(found.expected, values)
        levels = np.stack([self._levels(at, row) for at, row in zip(ends, expected, strict=True)])
        stands = self._levels(end, found.now)
        reached = np.where(found.climbs, levels.max(0), 0)
        comes = reached > stands
        soonest = (levels == levels.max(0)).argmax(0)
        entries: dict[str, OutlookEntry] = {}
        for region in regions:
            there = [at for at, (own, _) in enumerate(members) if own == region and np.isfinite(found.now[at])]
            mine = np.array([at for at in there if members[at][1]], np.int64)
            whole = [float(found.now[at]) for at in there if not members[at][1]]
            if not len(mine):
                continue
            best = max((at for at in mine.tolist() if comes[at]), default=None,
                       key=lambda at: (reached[at], -soonest[at], self._sign * expected[-1, at]))  # fmt: skip
            rows: tuple[tuple[int, float, float, float], ...] = ()
            if best is not None:
                columns = (expected[:, best], self._bounded(found.low, values)[:, best],
                           self._bounded(found.high, values)[:, best])  # fmt: skip
                rows = tuple(zip(ends, *(column.tolist() for column in columns), strict=True))
            entries[region] = OutlookEntry(
                self.indicator.version, end, (), end, rows, 0.0, None, 0, origin,
                member=() if best is None else members[best][1],
                value=None if best is None else float(found.now[best]),
                leads=best is not None and bool(whole) and math.isclose(whole[0], float(found.now[best])),
            )  # fmt: skip
        return entries

    def _levels(self, end: int, values: Numbers) -> NDArray[np.int8]:
        opens = [self._is_open(variant.calendar, end - 1) for variant in self.thresholds.variants]
        return self.thresholds.levels(values, np.isfinite(values), opens)

    def _bounded(self, numbers: Numbers, seen: Numbers) -> Numbers:
        """What never was below nothing will not be, nor a share above all of it."""
        with np.errstate(invalid="ignore"):
            floor = np.where((seen >= 0) | np.isnan(seen), 0.0, -np.inf).min(0)
            share = self.indicator.unit == "%" and not (seen > 100).any()
        bounded: Numbers = np.clip(numbers, floor, 100.0 if share else np.inf)
        return bounded


def climbing(indicator: Indicator) -> bool:
    """Whether the members of the indicator are looked at."""
    return indicator.foresee == WORST


def foreseeable(dimensions: Sequence[str], thresholds: Thresholds | None, every_ms: int) -> bool:
    """Whether an indicator may declare it: it is split, its values are judged, and often enough."""
    judged = thresholds is not None and thresholds.on == "value" and thresholds.direction != "context"
    return bool(dimensions) and judged and GRID_MS[0] <= every_ms <= GRID_MS[1]


def _quantile(rows: Numbers, share: float) -> Numbers:
    """Of each column the quantile of its finite numbers, NaN where it has none; the lower of two in the middle."""
    ordered = np.sort(rows, axis=0)  # NaN come last
    count = np.isfinite(ordered).sum(0)
    place = np.maximum(np.floor(share * (count - 1) + 0.5), 0).astype(np.int64)
    found: Numbers = np.take_along_axis(ordered, place[None], axis=0)[0]
    return found
