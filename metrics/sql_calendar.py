"""worked() and after() for the database: open time between two instants, and when it has passed, without holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.calendar import Calendar
from metrics.window import DAY_MS

Times: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
_HORIZONS_MS: Final = (400 * DAY_MS, 4_000 * DAY_MS, 40_000 * DAY_MS)  # how far after() looks for open time
_FAR: Final = np.int64(2**51)  # an open hold ends here


@dataclass(frozen=True, slots=True)
class _Open:
    """The open spans of a stretch of time, and the open time before each of them."""

    starts: Times
    ends: Times
    before: Times

    @staticmethod
    def of(calendar: Calendar, low: int, high: int) -> _Open:
        spans = np.array(calendar.spans(low, high) or [(low, low)], np.int64)
        lengths = spans[:, 1] - spans[:, 0]
        return _Open(spans[:, 0], spans[:, 1], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))

    def until(self, times: Times) -> Times:
        """Open time before each instant."""
        at = np.clip(np.searchsorted(self.starts, times, side="right") - 1, 0, None)
        found: Times = self.before[at] + np.clip(times - self.starts[at], 0, self.ends[at] - self.starts[at])
        return found

    def reached(self, amounts: Times) -> tuple[Times, Mask]:
        """The first instant with so much open time (> 0) before it, and whether it is within the stretch."""
        at = np.searchsorted(self.before[1:], amounts, side="left")
        known = at < len(self.starts)
        at = np.minimum(at, len(self.starts) - 1)
        return self.starts[at] + amounts - self.before[at], known


@dataclass(frozen=True, slots=True)
class _Holds:
    """All holds of all rows: the row of each, start and end."""

    row: NDArray[np.int64]
    start: Times
    end: Times  # _FAR while open

    @staticmethod
    def of(lists: Any, rows: int) -> _Holds:
        column = _flat(lists)
        counts = np.asarray(pc.list_value_length(column).fill_null(0), np.int64)
        spans = column.flatten()
        end = np.asarray(spans.field(1).fill_null(int(_FAR)), np.int64)
        row = np.repeat(np.arange(rows), counts)
        return _Holds(row, np.asarray(spans.field(0).fill_null(0), np.int64), end)


class _Cover:
    """The open spans of a calendar for whatever stretch was asked for so far; calls of one column come in pieces."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._found: tuple[int, int, _Open] | None = None

    def over(self, low: int, high: int) -> _Open:
        """Spans that cover at least `[low, high)`."""
        found = self._found
        if found is None or low < found[0] or high > found[1]:
            if found is not None:
                low, high = min(low, found[0]), max(high, found[1])
            self._found = found = (low, high, _Open.of(self._calendar, low, high))
        return found[2]


def worked(calendar: Calendar) -> Callable[[Any, Any, Any], pa.Array]:
    """`(t1, t2, holds)`: open ms of `[t1, t2)` outside of holds; 0 for spans that end before they begin."""
    cover = _Cover(calendar)

    def function(first: Any, second: Any, lists: Any) -> pa.Array:
        start, known = _times(first)
        end, also = _times(second)
        known &= also
        start, end = np.where(known, start, 0), np.where(known, np.maximum(start, end), 0)
        holds = _Holds.of(lists, len(start))
        left = np.clip(holds.start, start[holds.row], end[holds.row])
        right = np.clip(holds.end, start[holds.row], end[holds.row])
        open_ = cover.over(*_stretch(start[known], end[known]))
        held = np.zeros(len(start), np.int64)
        np.add.at(held, holds.row, open_.until(right) - open_.until(left))
        return pa.array(open_.until(end) - open_.until(start) - held, mask=~known)

    return function


def after(calendar: Calendar) -> Callable[[Any, Any, Any], pa.Array]:
    """`(t, d, holds)`: the first instant at which `d` ms of open time outside of holds have passed since `t`."""
    cover = _Cover(calendar)

    def function(first: Any, second: Any, lists: Any) -> pa.Array:
        start, known = _times(first)
        amount, also = _times(second)
        known &= also
        start, amount = np.where(known, start, 0), np.where(known, amount, 0)
        low, high = _stretch(start[known], start[known])
        holds = _Holds.of(lists, len(start))
        found, done = np.zeros(len(start), np.int64), np.zeros(len(start), np.bool_)
        for horizon in _HORIZONS_MS:
            open_ = cover.over(low, min(high + int(np.max(amount, initial=0)) + horizon, int(_FAR)))
            found, done, never = _after(open_, start, amount, holds)
            known &= ~never
            if done[known].all():
                break
        return pa.array(found, mask=~(known & done))

    return function


def _after(open_: _Open, start: Times, amount: Times, holds: _Holds) -> tuple[Times, Mask, Mask]:
    """The instants, whether each is within the spans, and whether an open hold lets it never come."""
    goal = open_.until(start) + amount
    found, done = open_.reached(goal)
    never = np.zeros(len(start), np.bool_)
    # In ascending order, each hold that begins before the instant found so far moves it on by the time it takes away.
    for row, left, right in sorted(zip(holds.row.tolist(), holds.start.tolist(), holds.end.tolist(), strict=True)):
        begin = max(left, int(start[row]))
        if amount[row] <= 0 or right <= begin or begin >= found[row] or never[row]:
            continue
        if right >= _FAR:
            never[row] = True
            continue
        goal[row] += (open_.until(np.array([right])) - open_.until(np.array([begin])))[0]
        later, within = open_.reached(goal[row : row + 1])
        found[row], done[row] = later[0], within[0]
    return np.where(amount > 0, found, start), done | (amount <= 0), never


def _stretch(starts: Times, ends: Times) -> tuple[int, int]:
    if not len(starts):
        return 0, 0
    return int(starts.min()), int(ends.max()) + 1


def _times(given: Any) -> tuple[Times, Mask]:
    column = _flat(given)
    return np.asarray(column.fill_null(0), np.int64), np.asarray(column.is_valid(), np.bool_)


def _flat(given: Any) -> pa.Array:
    return given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
