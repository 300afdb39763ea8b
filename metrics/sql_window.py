"""Windows in SQL: which of many windows hold a row, as one range of window numbers."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.sql_database import Database
from metrics.sql_order import EVER
from metrics.sql_steps import quoted
from metrics.window import Window


@dataclass(frozen=True, slots=True)
class Instants:
    """The windows of one kind at some ends, numbered by end, ascending.

    `ends` (_i, _s, _end): number, start, end; `passed` (_end, _n): n ends are <= _end; `begun` (_s, _n): n starts are
    <= _s.
    """

    window: Window
    count: int
    first: int  # the first start
    low: int  # the first end
    high: int
    ends: str
    passed: str
    begun: str


class Windows:
    """Tables of windows, one set for each kind of window and sequence of ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made: dict[tuple[Window, tuple[int, ...]], Instants] = {}

    def of(self, window: Window, ends: Sequence[int]) -> Instants:
        """`ends` are ascending and distinct."""
        key = (window, tuple(ends))
        if key not in self._made:
            if len(self._made) >= 64:  # a caller that asks instant by instant must not fill the memory
                for old in self._made.values():
                    for name in (old.ends, old.passed, old.begun):
                        self._database.execute(f"DROP TABLE {name}")
                self._made.clear()
            self._made[key] = self._make(window, np.array(ends, np.int64), len(self._made))
        return self._made[key]

    def _make(self, window: Window, ends: np.ndarray[tuple[int], np.dtype[np.int64]], number: int) -> Instants:
        if window.kind == "all":
            starts = np.full(len(ends), EVER, np.int64)
        elif window.kind == "now":
            starts = ends
        else:
            starts = np.array([window.start(end) for end in ends.tolist()], np.int64)
        counts = np.arange(1, len(ends) + 1)
        first, seen = np.unique(starts[::-1], return_index=True)  # of equal starts the last one counts
        names = [f"{what} {number}" for what in ("ends", "passed", "begun")]
        self._database.keep(names[0], pa.table({"_i": counts - 1, "_s": starts, "_end": ends}))
        self._database.keep(names[1], pa.table({"_end": ends, "_n": counts}))
        self._database.keep(names[2], pa.table({"_s": first, "_n": len(ends) - seen}))
        begin, low, high = (int(starts.min()), int(ends[0]), int(ends[-1])) if len(ends) else (0, 0, 0)
        return Instants(window, len(ends), begin, low, high, *(quoted(name) for name in names))


def placed(instants: Instants, rows: str, after: Sequence[str], before: str, begun: str) -> str:
    """Each row with the numbers `_lo` up to, not including, `_hi` of its windows; rows without one are left out.

    These are the windows that end later than all columns `after`, not later than the column `before`, and start not
    later than the column `begun`; an empty name asks nothing.
    """
    joins, low, high = "", [], [str(instants.count)]
    near = [f"{column} < {instants.high}" for column in after]  # what is in none of them need not be looked for
    near += [f"{before} >= {instants.low}"] if before else []
    near += [f"{begun} >= {instants.first}"] if begun else []
    rows = f"(SELECT * FROM {rows} WHERE {' AND '.join(near)})"
    for at, column in enumerate(after):
        joins += f" ASOF LEFT JOIN {instants.passed} a{at} ON r.{column} >= a{at}._end"
        low.append(f"coalesce(a{at}._n, 0)")
    if before:
        joins += f" ASOF LEFT JOIN {instants.passed} b ON r.{before} >= b._end"
        high.append("coalesce(b._n, 0)")
    if begun:
        joins += f" ASOF LEFT JOIN {instants.begun} c ON r.{begun} >= c._s"
        high.append("coalesce(c._n, 0)")
    lowest = low[0] if len(low) == 1 else f"greatest({', '.join(low)})"
    highest = high[0] if len(high) == 1 else f"least({', '.join(high)})"
    return f"(SELECT * FROM (SELECT r.*, {lowest} AS _lo, {highest} AS _hi FROM {rows} r{joins}) WHERE _lo < _hi)"


def spread(rows: str) -> str:
    """A row for each of its windows, with the number `_i`."""
    return f"(SELECT * EXCLUDE (_lo, _hi), unnest(range(_lo, _hi)) AS _i FROM {rows})"
