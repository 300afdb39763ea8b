"""The forms of published values on the wire: a row for each of a few, columns for many.

Version 1 is msgpack of [1, [row, ...]], a row lists the fields of Value in order. Version 3 is msgpack of [3, rows,
[indicator, version, region, dims, ...], [column, ...]]: four entries for each line, then the little-endian columns of
`metrics.values.TYPES` in order. A column is [type, buffer], in the narrowest type that holds it (`i1, i2, i4, i8, f8`),
where one element stands for all rows; or [type, buffer, lengths], int32, where values come in runs. Version 2, which
is read too, has bare buffers of the columns' own types.
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

ROWS, PLAIN_COLUMNS, COLUMNS = 1, 2, 3
_row = attrgetter(*(spec.name for spec in fields(Value)))  # ten times as fast as `astuple`, which copies
_ALONE = b"\x92\x01\x91\x9d"  # two parts: the version, and one row of thirteen fields
_NARROW = ("i1", "i2", "i4", "i8")
_RUN = 8  # where values come in runs at least so long on average, the runs are written
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
    head = packer.bytes()
    lines = b"".join([one.packed for one in values.series.heads])
    columns: bytes = msgpack.packb([_column(array) for array in values.columns().values()])
    return bytes(head) + lines + columns


def _column(column: NDArray[Any]) -> list[Any]:
    bits = column.view(f"i{column.itemsize}")
    lengths: list[bytes] = []
    if len(bits) and bits[0] == bits[-1] and (bits == bits[0]).all():
        column = column[:1]
    else:
        ends = np.append(np.flatnonzero(bits[1:] != bits[:-1]), len(bits) - 1)
        if len(ends) * _RUN <= len(bits):
            column, lengths = column[ends], [np.diff(ends, prepend=-1).astype("<i4").tobytes()]
    kind = "f8"
    if column.dtype.kind == "i":
        least, most = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        kind = next(kind for kind in _NARROW if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)
    return [kind, column.astype(f"<{kind}", copy=False).tobytes(), *lengths]


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
    if version not in (PLAIN_COLUMNS, COLUMNS):
        raise UnknownValueVersion(f"value version {version!r} is not {ROWS}, {PLAIN_COLUMNS} or {COLUMNS}")
    count, lines, written = parts
    series = Series(
        Head(indicator, number, region, tuple((name, text) for name, text in dims))
        for indicator, number, region, dims in zip(*[iter(lines)] * 4, strict=True)
    )
    read = _narrow if version == COLUMNS else np.frombuffer
    columns: list[Any] = [read(one, kind) for one, kind in zip(written, _LITTLE, strict=True)]
    columns = [np.repeat(column, count) if len(column) == 1 else column for column in columns]
    if any(len(column) != count for column in columns) or not _fits(columns[0], len(series.heads)):
        raise ValueError(f"columns of other lengths than {count}, or lines that are not named")
    return Values(series, *columns, np.zeros(count, np.bool_))  # type: ignore[call-arg]  # all but the last


def _narrow(written: Any, wanted: np.dtype[Any]) -> NDArray[Any]:
    """A column of version 3 in its own type."""
    kind, buffer, *lengths = written
    if kind != "f8" if wanted.kind == "f" else kind not in _NARROW:
        raise ValueError(f"a column of type {kind!r}")
    column = np.frombuffer(buffer, f"<{kind}")
    if lengths:
        column = np.repeat(column, np.frombuffer(lengths[0], "<i4"))
    return column.astype(wanted, copy=False)


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
