"""Local time of day and calendar of Asia/Shanghai, on arrays and for one instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS

DAY_MS = 86_400_000
MAX_MS = 2**52  # 140,000 years: further away there is no calendar
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def part(name: str, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """`hour`, `minute`, `weekday` (Monday 1), `day`, `month` or `year` of instants in ms UTC."""
    local = times + LOCAL_OFFSET_MS
    match name:
        case "hour":
            return local // 3_600_000 % 24
        case "minute":
            return local // 60_000 % 60
    days = local // DAY_MS
    if name == "weekday":
        return (days + 3) % 7 + 1  # 1970-01-01 was a Thursday
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    count: NDArray[np.int64] = months.astype(np.int64)
    match name:
        case "month":
            return count % 12 + 1
        case "year":
            return count // 12 + 1970
        case "day":
            return days - months.astype("datetime64[D]").astype(np.int64) + 1
    raise ValueError(f"{name!r} is no part of a time")


def elapsed(period: str, end_ms: int) -> Fraction:
    """The share of the local day, week (from Monday), month or year of the last ms before `end_ms` that has passed."""
    instant = end_ms - 1 + LOCAL_OFFSET_MS
    day = instant - instant % DAY_MS
    first: Any = _EPOCH + timedelta(milliseconds=day)
    match period:
        case "day":
            start, after = day, day + DAY_MS
        case "week":
            start = day - first.weekday() * DAY_MS
            after = start + 7 * DAY_MS
        case "month":
            start = _ms(first.year, first.month)
            after = _ms(first.year + first.month // 12, first.month % 12 + 1)
        case "year":
            start, after = _ms(first.year, 1), _ms(first.year + 1, 1)
        case _:
            raise ValueError(f"{period!r} is no period")
    return Fraction(end_ms + LOCAL_OFFSET_MS - start, after - start)


def _ms(year: int, month: int) -> int:
    return (datetime(year, month, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
