"""A calendar: when something is open, as open time between instants and the instant at which open time has passed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.declaration import Faults, Table
from metrics.declared_key import WEEKDAYS
from metrics.formula_signatures import ALWAYS
from metrics.vocabulary import keys
from metrics.window import DAY_MS, MINUTE_MS, WEEK_MS

Times: TypeAlias = NDArray[np.int64]
Span = tuple[int, int]  # [start, end) in ms

__all__ = ["ALWAYS", "NEVER", "Calendar", "Span", "Times", "merge", "without"]

FILE = "sources.toml"
NEVER = 1 << 62  # an instant that does not come
# Local ms of the first Monday after the epoch's Thursday: weeks are counted from it.
_MONDAY_MS = 4 * DAY_MS
_FAR_MS = 1 << 51  # 70,000 years: neither times nor open times beyond are looked for
_HOURS = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class _Spans:
    """Disjoint ascending spans with the time before each; nothing outside of them."""

    starts: Times
    ends: Times
    before: Times  # (spans + 1,): total of all earlier ones, last the total of all

    @staticmethod
    def of(spans: Iterable[Span]) -> _Spans:
        merged = merge(spans)
        starts = np.array([start for start, _ in merged], np.int64)
        ends = np.array([end for _, end in merged], np.int64)
        return _Spans(starts, ends, np.concatenate(([0], np.cumsum(ends - starts))).astype(np.int64))

    @property
    def total(self) -> int:
        return int(self.before[-1])

    def until(self, times: Times) -> Times:
        """The time inside spans before each instant."""
        if not len(self.starts):
            return np.zeros(times.shape, np.int64)
        at = np.searchsorted(self.starts, times, side="right") - 1
        inside = np.minimum(times, self.ends[at]) - self.starts[at]
        before: Times = np.where(at < 0, 0, self.before[at] + inside)
        return before

    def reached(self, amounts: Times) -> Times:
        """The first instant before which `amounts` (1 .. total) lie inside spans."""
        at = np.searchsorted(self.before[1:], amounts, side="left")
        return self.starts[at] + (amounts - self.before[at])


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly hours, and the dates that differ from them.

    `week` are the open spans of a week in local ms from Monday 00:00. `closed` are spans that the week has open and
    these dates have not, `extra` the reverse, in ms UTC. A span over midnight belongs to the day on which it begins;
    a holiday is closed from midnight to midnight.
    """

    name: str
    week: _Spans
    closed: _Spans
    extra: _Spans

    @staticmethod
    def always() -> Calendar:
        """Open at every instant."""
        return Calendar(ALWAYS, _Spans.of([(0, WEEK_MS)]), _Spans.of(()), _Spans.of(()))

    @staticmethod
    def read(raw: Mapping[str, Any], name: str = "", faults: Faults | None = None, file: str = FILE) -> Calendar:
        """One `[calendar.NAME]` table; what is wrong is noted in `faults`, or raised as ValueError without them."""
        noted = Faults() if faults is None else faults
        table = Table(noted, file, name, raw, keys("calendar"))
        hours = _hours(table)
        holidays, workdays = _dates(table, "holidays"), _dates(table, "workdays")
        for day in sorted(holidays & workdays):
            table.fault("workdays", "duplicate", f"{_text(day)} is a holiday too", zh=f"{_text(day)} 也是假日")
        if faults is None and noted.lines:
            raise ValueError("; ".join(noted.lines))
        return _build(name, hours, holidays, workdays)

    def open_ms(self, start: Times, end: Times) -> Times:
        """Open time in `[start, end)`; 0 where the end is not later."""
        spent: Times = self._until(np.maximum(start, end)) - self._until(start)
        return spent

    def is_open(self, times: Times) -> NDArray[np.bool_]:
        """Whether it is open during the ms that begins at each instant."""
        found: NDArray[np.bool_] = self.open_ms(times, times + 1) > 0
        return found

    def after(self, times: Times, amounts: Times) -> Times:
        """The first instant at which so much open time (ms) has passed; NEVER where it does not come.

        Where the amount is not positive, that is the instant itself.
        """
        goal = self._until(times) + np.clip(amounts, 0, _FAR_MS)
        found = self._reached(goal)
        found = np.where(amounts > 0, found, times)
        answer: Times = np.where((found > _FAR_MS) | (amounts > _FAR_MS), np.int64(NEVER), found)
        return answer

    def spans(self, start: int, end: int) -> list[Span]:
        """The open spans of `[start, end)` in ms UTC, ascending and disjoint."""
        first = (start + LOCAL_OFFSET_MS - _MONDAY_MS) // WEEK_MS
        last = (end + LOCAL_OFFSET_MS - _MONDAY_MS) // WEEK_MS
        found = []
        for number in range(first, last + 1):
            monday = number * WEEK_MS + _MONDAY_MS - LOCAL_OFFSET_MS
            found += [(monday + a, monday + b) for a, b in _pairs(self.week)]
        open_ = merge([*without(merge(found), _pairs(self.closed)), *_pairs(self.extra)])
        return [(max(a, start), min(b, end)) for a, b in open_ if b > start and a < end]

    def exceptions(self, start: int, end: int) -> tuple[list[Span], list[Span]]:
        """What of `[start, end)` the dates take from the week, and what they add to it; ms UTC, ascending."""
        taken, added = (
            [(max(a, start), min(b, end)) for a, b in _pairs(spans) if b > start and a < end]
            for spans in (self.closed, self.extra)
        )
        return taken, added

    def _until(self, times: Times) -> Times:
        """Open time before each instant, counted from one fixed instant."""
        return self._weekly(times) + self.extra.until(times) - self.closed.until(times)

    def _weekly(self, times: Times) -> Times:
        local = times + (LOCAL_OFFSET_MS - _MONDAY_MS)
        weeks = local // WEEK_MS
        return weeks * self.week.total + self.week.until(local - weeks * WEEK_MS)

    def _weekly_reached(self, amounts: Times) -> Times:
        if not self.week.total:
            return np.full(amounts.shape, NEVER, np.int64)
        weeks = (amounts - 1) // self.week.total
        inside = self.week.reached(amounts - weeks * self.week.total)
        return weeks * WEEK_MS + inside - (LOCAL_OFFSET_MS - _MONDAY_MS)

    def _reached(self, goal: Times) -> Times:
        """The first instant before which `goal` of open time lies.

        Between two borders of the exceptions it is open as in the week, all the time, or not at all.
        """
        if not len(self.closed.starts) and not len(self.extra.starts):
            return self._weekly_reached(goal)
        borders = np.unique(np.concatenate([self.closed.starts, self.closed.ends, self.extra.starts, self.extra.ends]))
        offsets = self.extra.until(borders) - self.closed.until(borders)
        at = np.searchsorted(self._until(borders), goal, side="left") - 1  # the last border with less than the goal
        found = self._weekly_reached(goal - np.where(at < 0, 0, offsets[at]))
        if len(self.extra.starts):
            open_whole = (at >= 0) & np.isin(borders[at], self.extra.starts)
            found = np.where(open_whole, borders[at] + goal - self._until(borders)[at], found)
        return found


