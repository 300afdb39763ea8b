"""The record of a window: what was published of it, so that only what changed is said again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Record:
    """What was published of one window, by group code. Arrays of one shape, (groups,) or (members of a family, groups);
    a group behind their end is not shown."""

    shown: NDArray[np.bool_]
    known: NDArray[np.bool_]
    raw: NDArray[np.float64]
    value: NDArray[np.float64]
    samples: NDArray[np.int64]
    quality: NDArray[np.int8]
    level: NDArray[np.int8]
    revision: NDArray[np.int32]
    completed: bool = False

    TYPES = (np.bool_, np.bool_, np.float64, np.float64, np.int64, np.int8, np.int8, np.int32)

    @staticmethod
    def of(arrays: Iterable[NDArray[Any]], completed: bool) -> Record:
        """From arrays in the order of `arrays`."""
        shown, known, raw, value, samples, quality, level, revision = arrays
        return Record(shown, known, raw, value, samples, quality, level, revision, completed)

    @staticmethod
    def empty(shape: tuple[int, ...]) -> Record:
        """Nothing was published."""
        return Record.of((np.zeros(shape, kind) for kind in Record.TYPES), completed=False)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All arrays, of the types TYPES."""
        return (
            self.shown, self.known, self.raw, self.value, self.samples, self.quality, self.level, self.revision,
        )  # fmt: skip

    def kept(self, groups: NDArray[np.int64]) -> Record:
        """What was published of these groups (ascending)."""
        known = groups[: np.searchsorted(groups, self.shown.shape[-1])]
        return Record.of((array[..., known] for array in self.arrays()), self.completed)

    def grown(self, size: int) -> Record:
        """The same with room for `size` groups."""
        more = size - self.shown.shape[-1]
        if more <= 0:
            return self
        shape = (*self.shown.shape[:-1], more)
        grown = (np.concatenate([array, np.zeros(shape, array.dtype)], axis=-1) for array in self.arrays())
        return Record.of(grown, self.completed)

    @staticmethod
    def stacked(records: Sequence[Record]) -> Record:
        """Those of several indicators as one of shape (indicators, groups)."""
        size = max(len(one.shown) for one in records)
        parts = zip(*(one.grown(size).arrays() for one in records), strict=True)
        return Record.of((np.stack(part) for part in parts), records[0].completed)

    def window(self, at: int, completed: bool) -> Record:
        """That of one window, of several windows of shape (members, windows, groups)."""
        return Record.of((array[:, at] for array in self.arrays()), completed)

    def row(self, at: int) -> Record:
        """That of one indicator."""
        return Record.of((array[at] for array in self.arrays()), self.completed)

    def differs(self, other: Record) -> NDArray[np.bool_]:
        """Which of the groups shown are said otherwise than in a record of the same shape, or not at all there."""
        differs = ~other.shown
        for name in ("value", "known", "samples", "quality", "level"):
            differs |= getattr(self, name) != getattr(other, name)
        return differs & self.shown


@dataclass(slots=True)
class Stood:
    """What was published of several windows. `record`: of all of them, arrays of shape (members, windows, groups);
    `there`: whether anything was, `completed`: whether the window was complete, `whole`: of all groups; each of shape
    (windows,)."""

    record: Record
    there: NDArray[np.bool_]
    completed: NDArray[np.bool_]
    whole: NDArray[np.bool_]

    @staticmethod
    def of(records: Sequence[Record | None], shape: tuple[int, int]) -> Stood | None:
        """Of records by window, for (members, groups); None if nothing was published of any."""
        if all(one is None for one in records):
            return None
        grown = [Record.empty(shape) if one is None else one.grown(shape[1]) for one in records]
        stacked = (np.stack(part, axis=1) for part in zip(*(one.arrays() for one in grown), strict=True))
        return Stood(
            Record.of(stacked, completed=False),
            np.array([one is not None for one in records], np.bool_),
            np.array([one is not None and one.completed for one in records], np.bool_),
            np.array([one is not None and one.shown.shape[1] == shape[1] for one in records], np.bool_),
        )

    def at(self, place: int) -> Stood:
        """That of one window."""
        some = slice(place, place + 1)
        arrays = (array[:, some] for array in self.record.arrays())
        return Stood(Record.of(arrays, completed=False), self.there[some], self.completed[some], self.whole[some])
