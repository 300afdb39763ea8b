"""The record of one window: what was published of it, so that only what changed is said again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Record:
    """What was published of one window, by group code. Arrays of one length; a group behind their end is not shown."""

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
        known = groups[: np.searchsorted(groups, len(self.shown))]
        return Record.of((array[known] for array in self.arrays()), self.completed)

    def grown(self, size: int) -> Record:
        """The same with room for `size` groups."""
        more = size - len(self.shown)
        if more <= 0:
            return self
        grown = (np.concatenate([array, np.zeros(more, array.dtype)]) for array in self.arrays())
        return Record.of(grown, self.completed)