def merge(spans: Iterable[Span]) -> list[Span]:
    """Ascending, disjoint and not touching; empty ones are left out."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def without(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """The parts of merged spans that lie outside of merged holes."""
    found = []
    for start, end in spans:
        rest = start
        for left, right in holes:
            if right <= rest or left >= end:
                continue
            if left > rest:
                found.append((rest, left))
            rest = right
        if rest < end:
            found.append((rest, end))
    return found


def _pairs(spans: _Spans) -> list[Span]:
    return list(zip(spans.starts.tolist(), spans.ends.tolist(), strict=True))


def _build(name: str, hours: Sequence[Sequence[Span]], holidays: set[int], workdays: set[int]) -> Calendar:
    """From the hours of each weekday and the differing dates (days since the epoch)."""
    week = []
    for weekday, spans in enumerate(hours):
        for start, end in spans:
            a, b = weekday * DAY_MS + start, weekday * DAY_MS + end
            week += [(a, b)] if b <= WEEK_MS else [(a, WEEK_MS), (0, b - WEEK_MS)]

    def begun(day: int) -> list[Span]:
        """The spans that begin on a day, in ms UTC."""
        if day in holidays:
            return []
        own = hours[_weekday(day)]
        if not own and day in workdays:
            own = hours[0]
        return [(day * DAY_MS + start - LOCAL_OFFSET_MS, day * DAY_MS + end - LOCAL_OFFSET_MS) for start, end in own]

    days = sorted(holidays | workdays)
    affected = merge((_midnight(day), _midnight(day + 2)) for day in days)  # a span may end a day later
    shut = merge((_midnight(day), _midnight(day + 1)) for day in holidays)
    plain = _Spans.of(week)
    usual = Calendar(name, plain, _Spans.of(()), _Spans.of(()))
    closed: list[Span] = []
    extra: list[Span] = []
    for start, end in affected:
        first, last = (start + LOCAL_OFFSET_MS) // DAY_MS, (end + LOCAL_OFFSET_MS) // DAY_MS
        told = merge(span for day in range(first - 1, last) for span in begun(day))
        real = without(told, shut)
        real = [(max(a, start), min(b, end)) for a, b in real if b > start and a < end]
        base = usual.spans(start, end)
        closed += without(base, real)
        extra += without(real, base)
    return Calendar(name, plain, _Spans.of(closed), _Spans.of(extra))


def _midnight(day: int) -> int:
    return day * DAY_MS - LOCAL_OFFSET_MS


def _weekday(day: int) -> int:
    return (day + 3) % 7  # 1970-01-01 was a Thursday


def _text(day: int) -> str:
    return date.fromordinal(day + date(1970, 1, 1).toordinal()).isoformat()


def _hours(table: Table) -> list[list[Span]]:
    """The open spans of each weekday, in ms from its midnight; an end before the start is on the next day."""
    if ("week" in table) == ("daily" in table):
        if "daily" in table:
            table.fault(
                "daily", "duplicate", "either 'week' or 'daily' is needed, not both", zh="'week' 与 'daily' 只能二选一"
            )
        else:
            table.missing("week", " (or 'daily')", "(或 'daily')")
        return [[] for _ in WEEKDAYS]
    if "daily" in table:
        spans = _spans(table, "daily")
        return [spans for _ in WEEKDAYS]
    week = table.table("week", WEEKDAYS)
    return [_spans(week, day) if week else [] for day in WEEKDAYS]


def _spans(table: Table, key: str) -> list[Span]:
    found = []
    for text in table.texts(key):
        matched = _HOURS.fullmatch(text)
        numbers = [int(part) for part in matched.groups()] if matched else [0, 0, 0, 0]
        start, end = (numbers[0] * 60 + numbers[1]) * MINUTE_MS, (numbers[2] * 60 + numbers[3]) * MINUTE_MS
        if matched is None or start == end or start >= DAY_MS or end > DAY_MS:
            en = f"{text!r} is not a span of hours such as 09:00-12:00 or 22:00-06:00"
            table.fault(key, "literal", en, zh=f"{text!r} 不是时段，例如 09:00-12:00、22:00-06:00")
            continue
        found.append((start, end if end > start else end + DAY_MS))
    return found


def _dates(table: Table, key: str) -> set[int]:
    """Days since 1970-01-01; dates as ISO text or as dates of TOML."""
    raw = table.raw.get(key)
    if raw is None:
        return set()
    if not isinstance(raw, list | tuple):
        table.fault(key, "type", "a list of dates is needed", zh="此处需要日期列表")
        return set()
    found = set()
    for one in raw:
        try:
            day = one if type(one) is date else date.fromisoformat(one)
        except (TypeError, ValueError):
            table.fault(
                key, "literal", f"{one!r} is not a date such as 2024-10-01", zh=f"{one!r} 不是日期，例如 2024-10-01"
            )
            continue
        found.add(day.toordinal() - date(1970, 1, 1).toordinal())
    return found
