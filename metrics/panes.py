"""Panes: rows of a source folded by time and key; the state of one scan."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.aggregate import Folded
from metrics.keyspace import Keys
from metrics.plan import Scan
from metrics.rows import Rows
from metrics.sketch import hashed, mixed
from metrics.watermark import BEGINNING
from metrics.window import pane_start

_DENSE = 4  # rows are folded over all their panes at once while panes x keys stay below this many times the rows


@dataclass(slots=True)
class Panes:
    """The state of one scan by pane index. `touched`: changed since the last publication."""

    scan: Scan
    panes: dict[int, Folded] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    dirty: set[int] = field(default_factory=set)  # changed or dropped since the last checkpoint
    since_ms: int = BEGINNING  # the rows from here on are all folded

    def merge(self, index: int, part: Folded) -> None:
        known = self.panes.get(index)
        self.panes[index] = part if known is None else known.grown(len(part)).merge(part)
        self.touched.add(index)
        self.dirty.add(index)

    def forget(self, before: int) -> None:
        """Drop panes below this index."""
        for index in [index for index in self.panes if index < before]:
            del self.panes[index]
            self.dirty.add(index)
            self.since_ms = max(self.since_ms, pane_start(index + 1, self.scan.pane_ms))

    def settle(self, before: int) -> None:
        """No window ends below this pane any more, nor, unless windows have no beginning, begins there."""
        if not self.scan.ever:
            self.forget(before)
            return
        done = sorted(index for index in self.panes if index < before)
        for index in done[1:]:
            self.panes[done[0]] = self.panes[done[0]].grown(len(self.panes[index])).merge(self.panes.pop(index))
        if len(done) > 1:
            self.dirty.update(done)

    def fold(self, rows: Rows, table: Keys) -> None:
        """Fold rows in; `table`: the keys of the scan, to which those of the rows are added."""
        scan = self.scan
        keys, size = rows.keys(scan.key), len(table)
        low, index, count = rows.panes(scan.pane_ms)
        values: NDArray[np.generic] | None = None
        chosen: NDArray[np.bool_] | None = None if scan.where is None else rows.where(scan.where)
        if scan.field is not None:
            column = rows.exact(scan.field, scan.scale)
            values = column.values
            if column.valid is not None:
                chosen = column.valid if chosen is None else chosen & column.valid
        hashes: NDArray[np.uint64] | None = None
        for node in scan.marks:
            column = rows.value(node)
            hashes = hashed(column) if hashes is None else mixed(hashes) ^ hashed(column)
            chosen = column.known() if chosen is None else chosen & column.known()
        kept: NDArray[np.intp] | None = None
        if chosen is not None and not chosen.all():
            kept = np.flatnonzero(chosen)
            keys = keys[kept]
            values = None if values is None else values[kept]
            hashes = None if hashes is None else hashes[kept]
            index = index[kept] if count > 1 else index
        if not len(keys):
            return
        if count == 1:
            self.merge(low, Folded.of(values, keys, size, scan.folds, scale=scan.scale, hashes=hashes))
        elif count * size <= _DENSE * len(keys) + 4096:
            flat = rows.cells(scan.key, scan.pane_ms, size)
            flat = flat if kept is None else flat[kept]
            whole = Folded.of(values, flat, count * size, scan.folds, scale=scan.scale, hashes=hashes)
            for pane in range(count):
                part = whole.slice(pane * size, size)
                if part.count.any():
                    self.merge(low + pane, part)
        else:
            order = np.argsort(index, kind="stable")
            ordered = index[order]
            for rows_of_pane in np.split(order, np.flatnonzero(np.diff(ordered)) + 1):
                picked = None if values is None else values[rows_of_pane]
                marks = None if hashes is None else hashes[rows_of_pane]
                part = Folded.of(picked, keys[rows_of_pane], size, scan.folds, scale=scan.scale, hashes=marks)
                self.merge(low + int(index[rows_of_pane[0]]), part)
