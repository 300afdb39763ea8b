"""Which days are worked in China: weekends, statutory holidays and the weekend days worked in their place (调休)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import chinese_calendar  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.local_time import DAY_MS

WORK, REST = 0, 1  # day types
_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def day_type(day: int) -> tuple[int, bool]:
    """WORK or REST of the local day `day` (days since 1970-01-01), and whether the calendar of its year is known.

    The State Council announces a year's holidays late in the year before. Of a year that is not known, only the weekday
    speaks: Saturday and Sunday are REST.
    """
    ordinal = day + _EPOCH
    if not 1 <= ordinal <= date.max.toordinal():
        return (REST if (day + 3) % 7 >= 5 else WORK), False
    moment = date.fromordinal(ordinal)
    try:
        return (WORK if chinese_calendar.is_workday(moment) else REST), True
    except NotImplementedError:  # how the package says that it does not know the year
        return (REST if moment.weekday() >= 5 else WORK), False


def day_types(times: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Day types of instants in ms UTC by their day in Shanghai, and whether each was known; the shape of `times`."""
    days, places = np.unique((times + LOCAL_OFFSET_MS) // DAY_MS, return_inverse=True)
    types = np.empty(len(days), np.int8)
    known = np.empty(len(days), np.bool_)
    for place, day in enumerate(days.tolist()):
        types[place], known[place] = day_type(day)
    return types[places].reshape(times.shape), known[places].reshape(times.shape)
