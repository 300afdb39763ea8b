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
        self._up = np.array([some is not None and some.direction == "up" for some in thresholds], np.bool_)[:, None]
        self._strict = np.array([some is not None and some.strict for some in thresholds], np.bool_)[:, None]
        self._none = not any(some is not None and some.direction != "context" for some in thresholds)

    def levels(self, value: Numbers, known: Mask, end: int) -> Levels:
        """Level numbers of the values of a window, shape (indicators, groups); null reaches none."""
        found = np.zeros(value.shape, np.int8)
        if self._none:
            return found
        open_now = tuple(self._is_open(name, end - 1) for name in self._calendars)
        limits = self._limits.get(open_now)
        if limits is None:
            limits = self._limits[open_now] = self._in_force(dict(zip(self._calendars, open_now, strict=True)))
        for level, limit in limits.items():
            # What has no such limit has NaN, which nothing reaches.
            over = value > limit if self._strict.all() else value >= limit
            if self._strict.any() and not self._strict.all():
                over &= ~(self._strict & (value == limit))
            reached = np.where(self._up, value < limit, over) if self._up.any() else over
            found[reached & known] = level
        return found

    def _in_force(self, is_open: dict[str, bool]) -> dict[int, Numbers]:
        """Limits by level from the least to the worst, shape (indicators, 1)."""
        found = {number(level): np.full((len(self._thresholds), 1), np.nan) for level in LEVELS}
        for at, some in enumerate(self._thresholds):
            if some is None or some.direction == "context":
                continue
            for level, limit in some.in_force([is_open[one.calendar] for one in some.variants]):
                found[number(level)][at] = limit
        return {level: limit for level, limit in found.items() if not np.isnan(limit).all()}
