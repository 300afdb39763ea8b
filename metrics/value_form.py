"""The forms of published values on the wire: a row for each of a few, columns for many.

Version 1 is msgpack of [1, [row, ...]], a row lists the fields of Value in order. Version 2 is msgpack of [2, rows,
[indicator, version, region, dims, ...], [buffer, ...]]: four entries for each line, then the little-endian columns of
`metrics.values.TYPES` in order; a buffer of one element stands for all rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.series import Head, Series
from metrics.threshold import level_name
from metrics.value import ORIGINS, QUALITIES, Value
from metrics.values import TYPES, Values

ROWS, COLUMNS = 1, 2
_row = attrgetter(*(spec.name for spec in fields(Value)))  # ten times as fast as `astuple`, which copies
_ALONE = b"\x92\x01\x91\x9d"  # two parts: the version, and one row of thirteen fields
_LITTLE = tuple(np.dtype(kind).newbyteorder("<") for kind in TYPES.values())


class UnknownValueVersion(ValueError):
    """Values were written by another version of this program."""


def pack_values(values: Iterable[Value]) -> bytes:
    """The form for few values."""
    packed: bytes = msgpack.packb([ROWS, [_row(value) for value in values]])
    return packed


def pack_columns(values: Values) -> bytes:
    """The form for many values."""
    packer = msgpack.Packer(autoreset=False)
    packer.pack_array_header(4)
    packer.pack(COLUMNS)
    packer.pack(len(values))
    packer.pack_array_header(4 * len(values.series.heads))
    parts: list[bytes | memoryview] = [packer.bytes(), *(one.packed for one in values.series.heads)]
    packer.reset()
    packer.pack_array_header(len(_LITTLE))
    parts.append(packer.bytes())
    for array, kind in zip(values.columns().values(), _LITTLE, strict=True):
        column = _buffer(array.astype(kind, copy=False))
        parts += [_head(column.nbytes), column.data.cast("B") if len(column) else b""]
    return b"".join(parts)  # copied once: there may be megabytes of it


def _head(size: int) -> bytes:
    """What msgpack writes before so many bytes."""
    if size < 1 << 8:
        return b"\xc4" + size.to_bytes(1, "big")
    return b"\xc5" + size.to_bytes(2, "big") if size < 1 << 16 else b"\xc6" + size.to_bytes(4, "big")


def _buffer(column: NDArray[Any]) -> NDArray[Any]:
    """The whole column, or its first element if all are the same bits."""
    column = np.ascontiguousarray(column)
    bits = column.view(f"<i{column.itemsize}")
    return column[:1] if len(bits) and bits[0] == bits[-1] and (bits == bits[0]).all() else column


def pack_each(values: Values) -> dict[str, bytes]:
    """Each value by the name of its series, as `pack_values` writes it alone; of one series the last."""
    heads, pack = values.series.heads, msgpack.Packer().pack
    rows = zip(*(array.tolist() for array in values.columns().values()), strict=True)
    found = {}
    for line, start, end, value, quality, samples, revision, level, earlier, origin in rows:
        tail = (
            start, end, None if value != value else value, QUALITIES[quality], samples, revision,  # noqa: PLR0124
            level_name(level), None if earlier != earlier else earlier, ORIGINS[origin],  # noqa: PLR0124
        )  # fmt: skip
        head = heads[line]
        found[head.name] = _ALONE + head.packed + pack(tail)[1:]
    return found


def unpack_columns(payload: bytes) -> Values:
    """Values as columns, whichever form they have; `done` is False, the payload does not tell it.

    Raises UnknownValueVersion when another version wrote the payload, ValueError when it does not decode.
    """
    version, *parts = msgpack.unpackb(payload)
    if version == ROWS:
        return Values.of(_values(parts[0]))
    if version != COLUMNS:
        raise UnknownValueVersion(f"value version {version!r} is not {ROWS} or {COLUMNS}")
    count, lines, buffers = parts
    series = Series(
        Head(indicator, number, region, tuple((name, text) for name, text in dims))
        for indicator, number, region, dims in zip(*[iter(lines)] * 4, strict=True)
    )
    columns: list[Any] = [np.frombuffer(raw, kind) for raw, kind in zip(buffers, _LITTLE, strict=True)]
    columns = [np.repeat(column, count) if len(column) == 1 else column for column in columns]
    if any(len(column) != count for column in columns) or not _fits(columns[0], len(series.heads)):
        raise ValueError(f"columns of other lengths than {count}, or lines that are not named")
    return Values(series, *columns, np.zeros(count, np.bool_))  # type: ignore[call-arg]  # all but the last


def unpack_values(payload: bytes) -> list[Value]:
    """Values one by one, whichever form they have. Raises as `unpack_columns`."""
    if payload[:2] == b"\x92\x01":  # rows
        return _values(msgpack.unpackb(payload)[1])
    return unpack_columns(payload).each()


def _values(rows: Iterable[Any]) -> list[Value]:
    return [
        Value(indicator, number, region, tuple((name, text) for name, text in dims), *rest)
        for indicator, number, region, dims, *rest in rows
    ]


def _fits(line: Any, lines: int) -> bool:
    return not len(line) or (int(line.min()) >= 0 and int(line.max()) < lines)
