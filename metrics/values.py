"""Values: many published values as columns, as they go from the engine to the streams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.series import Head, Lines, Series
from metrics.threshold import level_name, number
from metrics.value import ORIGINS, QUALITIES, Value

TYPES = {
    "line": np.int32, "start": np.int64, "end": np.int64, "value": np.float64, "quality": np.int8,
    "samples": np.int64, "revision": np.int32, "level": np.int8, "earlier": np.float64, "origin": np.int8,
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Values:
    """A row for each value, arrays of one length. `line`: whose it is; [`start`, `end`) its window, ms UTC; `value`
    and `earlier` (that of the day before) are NaN where they are null; `quality`, `level` (0: none) and `origin` are
    places in QUALITIES, among the levels and in ORIGINS; `done`: the window is complete."""

    series: Series
    line: Lines
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int8]
    samples: NDArray[np.int64]
    revision: NDArray[np.int32]
    level: NDArray[np.int8]
    earlier: NDArray[np.float64]
    origin: NDArray[np.int8]
    done: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.line)

    def __eq__(self, other: object) -> bool:
        """Whether the same is said, in the same order."""
        if not isinstance(other, Values):
            return NotImplemented
        return self.each() == other.each() and np.array_equal(self.done, other.done)

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def of(values: Iterable[Value], done: bool = False) -> Values:
        """Values one by one as columns."""
        series, numbers = Series(), dict[tuple[Any, ...], int]()
        rows = []
        for one in values:
            key = (one.indicator, one.version, one.region, one.dims)
            if key not in numbers:
                numbers[key] = series.add(Head(*key))
            rows.append((
                numbers[key], one.window_start, one.window_end, np.nan if one.value is None else one.value,
                QUALITIES.index(one.quality), one.samples, one.revision, 0 if one.level is None else number(one.level),
                np.nan if one.same_time_1d is None else one.same_time_1d, ORIGINS.index(one.origin),
            ))  # fmt: skip
        columns = list(zip(*rows, strict=True)) or [()] * len(TYPES)
        arrays: list[Any] = [np.array(column, kind) for column, kind in zip(columns, TYPES.values(), strict=True)]
        return Values(series, *arrays, np.full(len(rows), done))  # type: ignore[call-arg]  # all but the last

    def columns(self) -> dict[str, NDArray[Any]]:
        """What is written of it, by name, of the types TYPES."""
        return {name: getattr(self, name) for name in TYPES}

    def take(self, rows: NDArray[Any] | slice) -> Values:
        """Some of the rows."""
        return Values(self.series, *(getattr(self, name)[rows] for name in _ARRAYS))

    def each(self) -> list[Value]:
        """One by one."""
        heads = self.series.heads
        rows = zip(*(getattr(self, name).tolist() for name in TYPES), strict=True)
        found = []
        for line, start, end, value, quality, samples, revision, level, earlier, origin in rows:
            head = heads[line]
            found.append(
                Value(
                    head.indicator, head.version, head.region, head.dims, start, end,
                    value if value == value else None, QUALITIES[quality], samples, revision,  # noqa: PLR0124  NaN: null
                    level_name(level), earlier if earlier == earlier else None, ORIGINS[origin],  # noqa: PLR0124
                )
            )  # fmt: skip
        return found

    @staticmethod
    def joined(parts: Sequence[Values]) -> Values:
        """All rows, in order; of the lines only those that have rows."""
        if not parts:
            return Values.of(())
        heads: list[Head] = []
        offsets: dict[int, int] = {}
        for part in parts:
            if id(part.series) not in offsets:
                offsets[id(part.series)] = len(heads)
                heads += part.series.heads
        line = np.concatenate([part.line for part in parts])
        line += np.repeat([offsets[id(part.series)] for part in parts], [len(part) for part in parts]).astype(np.int32)
        return Values(
            Series(heads), line, *(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS[1:])
        ).narrowed()

    def narrowed(self) -> Values:
        """The same with those lines only that have rows."""
        used = np.zeros(len(self.series.heads), np.bool_)
        used[self.line] = True
        heads = self.series.heads
        series = Series([heads[at] for at in np.flatnonzero(used).tolist()])
        line = (np.cumsum(used, dtype=np.int32) - 1)[self.line].astype(np.int32)
        return Values(series, line, *(getattr(self, name) for name in _ARRAYS[1:]))


_ARRAYS = tuple(spec.name for spec in fields(Values))[1:]
