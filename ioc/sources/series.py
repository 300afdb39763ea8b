"""One series as a file: `timestamp,value`, in the order it was written; read into arrays, every cell checked.

Order and repetition are the caller's matter: a log of a device may hold both, and each row is kept.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioc.sources.table import SHOWN, TableError
from metrics.numeral import FINE
from metrics.timestamp import parse_times

TIME, VALUE = "timestamp", "value"
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Series:
    """`times` ms UTC (rows,); `values` (rows,), NaN where there is none; both as written in `texts` and `cells`."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: list[str]
    cells: list[str]


def read(lines: Iterable[str]) -> Series:
    """Read the columns `timestamp` (ISO 8601, Shanghai by default, or epoch ms) and `value`; others are left.

    A value is missing when its cell is one of `MISSING` in any case. Raises TableError at the first cell that breaks a
    rule; its rules are `empty, header, columns, time, number`.
    """
    table = csv.reader(lines)
    header = [name.strip().lower().removeprefix("﻿") for name in next(table, [])]
    if not header:
        raise TableError(1, "", "empty", "文件没有表头", "the file has no header")
    for name in (TIME, VALUE):
        if header.count(name) != 1:
            raise TableError(1, name, "header", f"表头须恰有一列“{name}”", f"the header needs one column '{name}'")
    time_at, value_at = header.index(TIME), header.index(VALUE)
    texts: list[str] = []
    cells: list[str] = []
    places: list[int] = []
    for row in table:
        if not row:
            continue
        if len(row) != len(header):
            raise TableError(table.line_num, VALUE, "columns", f"有 {len(row)} 格，表头有 {len(header)} 格",
                             f"{len(row)} cells where the header has {len(header)}")  # fmt: skip
        texts.append(row[time_at].strip())
        cells.append(row[value_at].strip())
        places.append(table.line_num)
    if not texts:
        raise TableError(2, TIME, "empty", "文件没有数据行", "the file has no rows")
    times, state = parse_times([text.encode() for text in texts])
    for at in np.flatnonzero(state != FINE)[:1].tolist():
        raise TableError(places[at], TIME, "time", f"“{texts[at][:SHOWN]}”不是时间",
                         f"'{texts[at][:SHOWN]}' is no time: ISO 8601 or epoch ms")  # fmt: skip
    values = np.array([_number(cell, row) for cell, row in zip(cells, places, strict=True)], np.float64)
    return Series(times, values, texts, cells)


def _number(cell: str, row: int) -> float:
    if _NUMBER.fullmatch(cell):
        number = float(cell)
        if np.isfinite(number):
            return number
    elif cell.lower() in MISSING:
        return float("nan")
    raise TableError(row, VALUE, "number", f"“{cell[:SHOWN]}”不是有限的数", f"'{cell[:SHOWN]}' is not a finite number")
