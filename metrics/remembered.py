"""Remembered numbers of one line of windows, by end and group: what comparisons with earlier instants read."""

from __future__ import annotations

from collections.abc import Iterator

import msgpack
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Remembered:
    """The latest word on each window within `keep_ms`, as it was published; arrays by group code."""

    def __init__(self, keep_ms: int) -> None:
        self.keep_ms = keep_ms
        self._windows: dict[int, tuple[Numbers, Mask]] = {}
        self._dirty: set[int] = set()

    def put(self, end: int, value: Numbers, known: Mask) -> None:
        """What the window that ends at `end` gave."""
        self._windows[end] = (value.copy(), known.copy())
        self._dirty.add(end)

    def __len__(self) -> int:
        return len(self._windows)

    def fill(self, end: int, value: Numbers, known: Mask) -> None:
        """What a window gave before anybody asked; what is remembered stays."""
        if end not in self._windows:
            self.put(end, value, known)

    def get(self, end: int, size: int, *, zero_beyond: bool = False) -> tuple[Numbers, Mask] | None:
        """The numbers of `size` groups and which are known; None if nothing is remembered of the window.

        `zero_beyond`: groups that nobody knew of then had 0, not null.
        """
        found = self._windows.get(end)
        if found is None:
            return None
        value, known = np.zeros(size), np.full(size, zero_beyond)
        count = min(size, len(found[0]))
        value[:count], known[:count] = found[0][:count], found[1][:count]
        return value, known

    def live(self, size: int, *, zero_beyond: bool = False) -> Mask:
        """Which of `size` groups something is remembered of that `get` would not answer anyway."""
        found = np.zeros(size, np.bool_)
        for value, known in self._windows.values():
            found[: len(known)] |= (value != 0) | ~known if zero_beyond else known
        return found

    def keep(self, groups: NDArray[np.int64]) -> None:
        """Leave out all groups but these (ascending)."""
        for end, (value, known) in self._windows.items():
            at = groups[: np.searchsorted(groups, len(known))]
            self._windows[end] = value[at], known[at]
        self._dirty |= self._windows.keys()

    def forget(self, now_ms: int) -> None:
        """Drop what no comparison at `now_ms` or later asks for."""
        for end in [end for end in self._windows if end < now_ms - self.keep_ms]:
            del self._windows[end]
            self._dirty.add(end)

    def changed(self) -> Iterator[tuple[int, bytes | None]]:
        """Windows to write since the last call, by end; None: delete."""
        for end in sorted(self._dirty):
            yield end, self._pack(end) if end in self._windows else None
        self._dirty.clear()

    def snapshot(self) -> Iterator[tuple[int, bytes]]:
        """Everything, by end."""
        for end in self._windows:
            yield end, self._pack(end)

    def load(self, end: int, payload: bytes, codes: NDArray[np.int64], *, moved: bool = False) -> None:
        """Take one window over; `codes`: the code that each of its groups has now. `moved`: it is another's and
        not written as ours yet; what we have ourselves stays. Raises ValueError."""
        if moved and end in self._windows:
            return
        value, known = (
            np.frombuffer(part, kind) for part, kind in zip(msgpack.unpackb(payload), ("f8", "?"), strict=True)
        )
        size = int(codes[: len(value)].max(initial=-1)) + 1
        placed, given = np.zeros(size), np.zeros(size, np.bool_)
        placed[codes[: len(value)]], given[codes[: len(value)]] = value, known
        self._windows[end] = (placed, given)
        if moved:
            self._dirty.add(end)

    def _pack(self, end: int) -> bytes:
        value, known = self._windows[end]
        packed: bytes = msgpack.packb([value.tobytes(), known.tobytes()])
        return packed
