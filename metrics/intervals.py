"""Intervals: for each row the spans of time in which it was on hold, half-open, the last one perhaps without an end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Span: TypeAlias = tuple[int, int | None]  # [start, end) in ms UTC; None: still open
Spans: TypeAlias = tuple[Span, ...]  # ascending, disjoint
OPEN = 1 << 62  # stands for the end of an open interval


def joined(spans: Iterable[Span]) -> Spans:
    """Sorted, merged where they meet; empty ones are left out."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((start, OPEN if end is None else end) for start, end in spans):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple((start, None if end == OPEN else end) for start, end in found)


@dataclass(slots=True)
class Intervals:
    """A code into `dictionary` for every row (a null has any code, its row is not looked at)."""

    codes: NDArray[Any]
    dictionary: Sequence[Spans]

    def flat(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """All spans of all rows: row, place within its row, start, end (OPEN if open); by row and place."""
        counts = np.array([*(len(spans) for spans in self.dictionary), 0], np.int64)
        first = np.concatenate(([0], np.cumsum(counts[:-1]))).astype(np.int64)
        starts = np.array([start for spans in self.dictionary for start, _ in spans], np.int64)
        ends = np.array([OPEN if end is None else end for spans in self.dictionary for _, end in spans], np.int64)
        mine = counts[self.codes]
        rows = np.repeat(np.arange(len(self.codes)), mine)
        before = np.concatenate(([0], np.cumsum(mine)[:-1])) if len(mine) else np.zeros(0)
        places = np.arange(len(rows)) - before.astype(np.int64)[rows]
        which = first[self.codes][rows] + places
        return rows, places, starts[which], ends[which]

    def where(self, mask: NDArray[np.bool_], other: Intervals) -> Intervals:
        """These where the mask is true, the other's elsewhere."""
        if self.dictionary is other.dictionary:
            return Intervals(np.where(mask, self.codes, other.codes), self.dictionary)
        shift = len(self.dictionary)
        both = [*self.dictionary, *other.dictionary]
        return Intervals(np.where(mask, self.codes, np.where(other.codes < 0, -1, other.codes + shift)), both)
