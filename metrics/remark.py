"""Remarks of the intake: which rows of a stream did not count, or counted at another time than they say.

A value can be recomputed exactly because every such row is remarked on in the commit that counts it; which rows are
late depends on what the clock showed, and stands nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

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
Places = NDArray[Any]  # whole numbers


class UnknownRemarkVersion(ValueError):
    """Remarks were written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows of one batch (ascending places in it) of which the same is to be said."""

    kind: Kind
    rows: Index
    time_ms: int | None = None


class Stretch(NamedTuple):
    """Rows from `first_row` of entry `first` to `last_row` of entry `last`, both included."""

    first: str
    first_row: int
    last: str
    last_row: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Stretches of rows of one shard's stream of which the same is to be said.

    `ids` are entries; `first`, `last` (stretches,) are places among them, `first_row`, `last_row` rows inside them.
    """

    source: str
    shard: int
    kind: Kind
    time_ms: int | None
    ids: Sequence[str]
    first: Places
    first_row: Places
    last: Places
    last_row: Places

    @property
    def stretches(self) -> list[Stretch]:
        """Each stretch by the ids of its entries."""
        cells = zip(*(one.tolist() for one in (self.first, self.first_row, self.last, self.last_row)), strict=True)
        return [Stretch(self.ids[first], row, self.ids[last], last_row) for first, row, last, last_row in cells]


def remark(source: str, shard: int, run: RawRows, kept: NDArray[np.bool_] | None, found: Finding) -> Remark | None:
    """A finding in the places of the stream, neighbouring rows as one stretch; None if it is of no row. `kept`: which
    rows of the run are in the batch, None: all."""
    rows = found.rows if kept is None or not len(found.rows) else np.flatnonzero(kept)[found.rows]
    return _remark(source, shard, run, rows, found)


def refused(source: str, shard: int, run: RawRows, rows: Index) -> Remark | None:
    """Rows of a run (places in it) that were too far ahead of the clock; None: there are none."""
    return _remark(source, shard, run, rows, Finding("future", rows))


def pack(found: Iterable[Remark]) -> bytes:
    """msgpack of [version, [row, ...]]; a row lists the fields of Remark in order, arrays as little-endian int32."""
    rows = [
        [one.source, one.shard, one.kind, one.time_ms, one.ids, *(_bytes(part) for part in _parts(one))]
        for one in found
    ]
    packed: bytes = msgpack.packb([VERSION, rows])
    return packed


def unpack(payload: bytes) -> list[Remark]:
    """Inverse of pack. Raises UnknownRemarkVersion."""
    version, rows = msgpack.unpackb(payload)
    if version != VERSION:
        raise UnknownRemarkVersion(f"remark version {version!r} is not {VERSION}")
    return [Remark(*row[:5], *(np.frombuffer(part, "<i4") for part in row[5:])) for row in rows]


def _remark(source: str, shard: int, run: RawRows, rows: Index, found: Finding) -> Remark | None:
    if not len(rows):
        return None
    cuts = np.flatnonzero(np.diff(rows) > 1)
    begins, ends = rows[np.concatenate([[0], cuts + 1])], rows[np.append(cuts, len(rows) - 1)]
    first, last = (np.searchsorted(run.starts, one, side="right") - 1 for one in (begins, ends))
    used, places = np.unique(np.concatenate([first, last]), return_inverse=True)
    ids = [run.ids[at].decode("latin-1") for at in used.tolist()]
    return Remark(
        source, shard, found.kind, found.time_ms, ids, places[: len(first)], begins - run.starts[first],
        places[len(first) :], ends - run.starts[last],
    )  # fmt: skip


def _parts(one: Remark) -> tuple[Any, ...]:
    return one.first, one.first_row, one.last, one.last_row


def _bytes(part: Places) -> bytes:
    return part.astype("<i4").tobytes()
