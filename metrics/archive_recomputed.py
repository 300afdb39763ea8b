"""The series *as recomputed*: values computed anew over archived observations, beside those that were published.

    <root>/<world>/<started_ms>/recomputed/<indicator>/<version>/<recomputed_at>_<first>_<last>.parquet

A file holds the values of one run for the windows that end in [first, last]; files are only ever added. Of a window
that was recomputed several times the newest `recomputed_at` counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life
from metrics.archive_columns import Cells
from metrics.archive_file import write_table

RECOMPUTED: Final = "recomputed"
SCHEMA: Final = pa.schema([
    ("indicator", pa.string()), ("version", pa.int32()), ("region", pa.string()), ("dims", pa.string()),
    ("window_start", pa.int64()), ("window_end", pa.int64()), ("value", pa.float64()), ("quality", pa.string()),
    ("samples", pa.int64()), ("recomputed_at", pa.int64()),
])  # fmt: skip
"""`dims` is `name=value,...` as in the series id, `window_start` null where a window has no beginning."""
_NAME = re.compile(r"(\d+)_(-?\d+)_(-?\d+)\.parquet")


@dataclass(frozen=True, slots=True)
class Anew:
    """One value as recomputed."""

    region: str
    dims: str
    window_start: int | None
    window_end: int
    value: float | None
    quality: str
    samples: int


def write(
    root: Path, life: Life, name: tuple[str, int], at_ms: int, values: Iterable[Anew], *, facts: Mapping[str, str]
) -> Path | None:
    """Add values of one indicator version, recomputed at real time `at_ms`; None if there are none. `facts` say what
    they rest on: hash of the definitions, program. Raises ArchiveNotWritten."""
    found = sorted(values, key=lambda one: (one.region, one.dims, one.window_end))
    if not found:
        return None
    count = len(found)
    columns = [
        pa.array([name[0]] * count, pa.string()), pa.array([name[1]] * count, pa.int32()),
        *(pa.array([getattr(one, spec.name) for one in found], spec.type) for spec in list(SCHEMA)[2:-1]),
        pa.array([at_ms] * count, pa.int64()),
    ]  # fmt: skip
    ends = [one.window_end for one in found]
    path = _folder(root, life, name) / f"{at_ms}_{min(ends)}_{max(ends)}.parquet"
    write_table(path, pa.Table.from_arrays(columns, schema=SCHEMA), facts)
    return path


def write_cells(root: Path, life: Life, at_ms: int, cells: Cells, *, facts: Mapping[str, str]) -> Path | None:
    """The same from columns."""
    count, name = len(cells.ends), (cells.indicator.id, cells.indicator.version)
    if not count:
        return None
    columns = cells.columns() | {
        "indicator": pa.array([name[0]] * count, pa.string()), "version": pa.array(np.full(count, name[1])),
        "recomputed_at": pa.array(np.full(count, at_ms)),
    }  # fmt: skip
    table = pa.Table.from_arrays([columns[one.name].cast(one.type) for one in SCHEMA], schema=SCHEMA)
    path = _folder(root, life, name) / f"{at_ms}_{cells.ends.min()}_{cells.ends.max()}.parquet"
    write_table(path, table, facts)
    return path


def each(cells: Cells) -> Iterator[Anew]:
    """One by one."""
    columns = cells.columns()
    yield from (Anew(*row) for row in zip(*(columns[name].to_pylist() for name in Anew.__slots__), strict=True))


def read(root: Path, life: Life, name: tuple[str, int], from_ms: int = -(2**62), until_ms: int = 2**62) -> pa.Table:
    """The newest values of windows that end in (from, until], by series and end; columns as SCHEMA."""
    tables = []
    for path in sorted(_folder(root, life, name).glob("*.parquet")):
        match = _NAME.fullmatch(path.name)
        if match is not None and int(match[2]) <= until_ms and int(match[3]) > from_ms:
            span = (pc.field("window_end") > from_ms) & (pc.field("window_end") <= until_ms)
            tables.append(pq.read_table(path, filters=span))
    if not tables:
        return SCHEMA.empty_table()
    keys = ("region", "dims", "window_end")
    table = pa.concat_tables(tables).sort_by([*((key, "ascending") for key in keys), ("recomputed_at", "ascending")])
    cells = [table.column(key).to_numpy(zero_copy_only=False) for key in keys]
    last = np.ones(table.num_rows, np.bool_)  # of a window the newest run comes last
    last[:-1] = np.any([column[1:] != column[:-1] for column in cells], axis=0)
    found: pa.Table = table.filter(pa.array(last))
    return found


def _folder(root: Path, life: Life, name: tuple[str, int]) -> Path:
    return life.folder(root) / RECOMPUTED / quote(name[0], safe="") / str(name[1])
