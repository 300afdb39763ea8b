"""Remarks of the intake: which rows of a stream did not count, or counted at another time than they say.

A value can be recomputed exactly because every such row is remarked on in the commit that counts it; which rows are
late depends on what the clock showed, and stands nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.raw import RawRows

VERSION = 1
# late, duplicate: a reading that was not folded; future: a row that was refused as too far ahead of the clock; moved: a
# version of a record that came too late and counts from `time_ms` on; dated: one without change time, changed then.
Kind = Literal["late", "duplicate", "future", "moved", "dated"]
LEFT_OUT: frozenset[Kind] = frozenset(("late", "duplicate", "future"))
Index = NDArray[np.intp]


class UnknownRemarkVersion(ValueError):
    """Remarks were written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows of one batch (ascending places in it) of which the same is to be said."""

    kind: Kind
    rows: Index
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A stretch of rows of one shard's stream, from row `first_row` of entry `first` to row `last_row` of entry
    `last`, both included."""

    source: str
    shard: int
    first: str
    first_row: int
    last: str
    last_row: int
    kind: Kind
    time_ms: int | None = None


def remarks(source: str, shard: int, run: RawRows, kept: NDArray[np.bool_] | None, found: Finding) -> list[Remark]:
    """A finding in the places of the stream, neighbouring rows as one stretch. `kept`: which rows of the run are in
    the batch, None: all."""
    rows = found.rows if kept is None else np.flatnonzero(kept)[found.rows]
    return _stretches(source, shard, run, rows, Finding(found.kind, rows, found.time_ms))


def refused(source: str, shard: int, run: RawRows, rows: Index) -> list[Remark]:
    """Rows of a run (places in it) that were too far ahead of the clock."""
    return _stretches(source, shard, run, rows, Finding("future", rows))


def pack(found: Iterable[Remark]) -> bytes:
    """msgpack of [version, [row, ...]]; a row lists the fields of Remark in order."""
    rows = [
        [one.source, one.shard, one.first, one.first_row, one.last, one.last_row, one.kind, one.time_ms]
        for one in found
    ]
    packed: bytes = msgpack.packb([VERSION, rows])
    return packed


def unpack(payload: bytes) -> list[Remark]:
    """Inverse of pack. Raises UnknownRemarkVersion."""
    version, rows = msgpack.unpackb(payload)
    if version != VERSION:
        raise UnknownRemarkVersion(f"remark version {version!r} is not {VERSION}")
    return [Remark(*row) for row in rows]


def _stretches(source: str, shard: int, run: RawRows, rows: Index, found: Finding) -> list[Remark]:
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > 1)
    begins: Sequence[int] = rows[np.concatenate([[0], cuts + 1])].tolist()
    ends: Sequence[int] = rows[np.append(cuts, len(rows) - 1)].tolist()
    stretches = []
    for begin, end in zip(begins, ends, strict=True):
        first, last = run.origin(begin), run.origin(end)
        stretches.append(Remark(source, shard, *first, *last, found.kind, found.time_ms))
    return stretches
