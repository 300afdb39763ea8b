"""A ledger: rows of named columns in order of arrival; it grows at the end and is cut by a mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

Cells = NDArray[Any]  # int64, int32, bool, or object (Python integers) where int64 would overflow

CHUNK = 2_048  # rows in one field of a checkpoint: what a commit rewrites at most beside what is new
_ROOM = 1_024


class Ledger:
    """Equally long columns; every row has a value in each."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self._columns: dict[str, Cells] = {name: np.empty(_ROOM, kind) for name, kind in types.items()}
        self.rows = 0
        self.version = 0  # counts what changed the rows, so that an index over them knows that it is old
        self._written = 0  # rows that are in a checkpoint as they are
        self._fields = 0  # chunks of the checkpoint

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> Cells:
        """A column, shape (rows,); a view that the next append may leave behind."""
        return self._columns[name][: self.rows]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self._columns)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def append(self, columns: Mapping[str, Cells], rows: int) -> None:
        """Add rows at the end."""
        if not rows:
            return
        self._reserve(self.rows + rows)
        for name in self._columns:
            given = columns[name]
            if given.dtype == object and self._columns[name].dtype != object:
                self._columns[name] = self._columns[name].astype(object)
            self._columns[name][self.rows : self.rows + rows] = given
        self.rows += rows
        self.version += 1

    def put(self, name: str, at: NDArray[np.intp], cells: Cells | int) -> None:
        """Overwrite some cells; only of columns that no checkpoint holds, or before one was written."""
        self._columns[name][at] = cells

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Leave the other rows out; the order stays."""
        kept = np.flatnonzero(mask)
        same = self.rows if mask.all() else int(np.argmin(mask))  # rows before the first one that goes
        for name in self._columns:
            self._columns[name] = self._columns[name][: self.rows][kept]
        self.rows = len(kept)
        self.version += 1
        self._written = min(self._written, same)

    def recode(self, name: str, codes: NDArray[np.int32]) -> None:
        """Give the codes in a column their new numbers; `codes`: by old code. Negative ones stay, and a cell that is no
        code (nobody reads it) becomes 0."""
        if not self.rows:
            return
        cells = self._columns[name][: self.rows]
        known = (cells >= 0) & (cells < len(codes))
        renewed = codes[np.where(known, cells, 0).astype(np.int64)] if len(codes) else np.zeros(self.rows, np.int32)
        self._columns[name][: self.rows] = np.where(known, renewed, np.where(cells < 0, cells, 0))
        self.version += 1
        self._written = 0

    def changed(self, names: tuple[str, ...]) -> Iterator[tuple[int, bytes | None]]:
        """Chunks to write since the last call, by number; None: delete. `names`: the columns that are written."""
        if self.rows == self._written and self._fields == _chunks(self.rows):
            return
        for chunk in range(self._written // CHUNK, _chunks(self.rows)):
            yield chunk, self._chunk(chunk, names)
        for chunk in range(_chunks(self.rows), self._fields):
            yield chunk, None
        self._written, self._fields = self.rows, _chunks(self.rows)

    def snapshot(self, names: tuple[str, ...]) -> Iterator[tuple[int, bytes]]:
        """Everything, as chunks of the same numbers that `changed` uses."""
        for chunk in range(_chunks(self.rows)):
            yield chunk, self._chunk(chunk, names)

    def replace(self, columns: Mapping[str, Cells]) -> None:
        """Give whole columns, shape (rows,), made anew; only before a checkpoint of them is written."""
        for name, cells in columns.items():
            if cells.dtype == object and self._columns[name].dtype != object:
                self._columns[name] = self._columns[name].astype(object)
            self._columns[name][: self.rows] = cells
        self.version += 1

    def load(self, chunks: Mapping[int, bytes], names: tuple[str, ...], fill: Mapping[str, int]) -> set[str]:
        """Take over the chunks of a snapshot; columns that are not written begin as `fill`, or as nothing.

        Returns which of the columns `names` some chunk lacks: they are nothing there. What the chunks hold beyond
        `names` is left out. In both cases all of it is written anew.
        """
        lacking: set[str] = set()
        same = True
        for number in sorted(chunks):
            rows, parts = msgpack.unpackb(chunks[number])
            columns: dict[str, Cells] = {}
            for name in self._columns:
                if name in parts and name in names:
                    columns[name] = _unpacked(parts[name], rows)
                else:
                    columns[name] = np.full(rows, fill.get(name, 0), self._columns[name].dtype)
            lacking |= set(names) - parts.keys()
            same = same and parts.keys() == set(names)
            self.append(columns, rows)
        self._written, self._fields = self.rows if same else 0, _chunks(self.rows)
        return lacking

    def _chunk(self, chunk: int, names: tuple[str, ...]) -> bytes:
        part = slice(chunk * CHUNK, min((chunk + 1) * CHUNK, self.rows))
        cells = {name: _packed(self._columns[name][part]) for name in names}
        packed: bytes = msgpack.packb([part.stop - part.start, cells])
        return packed

    def _reserve(self, rows: int) -> None:
        for name, cells in self._columns.items():
            if len(cells) < rows:
                grown = np.empty(max(rows, 2 * len(cells), _ROOM), cells.dtype)
                grown[: self.rows] = cells[: self.rows]
                self._columns[name] = grown


def _chunks(rows: int) -> int:
    return -(-rows // CHUNK)


def _packed(cells: Cells) -> list[Any]:
    """[type, bytes], or ["O", decimal texts] of Python integers."""
    if cells.dtype == object:
        return ["O", [str(cell) for cell in cells]]
    return [cells.dtype.str, cells.tobytes()]


def _unpacked(raw: list[Any], rows: int) -> Cells:
    kind, payload = raw
    if kind == "O":
        cells = np.empty(rows, object)
        cells[:] = [int(text) for text in payload]
        return cells
    found = np.frombuffer(payload, np.dtype(kind)).copy()
    if len(found) != rows:
        raise ValueError("a column is shorter than its chunk")
    return found
