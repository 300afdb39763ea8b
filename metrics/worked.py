"""Worked time: open time of a calendar outside of holds, and the instant at which so much of it has passed."""

from __future__ import annotations

import numpy as np

from metrics.calendar import NEVER, Calendar, Times
from metrics.intervals import OPEN, Intervals


def worked_ms(calendar: Calendar, start: Times, end: Times, holds: Intervals | None = None) -> Times:
    """Open time in `[start, end)` outside of `holds`, in ms, shape (rows,) or (); 0 where the end is not later."""
    total = calendar.open_ms(start, end)
    if holds is None:
        return total
    rows, _, left, right = holds.flat()
    total = np.array(np.broadcast_to(total, len(holds.codes)))
    start, end = np.broadcast_to(start, total.shape)[rows], np.broadcast_to(end, total.shape)[rows]
    np.subtract.at(total, rows, calendar.open_ms(np.maximum(left, start), np.minimum(right, end)))
    return total


def after_ms(calendar: Calendar, start: Times, amount: Times, holds: Intervals | None = None) -> Times:
    """The first instant at which `amount` ms of open time outside of `holds` have passed; NEVER if that does not come,
    as while a hold is open."""
    found = calendar.after(start, amount)
    if holds is None:
        return found
    rows, places, left, right = holds.flat()
    shape = (len(holds.codes),)
    found = np.array(np.broadcast_to(found, shape))
    start, amount = np.broadcast_to(start, shape), np.broadcast_to(amount, shape)
    held = np.zeros(shape, np.int64)
    # Holds ascend and are disjoint: one that begins before the instant reached so far moves it beyond its own end.
    for place in range(int(places.max(initial=-1)) + 1):
        at = places == place
        row, hold_start, hold_end = rows[at], left[at], right[at]
        reaches = (hold_start < found[row]) & (hold_end > start[row]) & (amount[row] > 0)
        row, hold_start, hold_end = row[reaches], hold_start[reaches], hold_end[reaches]
        endless = hold_end == OPEN
        held[row] += calendar.open_ms(np.maximum(hold_start, start[row]), np.where(endless, hold_start, hold_end))
        moved = calendar.after(start[row], amount[row] + held[row])
        found[row] = np.where(endless, np.int64(NEVER), moved)
    return found
