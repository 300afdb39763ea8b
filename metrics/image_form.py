"""The form of the fields of a checkpoint: how each part of the state is packed and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.aggregate import Folded, Integers
from metrics.intake import Intake
from metrics.publication import Publication
from metrics.record import Record
from metrics.sketch import Ranks, Registers, read
from metrics.succession import Split

VERSION = 1
CHUNK = 1024  # items of an append-only list in one field


class UnknownStateVersion(ValueError):
    """A checkpoint was written by another version of this program."""


class DamagedState(ValueError):
    """A checkpoint does not decode; `field` names where."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the checkpoint is damaged at {field!r}")
        self.field = field


def of_kind(fields: Mapping[str, bytes], kind: str) -> Iterator[tuple[str, str, bytes]]:
    """The fields of a kind: (field, what follows the kind, payload)."""
    for field, payload in fields.items():
        found, _, tail = field.partition("/")
        if found == kind:
            yield field, tail, payload


def line_of(name: str) -> tuple[str, int]:
    """What `ID@VERSION` and `ID@VERSION~rows` are versions of, and which."""
    indicator, _, rest = name.rpartition("@")
    version, between, inner = rest.partition("~")
    return indicator + between + inner, int(version)


def joined(chunks: Mapping[int, list[Any]]) -> list[Split]:
    """The groups of a version, by code."""
    rows = [row for chunk in sorted(chunks) for row in chunks[chunk]]
    return [(region, None if split is None else tuple(split)) for region, split in rows]


def constant(items: Sequence[Any]) -> Callable[[], Sequence[Any]]:
    return lambda: items


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def decode(field: str, payload: bytes) -> Any:
    try:
        return msgpack.unpackb(payload, strict_map_key=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise DamagedState(field) from error


def meta() -> bytes:
    return pack(VERSION)


def chunk_of(items: Sequence[Any], chunk: int) -> bytes:
    return pack(list(items[chunk * CHUNK : (chunk + 1) * CHUNK]))


def source_form(intake: Intake) -> bytes:
    mark, counters = intake.watermark, intake.counters
    numbers = (counters.rows, counters.late, counters.duplicate, counters.unregistered)
    presence = sorted(intake.presence.newest_in.items())
    return pack((mark.newest_ms, mark.mark_ms, mark.heard_ms, numbers, presence, intake.first_ms))


def progress_form(publication: Publication) -> bytes:
    agenda = publication.agenda
    return pack((agenda.cursor_ms, agenda.started, sorted(agenda.waiting)))


def pane_form(folded: Folded) -> bytes:
    numbers = [_integers(part) for part in (folded.count, folded.sum, folded.min, folded.max)]
    sketches = [one.stored() for one in (folded.ranks, folded.registers) if one is not None]
    return pack([*numbers, sketches] if sketches else numbers)


def read_pane(raw: Sequence[Any]) -> Folded:
    count, total, least, greatest = (_unpacked(part) for part in raw[:4])
    if count is None:
        raise ValueError("a pane without counts")
    folded = Folded(count, total, least, greatest)
    for sketch in (read(one) for one in (raw[4] if len(raw) > 4 else ())):
        if isinstance(sketch, Ranks):
            folded.ranks = sketch
        elif isinstance(sketch, Registers):
            folded.registers = sketch
    return folded


def _integers(values: Integers | None) -> Any:
    """int64 as bytes, Python integers as decimal texts."""
    if values is None:
        return None
    return [str(value) for value in values] if values.dtype == object else values.tobytes()


def _unpacked(raw: Any) -> Integers | None:
    if raw is None:
        return None
    if isinstance(raw, bytes):
        return np.frombuffer(raw, np.int64).copy()
    whole = np.empty(len(raw), object)
    whole[:] = [int(text) for text in raw]
    return whole


def record_form(record: Record) -> bytes:
    return pack([record.completed, *(array.tobytes() for array in record.arrays())])


def read_record(raw: Sequence[Any]) -> Record:
    completed, *parts = raw
    return Record.of(_arrays(parts), completed)


def _arrays(parts: Sequence[bytes]) -> Iterator[NDArray[Any]]:
    for part, kind in zip(parts, Record.TYPES, strict=True):
        yield np.frombuffer(part, kind).copy()


def moved(record: Record, codes: NDArray[np.int64], size: int) -> Record:
    """A record whose groups have other codes now."""
    moved = Record.empty((size,))
    for old, new in zip(record.arrays(), moved.arrays(), strict=True):
        new[codes] = old
    moved.completed = record.completed
    return moved
