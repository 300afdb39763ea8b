"""Presence: when a source had rows, by pane of its grid; from it follows whether it was stale at an instant."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metrics.clock import LOCAL_OFFSET_MS
from metrics.rows import Rows
from metrics.watermark import BEGINNING


class Presence:
    """`newest_in`: pane of the source's grid -> newest event time in it. `risen`: panes that have a newer row than at
    the last publication."""

    def __init__(self, grid_ms: int) -> None:
        self.grid_ms = grid_ms
        self.newest_in: dict[int, int] = {}
        self.risen = set[int]()

    def note(self, rows: Rows) -> None:
        """Rows have come."""
        low, index, count = rows.panes(self.grid_ms)
        if count == 1:
            newest = {low: int(rows.time.max())}
        else:
            starts = np.append(0, np.flatnonzero(index[1:] != index[:-1]) + 1)  # rows of one pane come in a row
            runs, times = index[starts], np.maximum.reduceat(rows.time, starts)
            if count <= 4 * len(runs) + 1024:
                tops = np.full(count, BEGINNING, np.int64)
                np.maximum.at(tops, runs, times)
                newest = {low + pane: int(tops[pane]) for pane in np.flatnonzero(tops > BEGINNING).tolist()}
            else:  # few runs far apart
                newest = {}
                for pane, time in zip(runs.tolist(), times.tolist(), strict=True):
                    newest[low + pane] = max(time, newest.get(low + pane, time))
        for pane, top in newest.items():
            if top > self.newest_in.get(pane, BEGINNING):
                self.newest_in[pane] = top
                self.risen.add(pane)

    def newest_before(self, at_ms: int, since_ms: int) -> int | None:
        """The newest event time in [since, at), both on a scale of which `at` is a grid instant; None if none."""
        grid = self.grid_ms
        first, last = (since_ms + LOCAL_OFFSET_MS) // grid, (at_ms - 1 + LOCAL_OFFSET_MS) // grid
        span: Iterable[int] = range(last, first - 1, -1)
        if last - first > len(self.newest_in):
            span = sorted((pane for pane in self.newest_in if first <= pane <= last), reverse=True)
        for pane in span:
            newest = self.newest_in.get(pane)
            if newest is not None:
                return newest if newest >= since_ms else None
        return None

    def forget(self, before_ms: int) -> bool:
        """Drop panes that end before this; whether there were some."""
        kept_from = (before_ms + LOCAL_OFFSET_MS) // self.grid_ms
        gone = [pane for pane in self.newest_in if pane < kept_from]
        for pane in gone:
            del self.newest_in[pane]
        return bool(gone)
