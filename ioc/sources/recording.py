"""A recording: a wide table of one value per instant and entity, read into arrays and checked cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ioc.sources.rows import Rows
from metrics import numeral
from metrics.clock import LOCAL_OFFSET_MS
from metrics.codec import RawColumn, coded

LOCAL = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RecordingError(ValueError):
    """A cell breaks a rule: `row` is the line of the file (the header is 1), `column` the header's name."""

    def __init__(self, row: int, column: str, rule: str, message: str) -> None:
        super().__init__(f"row {row}, column {column!r}: {rule}: {message}")
        self.row, self.column, self.rule = row, column, rule


@dataclass(frozen=True, slots=True)
class Recording:
    """`instants` ms UTC ascending (n,); `values` in units of 10^-scale and `valid`, both (n, entities)."""

    instants: NDArray[np.int64]
    entities: tuple[str, ...]
    value: str
    values: NDArray[np.int64]
    valid: NDArray[np.bool_]
    scale: int
    constants: Mapping[str, RawColumn]

    def rows(self, times: NDArray[np.int64], numbers: NDArray[np.int64]) -> Rows:
        """The rows of the instants `numbers` as of the event times `times`, instant by instant, missing values null."""
        width, count = len(self.entities), len(numbers)
        codes = np.tile(np.arange(width, dtype=np.int32), count)
        valid = self.valid[numbers].ravel()
        value = RawColumn("fixed", self.values[numbers].ravel(), None if valid.all() else valid, self.scale)
        if self.scale == 0:
            value = RawColumn("int", value.values, value.valid)
        constants = {name: _repeated(column, width * count) for name, column in self.constants.items()}
        entity = RawColumn("coded", codes, dictionary=self.entities)
        return Rows(np.repeat(times, width), entity, {self.value: value, **constants})


def read(
    lines: Iterable[str], recording: Mapping[str, Any], source: Mapping[str, Any], known: Collection[str]
) -> Recording:
    """Read a wide recording. `recording` and `source` are tables of the bundle; `known` are the registry's entities.

    Raises RecordingError on the first cell that breaks a rule, one of `header, entity, columns, time, order, number,
    range, empty`.
    """
    table = csv.reader(lines)
    header = next(table, None)
    if not header:
        raise RecordingError(1, "", "empty", "the file has no header")
    at = _header(header, recording["time"]["column"], known)
    names = [name for place, name in enumerate(header) if place != at]
    times: list[int] = []
    cells: list[bytes | None] = []
    numbers: list[int] = []  # the file's line of each row
    for row in table:
        if not row:
            continue
        if len(row) != len(header):
            raise RecordingError(table.line_num, header[min(len(row), len(header) - 1)], "columns",
                                 f"{len(row)} cells where the header has {len(header)}")  # fmt: skip
        times.append(_time(row[at], recording["time"], table.line_num))
        if len(times) > 1 and times[-1] <= times[-2]:
            raise RecordingError(table.line_num, header[at], "order", f"'{row[at]}' is not later than the row before")
        cells.extend(cell.strip().encode() for place, cell in enumerate(row) if place != at)
        numbers.append(table.line_num)
    if not times:
        raise RecordingError(2, "", "empty", "the file has no rows")
    field = source["fields"][recording["value"]]
    scale = int(field.get("scale", 0))
    values, valid = _values(cells, field, recording, scale, _Where(numbers, names))
    constants = recording.get("constants", {})
    shape = (len(times), len(names))
    return Recording(
        np.asarray(times, dtype=np.int64),
        tuple(names),
        recording["value"],
        values.reshape(shape),
        valid.reshape(shape),
        scale,
        {name: _constant(value, source["fields"][name]) for name, value in constants.items()},
    )


@dataclass(frozen=True, slots=True)
class _Where:
    """The place in the file of a cell counted row by row."""

    rows: list[int]
    names: list[str]

    def error(self, cell: int, rule: str, message: str) -> RecordingError:
        row, column = divmod(cell, len(self.names))
        return RecordingError(self.rows[row], self.names[column], rule, message)


def _header(header: list[str], column: str, known: Collection[str]) -> int:
    if column not in header:
        raise RecordingError(1, column, "header", "there is no such column")
    names = [name for name in header if name != column]
    if not names:
        raise RecordingError(1, column, "header", "there is no column beside the time")
    for name in header:
        if header.count(name) > 1:
            raise RecordingError(1, name, "header", "two columns have this name")
    for name in names:
        if name not in known:
            raise RecordingError(1, name, "entity", "the registry of the recording does not know it")
    return header.index(column)


def _time(text: str, table: Mapping[str, str], row: int) -> int:
    try:
        moment = datetime.strptime(text.strip(), table["format"]).replace(tzinfo=LOCAL)
    except ValueError:
        raise RecordingError(row, table["column"], "time", f"'{text}' is not of the form {table['format']}") from None
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _values(
    cells: list[bytes | None], field: Mapping[str, Any], recording: Mapping[str, Any], scale: int, where: _Where
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Fixed point of the cells and which of them are a reading; a text of `missing` is none, compared as a number."""
    parsed = numeral.parse(cells, scale, whole=field["type"] == "int")
    missing = np.zeros(len(cells), dtype=np.bool_)
    for text in (*recording.get("missing", ()), *field.get("missing", ())):
        wanted = numeral.parse([text.encode()], numeral_scale := 9)
        if wanted.state[0] == numeral.FINE:
            fine = numeral.parse(cells, numeral_scale)
            missing |= (fine.state == numeral.FINE) & (fine.values == wanted.values[0])
        else:
            missing |= np.asarray([cell == text.encode() for cell in cells], dtype=np.bool_)
    missing |= parsed.state == numeral.NULL
    for cell in np.flatnonzero((parsed.state != numeral.FINE) & ~missing)[:1].tolist():
        raise where.error(cell, "number", f"'{(cells[cell] or b'').decode('utf-8', 'replace')[:40]}' is not a number")
    if field.get("range"):
        low, high = (round(limit * 10**scale) for limit in field["range"])
        for cell in np.flatnonzero(((parsed.values < low) | (parsed.values > high)) & ~missing)[:1].tolist():
            text = (cells[cell] or b"").decode()
            raise where.error(cell, "range", f"{text} is outside {field['range'][0]} .. {field['range'][1]}")
    return np.where(missing, 0, parsed.values), ~missing


def _constant(value: int | float | str, field: Mapping[str, Any]) -> RawColumn:
    """One cell of a constant field, in the form its type has on the wire."""
    if field["type"] in {"text", "category"}:
        return coded([str(value)])
    scale = int(field.get("scale", 0))
    number = numeral.parse([str(value).encode()], scale).values
    return RawColumn("fixed", number, scale=scale) if field["type"] == "decimal" else RawColumn("int", number)


def _repeated(column: RawColumn, count: int) -> RawColumn:
    return RawColumn(column.kind, np.repeat(column.values, count), None, column.scale, column.dictionary)
