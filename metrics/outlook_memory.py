"""The memory of an outlook in a checkpoint: a base, and the values that came since; from both it is played again.

Models change as a whole with every window, and take some 80 KB a series; what changes them are a few numbers. So a
commit writes the numbers, and now and then, about once in a hundred windows, the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]
BASE, ROW = "base/", "row/"


class OutlookMemory:
    """The fields of one outlook: `base/ARRAY`, and `row/END` for each window since, its values (series,)."""

    def __init__(self, rows: int) -> None:
        """`rows`: so many values are kept before a new base takes them in."""
        self._limit = rows
        self.base: dict[str, bytes] = {}
        self.rows: dict[int, bytes] = {}
        self._dirty: set[str] = set()

    @property
    def full(self) -> bool:
        """Whether it is time for a new base."""
        return len(self.rows) >= self._limit

    def add(self, end: int, values: Numbers) -> None:
        """The values of the window that ends at `end` were taken in."""
        self.rows[end] = values.tobytes()
        self._dirty.add(f"{ROW}{end}")

    def rebase(self, arrays: Arrays) -> None:
        """All models as they are now; the values before have had their part."""
        self._dirty |= {f"{ROW}{end}" for end in self.rows} | {f"{BASE}{name}" for name in (*self.base, *arrays)}
        self.rows = {}
        self.base = {name: array.tobytes() for name, array in arrays.items()}

    def clear(self) -> None:
        """Nothing is remembered any more."""
        self.rebase({})

    def changed(self) -> dict[str, bytes | None]:
        """Fields that differ since the last call; None: delete."""
        fields = self.snapshot()
        out = {name: fields.get(name) for name in sorted(self._dirty)}
        self._dirty.clear()
        return out

    def snapshot(self) -> dict[str, bytes]:
        """All fields; does not count as a look at the changes."""
        rows = {f"{ROW}{end}": payload for end, payload in self.rows.items()}
        return rows | {f"{BASE}{name}": payload for name, payload in self.base.items()}

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Take the fields over. Raises ValueError for a name that is neither base nor row."""
        for name, payload in fields.items():
            if name.startswith(BASE):
                self.base[name.removeprefix(BASE)] = payload
            else:
                self.rows[int(name.removeprefix(ROW))] = payload
        self.rows = dict(sorted(self.rows.items()))

    def arrays(self, like: Arrays) -> dict[str, NDArray[Any]]:
        """The base as arrays of the types and shapes of `like`; what is absent is absent. Raises ValueError where the
        size is another."""
        found = {}
        for name, array in like.items():
            if name in self.base:
                found[name] = np.frombuffer(self.base[name], array.dtype).reshape(array.shape)
        return found
