"""The level table: the limits of several indicators side by side, for the levels that their values reach at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metrics.alarm_desk import IsOpen
from metrics.measured import Mask, Numbers
from metrics.threshold import Thresholds, number
from metrics.value import LEVELS

Levels = NDArray[np.int8]


class LevelTable:
    """Thresholds of indicators that are judged on their values; None: one that has none."""

    def __init__(self, thresholds: Sequence[Thresholds | None], is_open: IsOpen) -> None:
        self._thresholds = thresholds
        self._is_open = is_open
        self._calendars = tuple({one.calendar: None for some in thresholds if some for one in some.variants})
        self._limits: dict[tuple[bool, ...], dict[int, Numbers]] = {}  # by which calendars are open, level numbers
        self._up = np.array([some is not None and some.direction == "up" for some in thresholds], np.bool_)[
            :, None, None
        ]
        self._strict = np.array([some is not None and some.strict for some in thresholds], np.bool_)[:, None, None]
        self._none = not any(some is not None and some.direction != "context" for some in thresholds)

    def levels(self, value: Numbers, known: Mask, ends: Sequence[int]) -> Levels:
        """Level numbers of the values of windows, shape (indicators, windows, groups); null reaches none."""
        found = np.zeros(value.shape, np.int8)
        if self._none:
            return found
        if not self._calendars:
            self._reach(found, value, known, ())
            return found
        by_calendars: dict[tuple[bool, ...], list[int]] = {}
        for at, end in enumerate(ends):
            by_calendars.setdefault(tuple(self._is_open(name, end - 1) for name in self._calendars), []).append(at)
        for open_then, some in by_calendars.items():
            part = np.zeros_like(found[:, some])
            self._reach(part, value[:, some], known[:, some], open_then)
            found[:, some] = part
        return found

    def _reach(self, found: Levels, value: Numbers, known: Mask, open_then: tuple[bool, ...]) -> None:
        """Put down the levels of windows at whose ends these calendars are open."""
        limits = self._limits.get(open_then)
        if limits is None:
            limits = self._limits[open_then] = self._in_force(dict(zip(self._calendars, open_then, strict=True)))
        for level, limit in limits.items():
            # What has no such limit has NaN, which nothing reaches.
            over = value > limit if self._strict.all() else value >= limit
            if self._strict.any() and not self._strict.all():
                over &= ~(self._strict & (value == limit))
            reached = np.where(self._up, value < limit, over) if self._up.any() else over
            found[reached & known] = level

    def _in_force(self, is_open: dict[str, bool]) -> dict[int, Numbers]:
        """Limits by level from the least to the worst, shape (indicators, 1, 1)."""
        found = {number(level): np.full((len(self._thresholds), 1, 1), np.nan) for level in LEVELS}
        for at, some in enumerate(self._thresholds):
            if some is None or some.direction == "context":
                continue
            for level, limit in some.in_force([is_open[one.calendar] for one in some.variants]):
                found[number(level)][at] = limit
        return {level: limit for level, limit in found.items() if not np.isnan(limit).all()}
