"""A wide table of series: one instant a row, one series a column; read into arrays, every cell checked."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.numeral import FINE
from metrics.timestamp import parse_times

_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2}) (\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}.*", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = 40  # characters of a wrong cell that an error repeats


class TableError(ValueError):
    """A cell breaks a rule: `row` is the line of the file (the header is 1), `column` the header's name.

    `rule` is one of `empty, header, columns, time, order, number`.
    """

    def __init__(self, row: int, column: str, rule: str, zh: str, en: str) -> None:
        super().__init__(f"第 {row} 行 row {row}, 列 column {column!r}: {rule}: {zh} {en}")
        self.row, self.column, self.rule = row, column, rule


@dataclass(frozen=True, slots=True)
class Table:
    """`times` ms UTC, ascending, (rows,); `values` (rows, series), NaN where there is none; `places`: the line
    of the file on which each row ends (the header is 1)."""

    times: NDArray[np.int64]
    series: tuple[str, ...]
    values: NDArray[np.float64]
    places: tuple[int, ...]


def read(lines: Iterable[str], missing: Collection[str] = ()) -> Table:
    """Read a wide CSV whose first column is the time: ISO 8601, `M/D/YYYY H:MM` or `YYYY/M/D H:MM`.

    A time without offset is Asia/Shanghai.
    A cell is missing when it is empty, `nan`, or one of `missing`; a numeral of `missing` is compared as a number, so
    that `0` also means `0.0`. Raises TableError at the first cell that breaks a rule.
    """
    table = csv.reader(lines)
    header = [name.strip() for name in next(table, [])]
    if header:
        header[0] = header[0].removeprefix("﻿")
    _check_header(header)
    width = len(header)
    words = {text.strip().lower() for text in missing} | {"", "nan"}
    zeros = [float(text) for text in missing if _NUMBER.fullmatch(text.strip())]
    times: list[str] = []
    places: list[int] = []
    rows: list[list[float]] = []
    for row in table:
        if not row:
            continue
        if len(row) != width:
            zh, en = f"有 {len(row)} 格，表头有 {width} 格", f"{len(row)} cells where the header has {width}"
            raise TableError(table.line_num, header[min(len(row), width - 1)], "columns", zh, en)
        times.append(row[0].strip())
        places.append(table.line_num)
        rows.append([_number(cell, words, table.line_num, header, at) for at, cell in enumerate(row[1:], start=1)])
    if not rows:
        raise TableError(2, header[0], "empty", "文件没有数据行", "the file has no rows")
    instants = _times(times, places, header[0])
    values = np.array(rows, np.float64)
    for zero in zeros:
        values[values == zero] = np.nan
    return Table(instants, tuple(header[1:]), values, tuple(places))


def _check_header(header: list[str]) -> None:
    if not header or header == [""]:
        raise TableError(1, "", "empty", "文件没有表头", "the file has no header")
    if len(header) < 2:
        raise TableError(1, header[0], "header", "时间之外没有数据列", "there is no column beside the time")
    for at, name in enumerate(header[1:], start=1):
        if not name:
            raise TableError(1, f"#{at + 1}", "header", "列没有名称", "the column has no name")
        if name in header[1:at]:
            raise TableError(1, name, "header", "两列同名", "two columns have this name")


def _number(cell: str, words: set[str], row: int, header: list[str], at: int) -> float:
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        if np.isfinite(number):
            return number
    if text.lower() in words:
        return np.nan
    raise TableError(row, header[at], "number", f"“{text[:SHOWN]}”不是数", f"'{text[:SHOWN]}' is not a number")


def _times(texts: list[str], places: list[int], column: str) -> NDArray[np.int64]:
    """The instants in ms UTC. ISO texts are read at once, those with slashes one by one."""
    iso = np.array([bool(_ISO.fullmatch(text)) for text in texts])
    parsed, state = parse_times([text.encode() if is_iso else b"" for text, is_iso in zip(texts, iso, strict=True)])
    for at in np.flatnonzero(~iso | (state != FINE)).tolist():
        instant = None if iso[at] else _slashed(texts[at])
        if instant is None:
            raise TableError(places[at], column, "time", f"“{texts[at][:SHOWN]}”不是时间",
                             f"'{texts[at][:SHOWN]}' is no time: ISO 8601 or M/D/YYYY H:MM")  # fmt: skip
        parsed[at] = instant
    for at in np.flatnonzero(np.diff(parsed) <= 0)[:1].tolist():
        raise TableError(places[at + 1], column, "order", f"“{texts[at + 1]}”不晚于上一行",
                         f"'{texts[at + 1]}' is not later than the row before")  # fmt: skip
    return parsed


def _slashed(text: str) -> int | None:
    if found := _SLASHED.fullmatch(text):
        month, day, year, hour, minute, second = (int(part or 0) for part in found.groups())
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    else:
        return None
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    since = moment - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 - LOCAL_OFFSET_MS
