"""Rhythm: how much goes on by the local hour, on working days and on days of rest, and when offices are open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.holiday import REST, day_types

DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000

OPENS_H, CLOSES_H = 9, 18
OFFICE_H = CLOSES_H - OPENS_H
FIRST_DAY, LAST_DAY = 14_610, 25_568  # 2010 to the end of 2039: the days that working hours are known for
_AHEAD = 400

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Hours = tuple[float, ...]  # 24 levels, of the middle of each local hour


@dataclass(frozen=True, slots=True)
class Shape:
    """Levels by hour; their mean over the hours of a working day is 1, so that a rate per day stays a rate per day."""

    work: Hours
    rest: Hours

    def at(self, times: Times) -> Floats:
        """The level at each time, shape of `times`, joined by straight lines."""
        hour = ((times + LOCAL_OFFSET_MS) % DAY_MS) / HOUR_MS - 0.5
        resting = is_rest(times)
        found: Floats = np.where(resting, _along(hour, self.rest), _along(hour, self.work)) * (24.0 / sum(self.work))
        return found


def is_rest(times: Times) -> NDArray[np.bool_]:
    """Whether the local day of each time is a day of rest by the calendar of holidays."""
    if not len(times):
        return np.zeros(0, np.bool_)
    first, last = int(times.min()) + LOCAL_OFFSET_MS, int(times.max()) + LOCAL_OFFSET_MS
    if first // DAY_MS == last // DAY_MS:  # nearly always: one look for all
        return np.full(times.shape, bool(day_types(times.ravel()[:1])[0][0] == REST))
    found: NDArray[np.bool_] = day_types(times)[0] == REST
    return found


def hour_of(times: Times) -> Floats:
    """Local time of day, hours, 0 <= h < 24."""
    found: Floats = ((times + LOCAL_OFFSET_MS) % DAY_MS) / HOUR_MS
    return found


def local_day(time_ms: int) -> int:
    """The local day of a time, days since 1970-01-01."""
    return (time_ms + LOCAL_OFFSET_MS) // DAY_MS


def day_start(day: int) -> int:
    """The first ms of a local day."""
    return day * DAY_MS - LOCAL_OFFSET_MS


def year_share(times: Times) -> Floats:
    """0 at the start of January to 1 at its next one, by a year of 365.2425 days."""
    found: Floats = ((times + LOCAL_OFFSET_MS) / (365.2425 * DAY_MS)) % 1.0
    return found


def opened(times: Times) -> Times:
    """Each time, or the next opening if offices are closed then; what waited at an opening is spread over its hour."""
    day, hour = (times + LOCAL_OFFSET_MS) // DAY_MS, hour_of(times)
    beyond = day >= LAST_DAY - _AHEAD  # of such times nothing is known; they stay
    day = np.where(beyond, FIRST_DAY, day)
    days = _office_days()
    goes_on = days.number[day - FIRST_DAY + 1] > days.number[day - FIRST_DAY]  # the day itself is worked
    inside = beyond | (goes_on & (hour >= OPENS_H) & (hour < CLOSES_H))
    next_day = days.worked[days.number[day - FIRST_DAY + (hour >= CLOSES_H)]]
    found: Times = np.where(inside, times, next_day * DAY_MS - LOCAL_OFFSET_MS + OPENS_H * HOUR_MS + times % HOUR_MS)
    return found


def worked(times: Times, hours: Floats) -> Times:
    """So many office hours (9 a day) after each time: whole days from one working day to the next."""
    start = opened(times)
    days = _office_days()
    whole = np.floor(hours / OFFICE_H).astype(np.int64)
    left = np.rint((hours - OFFICE_H * whole) * HOUR_MS).astype(np.int64)
    day, clock = (start + LOCAL_OFFSET_MS) // DAY_MS, (start + LOCAL_OFFSET_MS) % DAY_MS + left
    over = clock >= CLOSES_H * HOUR_MS
    clock = np.where(over, clock - OFFICE_H * HOUR_MS, clock)
    target = days.worked[days.number[day - FIRST_DAY] + whole + over]
    done: Times = target * DAY_MS - LOCAL_OFFSET_MS + clock
    return done


@dataclass(frozen=True, slots=True)
class _OfficeDays:
    """`worked` lists the working days; `number[d]` counts those before day FIRST_DAY + d."""

    worked: Times
    number: Times


@lru_cache(maxsize=1)
def _office_days() -> _OfficeDays:
    all_days = np.arange(FIRST_DAY, LAST_DAY, dtype=np.int64)
    types, _ = day_types(all_days * DAY_MS - LOCAL_OFFSET_MS)
    open_ = types != REST
    return _OfficeDays(all_days[open_], np.concatenate([[0], np.cumsum(open_)]))


def _along(hour: Floats, levels: Hours) -> Floats:
    table = np.array([levels[-1], *levels, levels[0]])
    found: Floats = np.interp(hour, np.arange(-1.0, 25.0), table)
    return found


def hours(levels: str) -> Hours:
    """24 levels as text."""
    return tuple(float(level) for level in levels.split())


# Shapes that several sources share: levels of the hours 0 .. 23.
OFFICE = Shape(
    hours("0 0 0 0 0 0 0 0.1 0.8 5 6 5  "
          "1.5 1.2 4.5 5 4.5 3 0.5 0.1 0 0 0 0"),
    hours("0 0 0 0 0 0 0 0 0.1 0.4 0.5 0.4  "
          "0.2 0.2 0.4 0.4 0.3 0.2 0.1 0 0 0 0 0"),
)  # fmt: skip
WAKING = Shape(
    hours("0.5 0.3 0.2 0.2 0.2 0.3 0.6 1.2 1.8 2.2 2.3 2.1  "
          "1.7 1.7 2.0 2.1 2.1 2.1 2.0 1.9 1.8 1.5 1.1 0.8"),
    hours("0.6 0.4 0.3 0.2 0.2 0.3 0.4 0.7 1.1 1.5 1.7 1.7  "
          "1.5 1.5 1.6 1.7 1.7 1.7 1.7 1.8 1.8 1.6 1.2 0.9"),
)  # fmt: skip
STREET = Shape(
    hours("0.5 0.3 0.2 0.2 0.2 0.4 1.0 2.2 2.6 1.8 1.5 1.6  "
          "1.8 1.6 1.5 1.6 1.9 2.5 2.8 2.2 1.9 1.6 1.1 0.8"),
    hours("0.7 0.4 0.3 0.2 0.2 0.3 0.5 0.8 1.2 1.5 1.8 2.0  "
          "2.0 2.0 2.2 2.4 2.5 2.6 2.7 2.6 2.3 1.9 1.4 1.0"),
)  # fmt: skip
NIGHT = Shape(
    hours("2.5 2.2 1.8 1.4 1.0 0.8 0.6 0.5 0.5 0.6 0.7 0.8  "
          "0.9 0.8 0.8 0.8 0.9 1.0 1.3 1.6 2.0 2.4 2.6 2.6"),
    hours("2.8 2.6 2.2 1.7 1.2 0.9 0.6 0.5 0.5 0.6 0.7 0.8  "
          "0.9 0.9 0.9 0.9 1.0 1.1 1.4 1.8 2.2 2.6 2.8 2.8"),
)  # fmt: skip
FLAT = Shape((1.0,) * 24, (1.0,) * 24)
