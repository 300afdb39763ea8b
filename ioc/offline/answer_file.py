"""The answer of an evaluation: rows of values, and the CSV file they are written to."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ioc.offline.source_file import Rejected
from metrics.archive_recomputed import Anew
from metrics.value import Quality
from metrics.window import LOCAL

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One value; the order of the fields is the order of the rows. `group`: region, if asked, then dimensions."""

    indicator: str
    end_ms: int
    group: tuple[str, ...]
    version: int
    start_ms: int | None
    value: float | None
    quality: Quality
    samples: int


def write(path: Path, names: Sequence[str], rows: Iterable[Row]) -> None:
    """The file of section 9 of the language; `names` of the group columns. Whole or not at all."""
    header = ["indicator", "version", *names, "window_start", "window_end", "value", "quality", "samples"]
    write_rows(
        path,
        header,
        (
            [
                row.indicator, row.version, *row.group, "" if row.start_ms is None else time_text(row.start_ms),
                time_text(row.end_ms), "" if row.value is None else number_text(row.value), row.quality, row.samples,
            ]
            for row in sorted(rows, key=lambda row: (row.indicator, row.end_ms, row.group))
        ),
    )  # fmt: skip


def write_recomputed(path: Path, name: tuple[str, int], values: Iterable[Anew], at_ms: int) -> None:
    """Values of an indicator version as recomputed at a real time."""
    header = ["indicator", "version", "region", "dims", "window_start", "window_end", "value", "quality", "samples"]
    write_rows(
        path, [*header, "recomputed_at"],
        (
            [
                *name, one.region, one.dims, "" if one.window_start is None else time_text(one.window_start),
                time_text(one.window_end), "" if one.value is None else number_text(one.value), one.quality,
                one.samples, time_text(at_ms),
            ]
            for one in sorted(values, key=lambda one: (one.window_end, one.region, one.dims))
        ),
    )  # fmt: skip


def write_rejects(path: Path, rejected: Iterable[Rejected]) -> None:
    """The rejected rows as CSV; `row` counts from 1, below the header."""
    write_rows(
        path, ["source", "row", "field", "rule", "value"],
        ([one.source, one.row, one.field, one.rule, one.value] for one in rejected),
    )  # fmt: skip


def number_text(value: float) -> str:
    """The shortest text that reads back to the same number; whole numbers without `.0`."""
    return repr(value).removesuffix(".0")


def time_text(ms: int) -> str:
    """`2024-06-01T00:00:00+08:00`, with milliseconds only where there are some."""
    local = (_EPOCH + timedelta(milliseconds=ms)).astimezone(LOCAL)
    return local.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
