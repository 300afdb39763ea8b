"""Named identities: readings that carry an identity of their own, such as a ticket number, count once by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.observation import Dictionary
from metrics.rows import coded
from metrics.watermark import BEGINNING

CHUNK = 4_096
_BETWEEN = "\x1f"  # joins the fields of an identity


class NamedIdentities:
    """The identities accepted by one source within its lateness, each a text, under dense codes."""

    def __init__(self) -> None:
        self.names = Dictionary()
        self._newest = np.empty(0, np.int64)  # by code: the time at which it was accepted; BEGINNING: not, or forgotten
        self._dirty: set[int] = set()
        self._dropped: list[str] = []

    def codes(self, columns: Sequence[Column]) -> NDArray[np.int32]:
        """The identity of each row."""
        parts = []
        for column in columns:
            texts = Dictionary([""])
            parts.append((texts, coded(texts, column)))
        if len(parts) == 1:
            texts, codes = parts[0]
            return self.names.codes(texts)[codes]
        rows = zip(*(codes.tolist() for _, codes in parts), strict=True)
        joined = [_BETWEEN.join(texts[code] for (texts, _), code in zip(parts, row, strict=True)) for row in rows]
        return self.names.codes(joined)

    def admit(self, identity: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Which rows are no duplicates (of kept rows, or of an earlier row of this batch); None when all are new."""
        if not len(identity):
            return None
        if len(self.names) > len(self._newest):
            more = np.full(max(len(self.names), 2 * len(self._newest)) - len(self._newest), BEGINNING, np.int64)
            self._newest = np.concatenate([self._newest, more])
        new = np.zeros(len(identity), np.bool_)
        new[np.unique(identity, return_index=True)[1]] = True
        new &= self._newest[identity] == BEGINNING
        self._newest[identity[new]] = time[new]
        self._dirty.update(np.unique(identity[new] // CHUNK).tolist())
        return None if new.all() else new

    def forget(self, before_ms: int) -> None:
        """An identity this old may come again: its rows would be late."""
        old = (self._newest < before_ms) & (self._newest > BEGINNING)
        if old.any():
            self._dirty.update(np.unique(np.flatnonzero(old) // CHUNK).tolist())
            self._newest[old] = BEGINNING

    def live(self) -> NDArray[np.bool_]:
        """Which identities have not been forgotten, shape (names,)."""
        found = np.zeros(len(self.names), np.bool_)
        found[: len(self._newest)] = self._newest[: len(self.names)] > BEGINNING
        return found

    def keep(self, kept: NDArray[np.int64]) -> None:
        """Leave out all identities but these (ascending)."""
        chunks = -(-len(self.names) // CHUNK)
        self.names.keep(kept)
        self._newest = self._newest[kept[: np.searchsorted(kept, len(self._newest))]]
        self._dirty = set(range(-(-len(self.names) // CHUNK)))
        self._dropped += [f"0/{chunk}" for chunk in range(len(self._dirty), chunks)]

    def __len__(self) -> int:
        return int((self._newest > BEGINNING).sum())

    def changed(self) -> Iterator[tuple[str, bytes | None]]:
        """Chunks to write since the last call, by name `0/chunk`; None: delete."""
        for name in self._dropped:
            yield name, None
        self._dropped = []
        for chunk in sorted(self._dirty):
            yield f"0/{chunk}", self._chunk(chunk)
        self._dirty.clear()

    def snapshot(self) -> Iterator[tuple[str, bytes]]:
        """Everything, as chunks of the same names that `changed` uses."""
        for chunk in range(-(-len(self.names) // CHUNK)):
            yield f"0/{chunk}", self._chunk(chunk)

    def load(self, chunks: dict[tuple[int, int], bytes]) -> None:
        """Take over the chunks of a snapshot. Raises ValueError if one is missing."""
        for place, (_, chunk) in enumerate(sorted(chunks)):
            if place != chunk:
                raise ValueError("a chunk of identities is missing")
            names, newest = msgpack.unpackb(chunks[0, chunk])
            self.names.codes(names)
            self._newest = np.concatenate([self._newest[: chunk * CHUNK], np.frombuffer(newest, np.int64)])

    def _chunk(self, chunk: int) -> bytes:
        names = self.names[chunk * CHUNK : (chunk + 1) * CHUNK]
        newest = self._newest[chunk * CHUNK : chunk * CHUNK + len(names)]
        packed: bytes = msgpack.packb([names, newest.tobytes()])
        return packed
