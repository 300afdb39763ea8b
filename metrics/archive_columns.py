"""Cells: values of one indicator version as rows by group and window end, in the columns of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.conclude import QUALITY_NAMES, Concluded
from metrics.indicator import Indicator
from metrics.measured import Counts, Group, Mask, Numbers


@dataclass(frozen=True, slots=True)
class Run:
    """Values of windows that begin at `starts` (None: a window has no begin) and end at `ends`; `shown`, shape
    (windows, groups): which of them exist. Groups of all runs of one indicator differ in window or group."""

    starts: Sequence[int | None]
    ends: Sequence[int]
    concluded: Concluded
    shown: Mask


@dataclass(frozen=True, slots=True)
class Cells:
    """Values as rows, by group and end; `begun` 0: the window has no begin."""

    indicator: Indicator
    groups: list[Group]
    group: NDArray[np.int32]
    starts: Counts
    begun: NDArray[np.int8]
    ends: Counts
    value: Numbers
    known: Mask
    quality: NDArray[np.int8]
    samples: Counts
    distinct: Counts
    window: Counts  # the place of each end among the distinct ones

    def columns(self) -> dict[str, pa.Array]:
        """Those that every series of values has; `dims` as in the series id."""
        return {
            "region": coded(self.group, [code for code, _ in self.groups]),
            "dims": coded(self.group, [dims_text(self.indicator, split) for _, split in self.groups]),
            "window_start": pa.array(self.starts, mask=self.begun == 0), "window_end": pa.array(self.ends),
            "value": pa.array(self.value, mask=~self.known),
            "quality": coded(self.quality.astype(np.int32), QUALITY_NAMES), "samples": pa.array(self.samples),
        }  # fmt: skip

    def at(self, instants: Sequence[int]) -> tuple[Numbers, Mask]:
        """For each row the value of its group in the window that ends at the instant named for its own end."""
        wanted = np.array(instants, np.int64)[self.window]
        place = np.searchsorted(self.distinct, wanted)
        there = (place < len(self.distinct)) & (self.distinct[np.minimum(place, len(self.distinct) - 1)] == wanted)
        width = len(self.distinct)
        own = self.group.astype(np.int64) * width + self.window  # ascending: rows stand by group and end
        asked = self.group.astype(np.int64) * width + place
        row = np.minimum(np.searchsorted(own, asked), len(own) - 1)
        found = there & (own[row] == asked)
        found &= self.known[row]
        return np.where(found, self.value[row], 0.0), found


def cells_of(indicator: Indicator, runs: Sequence[Run]) -> Cells:
    """Of runs that differ in window or group."""
    groups: dict[Group, int] = {}
    parts: list[tuple[NDArray[np.int64], ...]] = []
    for run in runs:
        rows, columns = np.nonzero(run.shown)
        own = np.array([groups.setdefault(group, len(groups)) for group in run.concluded.groups], np.int64)
        ends = np.array(run.ends, np.int64)[rows]
        starts = np.array([0 if one is None else one for one in run.starts], np.int64)[rows]
        begun = np.array([one is not None for one in run.starts], np.int64)[rows]
        parts.append((rows, columns, own[columns], ends, starts, begun))
    told = list(zip(runs, parts, strict=True))
    names = sorted(groups, key=lambda one: (dims_text(indicator, one[1]), one[0]))
    place = np.empty(len(groups), np.int64)
    place[[groups[name] for name in names]] = np.arange(len(names))
    whole = [np.concatenate([part[at] for part in parts]) if parts else np.zeros(0, np.int64) for at in range(2, 6)]
    group = place[whole[0]] if names else whole[0]
    by = np.lexsort((whole[1], group))
    cells = {
        name: np.concatenate([np.zeros(0), *(getattr(run.concluded, name)[part[:2]] for run, part in told)])
        for name in ("value", "known", "quality", "samples")
    }
    distinct, window = np.unique(whole[1][by], return_inverse=True)
    return Cells(
        indicator, names, group[by].astype(np.int32), whole[2][by], whole[3][by].astype(np.int8), whole[1][by],
        cells["value"][by], cells["known"][by].astype(np.bool_), cells["quality"][by].astype(np.int8),
        cells["samples"][by].astype(np.int64), distinct, window.astype(np.int64),
    )  # fmt: skip


def dims_text(indicator: Indicator, split: tuple[str, ...] | None) -> str:
    """`name=value,...` in declared order."""
    return "" if split is None else ",".join(
        f"{name}={text}" for name, text in zip(indicator.dimensions, split, strict=True)
    )  # fmt: skip


def coded(codes: NDArray[np.int32], words: Sequence[str]) -> pa.Array:
    """Texts by their place; -1 is null."""
    distinct: dict[str, int] = {}
    place = np.array([distinct.setdefault(word, len(distinct)) for word in words], np.int32)
    told = place[np.where(codes < 0, 0, codes)].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(told, mask=codes < 0), pa.array(list(distinct), pa.string()))
