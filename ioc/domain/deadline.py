"""A deadline: how long something may take, by the open time of a calendar without holds, and why it is due then.

Time counts in segments: each runs or is held, by one calendar. What is owed is an amount of open time; when it is due
follows from the segments, and can be told of each of them in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from metrics.calendar import NEVER, Calendar


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of real time from `start_ms` to `end_ms` (None: still going on): it runs, or it is held and why."""

    start_ms: int
    end_ms: int | None
    running: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """A segment with what it cost: `open_ms` of the calendar's open time in it, counted only where it ran."""

    segment: Segment
    open_ms: int
    left_ms: int  # of what is owed, after it; negative where it is overdue


@dataclass(frozen=True, slots=True)
class Deadline:
    """`due_ms`: the instant at which what is owed is used up; None while the clock is held before that.

    `late_ms`: open time beyond it, 0 while in time.
    """

    owed_ms: int
    used_ms: int
    due_ms: int | None
    late_ms: int
    counted: tuple[Counted, ...]

    @property
    def state(self) -> Literal["held", "overdue", "running"]:
        if self.late_ms:
            return "overdue"
        return "held" if self.due_ms is None else "running"


def deadline(owed_ms: int, segments: Sequence[Segment], calendar: Calendar, now_ms: int) -> Deadline:
    """What is owed against the segments so far, which are in order and touch. Raises ValueError where they do not.

    Extensions are part of what is owed. Holidays and nights are those of the calendar.
    """
    _check(segments)
    used, due, counted = 0, None, []
    for segment in segments:
        end = now_ms if segment.end_ms is None else segment.end_ms
        spent = _open_ms(calendar, segment.start_ms, end) if segment.running else 0
        if segment.running and used < owed_ms:
            due = _after(calendar, segment.start_ms, owed_ms - used)
        elif used < owed_ms:
            due = None  # nobody knows how long it will be held
        used += spent
        counted.append(Counted(segment, spent, owed_ms - used))
    return Deadline(owed_ms, used, None if due == NEVER else due, max(0, used - owed_ms), tuple(counted))


def hold(segments: Sequence[Segment], at_ms: int, why: str) -> tuple[Segment, ...]:
    """The clock stands from now on. Raises ValueError where it does not run."""
    return _turn(segments, at_ms, Segment(at_ms, None, running=False, why=why))


def resume(segments: Sequence[Segment], at_ms: int) -> tuple[Segment, ...]:
    """The clock goes on. Raises ValueError where it runs."""
    return _turn(segments, at_ms, Segment(at_ms, None, running=True))


def stop(segments: Sequence[Segment], at_ms: int) -> tuple[Segment, ...]:
    """Nothing counts from now on: the stage was left. Raises ValueError where it had stopped."""
    last = _last(segments, at_ms)
    return (*segments[:-1], Segment(last.start_ms, at_ms, last.running, last.why))


def _turn(segments: Sequence[Segment], at_ms: int, begun: Segment) -> tuple[Segment, ...]:
    last = _last(segments, at_ms)
    if last.running == begun.running:
        raise ValueError("segments: the clock runs" if begun.running else "segments: the clock is held")
    return (*segments[:-1], Segment(last.start_ms, at_ms, last.running, last.why), begun)


def _last(segments: Sequence[Segment], at_ms: int) -> Segment:
    if not segments or segments[-1].end_ms is not None:
        raise ValueError("segments: the clock has stopped")
    if at_ms < segments[-1].start_ms:
        raise ValueError("at_ms: before the segment began")
    return segments[-1]


def _check(segments: Sequence[Segment]) -> None:
    for one, after in pairwise(segments):
        if one.end_ms is None or one.end_ms != after.start_ms:
            raise ValueError("segments: they must touch, and only the last may be open")


def _open_ms(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    return int(calendar.open_ms(np.array([start_ms], np.int64), np.array([end_ms], np.int64))[0])


def _after(calendar: Calendar, start_ms: int, amount_ms: int) -> int:
    return int(calendar.after(np.array([start_ms], np.int64), np.array([amount_ms], np.int64))[0])
