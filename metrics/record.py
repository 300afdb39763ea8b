"""The record of one window: what was published of it, so that only what changed is said again."""

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
    def empty(size: int) -> Record:
        """Nothing was published of `size` groups."""
        return Record.of((np.zeros(size, kind) for kind in Record.TYPES), completed=False)

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

    def row(self, at: int) -> Record:
        """That of one indicator."""
        return Record.of((array[at] for array in self.arrays()), self.completed)

    def differs(self, other: Record) -> NDArray[np.bool_]:
        """Which of the groups shown are said otherwise than in a record of the same shape, or not at all there."""
        differs = ~other.shown
        for name in ("value", "known", "samples", "quality", "level"):
            differs |= getattr(self, name) != getattr(other, name)
        return differs & self.shown
