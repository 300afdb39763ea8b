"""Comparisons: which earlier instants a value is compared with, and the z-score and the rank that follow."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from metrics.measured import Counts, Group, Mask, Numbers
from metrics.region import Regions
from metrics.window import DAY_MS, LOCAL, WEEK_MS, Window

Direction = Literal["up", "down", "context"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TO_DATE = {"day": "1d", "week": "1w", "month": "1mo", "year": "1y"}


def same_time(end_ms: int, shift: str) -> int:
    """`end_ms` one day, week, month or year (`1d`, `1w`, `1mo`, `1y`) back on the local calendar.

    The day of the month is clipped: 31 March one month back is 28 or 29 February. Raises ValueError for other shifts.
    """
    match shift:
        case "1d":
            return end_ms - DAY_MS
        case "1w":
            return end_ms - WEEK_MS
        case "1mo" | "1y":
            local = (_EPOCH + timedelta(milliseconds=end_ms)).astimezone(LOCAL)
            month = local.year * 12 + local.month - 1 - (1 if shift == "1mo" else 12)
            year, month = month // 12, month % 12 + 1
            back = local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))
            return (back - _EPOCH) // timedelta(milliseconds=1)
    raise ValueError(f"{shift!r} is none of 1d, 1w, 1mo, 1y")


def previous(window: Window, grid: Window, end_ms: int) -> int:
    """The end of the window before the one that ends at `end_ms`, by its kind; `grid` gives the instants (it differs
    from `window` where a measure has a window of its own)."""
    if window.kind == "tumbling":
        return window.floor(end_ms - 1)
    if window.kind == "sliding":
        return end_ms - window.size_ms
    if window.kind in ("now", "all"):
        return grid.floor(end_ms - 1)
    return same_time(end_ms, _TO_DATE[window.kind.removesuffix("_to_date")])


def weeks_before(end_ms: int, weeks: int) -> list[int]:
    """The instants of the same weekday and local time in the `weeks` weeks before, the newest first."""
    return [end_ms - WEEK_MS * back for back in range(1, weeks + 1)]


def zscore(value: tuple[Numbers, Mask], before: tuple[Numbers, Mask], least: int, floor: float) -> tuple[Numbers, Mask]:
    """`(x - mean) / max(sd, floor)` and where it is known; numbers come with the mask of those that are known.

    `before`, shape (weeks, ...), are the values of x in the weeks before; the standard deviation is that of a sample
    (n - 1). Null with fewer than `least` (at least 2) known ones, and where it would divide by zero.
    """
    (now, now_known), (earlier, earlier_known) = value, before
    count = earlier_known.sum(axis=0)
    mean = np.where(earlier_known, earlier, 0.0).sum(axis=0) / np.maximum(count, 1)
    square = np.where(earlier_known, (earlier - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1)
    deviation = np.maximum(np.sqrt(square), floor)
    found = now_known & (count >= max(least, 2)) & (deviation > 0)
    return np.where(found, (now - mean) / np.where(found, deviation, 1.0), 0.0), found


def rank_classes(groups: Sequence[Group], regions: Regions | None) -> Counts:
    """The number of the class in which each group is ranked, -1: it is not.

    With `regions`, groups that differ only in region and share the level; without, all groups.
    """
    numbers: dict[tuple[str, tuple[str, ...] | None], int] = {}
    found = []
    for code, split in groups:
        if regions is None:
            found.append(0)
        elif code in regions:
            found.append(numbers.setdefault((regions[code].level, split), len(numbers)))
        else:
            found.append(-1)
    return np.array(found, np.int64)


def ranks(value: Numbers, known: Mask, classes: Counts, direction: Direction) -> tuple[Numbers, Mask]:
    """The rank of each value, shape (windows, groups), among those of its class, and where it has one.

    1 is the best: the smallest where `direction` is down, else the largest. Ties share the smaller rank.
    """
    rank = np.zeros(value.shape)
    ranked = known & (classes >= 0)
    for number in range(int(classes.max(initial=-1)) + 1):
        members = np.flatnonzero(classes == number)
        key = np.where(ranked[:, members], value[:, members] * (1.0 if direction == "down" else -1.0), np.inf)
        order = np.argsort(key, axis=1, kind="stable")
        ordered = np.take_along_axis(key, order, axis=1)
        place = np.broadcast_to(np.arange(len(members)), ordered.shape)
        new = np.ones(ordered.shape, np.bool_)
        new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
        own = np.empty(ordered.shape)
        np.put_along_axis(own, order, first + 1.0, axis=1)
        rank[:, members] = own
    return np.where(ranked, rank, 0.0), ranked
