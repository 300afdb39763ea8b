"""Timestamps: ISO 8601 text or epoch milliseconds to ms UTC, in bulk; a text without offset is Asia/Shanghai."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.numeral import BAD, FINE, LONG, MAX_BYTES, NULL, matrix, parse

EARLIEST = -62_135_596_800_000  # 0001-01-01, the first day that can be shown
LATEST = 253_402_300_799_999  # 9999-12-31
_DIGIT_PLACES = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_MARKS = ((4, 45), (7, 45), (13, 58), (16, 58))  # - - : :
_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_ISO = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}.*")
_LOCAL = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))


def parse_times(lines: Sequence[bytes | None]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """ms UTC and the states of `metrics.numeral` (FINE, NULL, BAD, HUGE, LONG). Parts of a millisecond are cut off."""
    first = next((line for line in lines if line), b"")
    if _ISO.match(first):
        times, state = _iso_block(lines)
    else:
        numbers = parse(lines, 0, whole=True)
        times, state = numbers.values, numbers.state
    # the minority of the other form, and odd layouts of ISO
    for row in np.flatnonzero(state == BAD).tolist():
        times[row], state[row] = _one(lines[row] or b"")
    return times, state


def _iso_block(lines: Sequence[bytes | None]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """`YYYY-MM-DD[T ]HH:MM:SS[.fff][Z|+HH:MM]` at once; any other layout is BAD here and looked at singly."""
    chars, state = matrix(lines, width=29)
    rows = len(lines)
    if len(chars) < 19:
        state[state == FINE] = BAD
        return np.zeros(rows, np.int64), state
    padded = np.zeros((30, rows), np.uint8)
    padded[: len(chars)] = chars
    digits = padded - np.uint8(48)
    good = state == FINE
    for place in _DIGIT_PLACES:
        good &= digits[place] < 10
    for place, mark in _MARKS:
        good &= padded[place] == mark
    good &= (padded[10] == 84) | (padded[10] == 32)

    def number(*places: int) -> NDArray[np.int64]:
        total = np.zeros(rows, np.int64)
        for place in places:
            total = total * 10 + digits[place]
        return total

    year, month, day = number(0, 1, 2, 3), number(5, 6), number(8, 9)
    hour, minute, second = number(11, 12), number(14, 15), number(17, 18)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last_day = _MONTH_DAYS[np.clip(month, 0, 12)] - ((month == 2) & ~leap)
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= last_day)
    good &= (hour < 24) & (minute < 60) & (second < 60)
    has_fraction = padded[19] == 46
    fraction = np.where(has_fraction, number(20, 21, 22), 0)
    good &= ~has_fraction | ((digits[20] < 10) & (digits[21] < 10) & (digits[22] < 10))
    offset = np.full(rows, LOCAL_OFFSET_MS, np.int64)
    known = np.zeros(rows, np.bool_)
    for at, where in ((19, ~has_fraction), (23, has_fraction)):
        zone = padded[at]
        ends = where & (zone == 0)
        utc = where & (zone == 90) & (padded[at + 1] == 0)
        signed = where & ((zone == 43) | (zone == 45)) & (padded[at + 3] == 58) & (padded[min(at + 6, 29)] == 0)
        for place in (at + 1, at + 2, at + 4, at + 5):
            signed &= digits[place] < 10
        hours, minutes = number(at + 1, at + 2), number(at + 4, at + 5)
        signed &= (hours < 24) & (minutes < 60)
        offset[utc] = 0
        ahead = (hours * 60 + minutes) * 60_000
        offset = np.where(signed, np.where(zone == 45, -ahead, ahead), offset)
        known |= ends | utc | signed
    good &= known
    state[(state == FINE) & ~good] = BAD
    days = _days(year, month, day)
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction - offset, state


def _days(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since 1970-01-01 of the proleptic Gregorian calendar (H. Hinnant, days_from_civil)."""
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    day_of_era: NDArray[np.int64] = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def _one(line: bytes) -> tuple[int, int]:
    if len(line) > MAX_BYTES:
        return 0, LONG
    if not _ISO.match(line):
        number = parse([line], 0, whole=True)
        return int(number.values[0]), int(number.state[0])
    try:
        moment = datetime.fromisoformat(line.decode("ascii"))
    except ValueError:
        return 0, BAD
    moment = moment if moment.tzinfo else moment.replace(tzinfo=_LOCAL)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1), FINE


__all__ = ["EARLIEST", "LATEST", "NULL", "parse_times"]
