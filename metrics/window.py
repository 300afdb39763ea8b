"""Windows: which [start, end) belongs to which grid instant, on the calendar of Asia/Shanghai."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from metrics.clock import LOCAL_OFFSET_MS

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
LOCAL = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))

# 1 January 1970 was a Thursday: local weeks start three days earlier.
_MONDAY_MS = 3 * DAY_MS
_UNIT_MS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": WEEK_MS}
_DURATION = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d|w)")

Kind = Literal["tumbling", "sliding", "day_to_date", "week_to_date", "month_to_date", "year_to_date", "now", "all"]
Period = Literal["day", "week", "month", "year"]


def parse_duration(text: str) -> int:
    """`90s`, `5m`, `2h`, `1d`, `1w` as whole milliseconds. Raises ValueError for anything else."""
    matched = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise ValueError(f"{text!r} is not a duration such as 30s, 5m, 2h or 1d")
    return int(matched[1]) * _UNIT_MS[matched[2]]


def duration_text(ms: int) -> str:
    """Whole milliseconds as `parse_duration` reads them, in the greatest unit that divides them: `90s`, `15m`, `1d`."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if ms % _UNIT_MS[unit] == 0)
    return f"{ms // _UNIT_MS[unit]}{unit}"


def floor_to_grid(at_ms: int, step_ms: int) -> int:
    """The newest instant <= at_ms of the grid of `step_ms`, which divides a day, counted from local midnight."""
    return (at_ms + LOCAL_OFFSET_MS) // step_ms * step_ms - LOCAL_OFFSET_MS


def pane_index(at_ms: int, pane_ms: int) -> int:
    """The number of the pane that contains at_ms; pane p is [pane_start(p), pane_start(p + 1))."""
    return (at_ms + LOCAL_OFFSET_MS) // pane_ms


def pane_start(index: int, pane_ms: int) -> int:
    """The first millisecond of a pane."""
    return index * pane_ms - LOCAL_OFFSET_MS


def period_start(at_ms: int, period: Period) -> int:
    """The start of the local day, Monday week, month or year that contains at_ms."""
    if period == "day":
        return floor_to_grid(at_ms, DAY_MS)
    if period == "week":
        return (at_ms + LOCAL_OFFSET_MS + _MONDAY_MS) // WEEK_MS * WEEK_MS - LOCAL_OFFSET_MS - _MONDAY_MS
    local = _local(at_ms)
    return _ms(datetime(local.year, local.month if period == "month" else 1, 1, tzinfo=LOCAL))


def period_end(at_ms: int, period: Period) -> int:
    """The end, exclusive, of the local period that contains at_ms."""
    start = period_start(at_ms, period)
    if period in ("day", "week"):
        return start + (DAY_MS if period == "day" else WEEK_MS)
    local = _local(start)
    if period == "year":
        return _ms(local.replace(year=local.year + 1))
    following = local.replace(day=28) + timedelta(days=4)
    return _ms(following.replace(day=1))


def _local(at_ms: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(LOCAL)


def _ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows belong to a grid instant `end`.

    `size_ms` is the length of tumbling and sliding windows; tumbling months and years have `period` instead.
    `every_ms` is the distance of grid instants, except where the period is the grid (tumbling week, month, year).
    """

    kind: Kind
    size_ms: int = 0
    every_ms: int = 0
    period: Period | None = None
    max_age_ms: int | None = None  # of `now` over readings: an older current row does not count

    @staticmethod
    def tumbling(size_ms: int) -> Window:
        """`[end - size, end)`; a size that divides a day, a day, or a week (from Monday)."""
        if size_ms == WEEK_MS:
            return Window("tumbling", size_ms, 0, "week")
        if size_ms <= 0 or DAY_MS % size_ms:
            raise ValueError("a tumbling size divides one day, or is 1d, 1w, 1mo or 1y")
        return Window("tumbling", size_ms, size_ms)

    @staticmethod
    def sliding(size_ms: int, every_ms: int) -> Window:
        """`[end - size, end)` at each instant of the grid of `every`."""
        _check_every(every_ms)
        if size_ms <= 0 or size_ms % every_ms:
            raise ValueError("a sliding size is a multiple of every")
        return Window("sliding", size_ms, every_ms)

    @staticmethod
    def to_date(period: Period, every_ms: int) -> Window:
        """From the start of the local period that contains `end - 1 ms`, to `end`."""
        _check_every(every_ms)
        kinds: dict[Period, Kind] = {
            "day": "day_to_date", "week": "week_to_date", "month": "month_to_date", "year": "year_to_date",
        }  # fmt: skip
        return Window(kinds[period], 0, every_ms, period)

    @staticmethod
    def now(every_ms: int, max_age_ms: int | None = None) -> Window:
        """The current row of each entity: the last one before `end`, not older than `max_age_ms`."""
        _check_every(every_ms)
        if max_age_ms is not None and max_age_ms <= 0:
            raise ValueError("max_age is longer than 0")
        return Window("now", 0, every_ms, None, max_age_ms)

    @staticmethod
    def all(every_ms: int) -> Window:
        """Everything before `end`."""
        _check_every(every_ms)
        return Window("all", 0, every_ms)

    def resized(self, size_ms: int) -> Window:
        """The same kind with another size."""
        if self.kind == "tumbling":
            return Window.tumbling(size_ms)
        return replace(self, size_ms=size_ms)

    @property
    def pane_ms(self) -> int:
        """The length of the panes that windows are merged from; it divides a day and every start and end."""
        return self.every_ms or DAY_MS

    @property
    def open_is_shown(self) -> bool:
        """Whether a window is published before its end: only tumbling ones are."""
        return self.kind == "tumbling"

    def start(self, end: int) -> int:
        """The first millisecond of the window that ends at the grid instant `end`."""
        if self.kind in ("tumbling", "sliding") and self.size_ms:
            return end - self.size_ms
        if self.period is None:
            raise ValueError(f"a {self.kind} window has no start")
        return period_start(end - 1, self.period)

    def first(self, end: int) -> int:
        """As `start`; of `all` the beginning of time, of `now` the end itself."""
        if self.kind == "now":
            return end
        return -(2**62) if self.kind == "all" else self.start(end)

    def floor(self, at_ms: int) -> int:
        """The newest grid instant <= at_ms."""
        if self.every_ms:
            return floor_to_grid(at_ms, self.every_ms)
        assert self.period is not None  # noqa: S101  # windows without `every` are tumbling periods
        return period_start(at_ms, self.period)

    def after(self, at_ms: int) -> int:
        """The oldest grid instant > at_ms: the end of the first window that may contain a row of that time."""
        if self.every_ms:
            return floor_to_grid(at_ms, self.every_ms) + self.every_ms
        assert self.period is not None  # noqa: S101
        return period_end(at_ms, self.period)

    def instants(self, after: int, until: int) -> Iterator[int]:
        """Grid instants in (after, until], oldest first."""
        end = self.after(after)
        while end <= until:
            yield end
            end = self.after(end)

    def touched(self, row_ms: int, until: int) -> Iterator[int]:
        """Grid instants <= until whose windows contain row_ms, oldest first."""
        end = self.after(row_ms)
        while end <= until and self.first(end) <= row_ms:
            yield end
            end = self.after(end)


def _check_every(every_ms: int) -> None:
    if every_ms <= 0 or DAY_MS % every_ms:
        raise ValueError("every divides one day")
