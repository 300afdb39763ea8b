"""Source files: CSV rows through the same contract as the streams; what it refuses is told row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ioc.offline.table_file import TableFile, UnreadableFile
from metrics.contract import Contract
from metrics.observation import Batch
from metrics.raw import RawColumn, RawRows
from metrics.source import Source
from metrics.timestamp import EARLIEST
from metrics.watermark import BEGINNING

EVER = str(EARLIEST).encode()  # stands for the change time of a version that is known since ever


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not accepted; `row` counts from 1, below the header."""

    source: str
    row: int
    field: str
    rule: str
    value: str


@dataclass(slots=True)
class Admitted:
    """The rows of a file: accepted ones as batches, in order, the others with the reason."""

    batches: list[Batch] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    ignored: Sequence[str] = ()  # columns that the source does not declare

    @property
    def counts(self) -> Counter[str]:
        """Rejected rows by rule."""
        return Counter(one.rule for one in self.rejected)


def read(source: Source, path: Path) -> Admitted:
    """All rows of a file. Raises UnreadableFile, also if the column of time, entity or key is missing.

    Nothing is later than the clock: the rule `future` is not applied. A version of a record without change time is
    known since ever (its time is BEGINNING).
    """
    table = TableFile.open(path)
    needed = [source.entity] if source.kind == "records" else [source.time, source.entity]
    for name in needed:
        if name not in table.header:
            raise UnreadableFile(f"{path}: the column {name!r} is missing; {source.id} cannot be without it")
    contract = replace(Contract.from_source(source), future_ms=None)
    wanted = [name for name in table.header if name in source.fields]
    out = Admitted(ignored=[name for name in table.header if name not in source.fields])
    names = {source.time: "t", source.entity: "k"}
    given = 0
    for cells in table.pieces(wanted):
        rows = len(cells[wanted[0]])
        columns = {names.get(name, name): _lines(found) for name, found in cells.items()}
        if source.kind == "records":
            columns["t"] = _since_ever(columns.get("t"), rows)
        raw = RawRows(rows, columns, [b""], np.array([0, rows], np.int64))
        admission = contract.admit(raw, now_ms=0)
        if admission.batch is not None:
            batch = admission.batch
            times = np.where(batch.time == EARLIEST, BEGINNING, batch.time) if source.kind == "records" else batch.time
            out.batches.append(replace(batch, time=times))
        back = {short: name for name, short in names.items()}
        out.rejected += [
            Rejected(source.id, table.row(given + one.row), back.get(one.field, one.field), one.rule, one.value)
            for one in admission.letters
        ]
        given += rows
    out.rejected += [Rejected(source.id, misfit.row, "", "form", misfit.text) for misfit in table.misfits]
    out.rejected.sort(key=lambda one: one.row)
    return out


def _lines(cells: list[bytes]) -> RawColumn:
    return RawColumn("lines", np.zeros(0, np.int64), lines=cells)


def _since_ever(column: RawColumn | None, rows: int) -> RawColumn:
    if column is None:
        return _lines([EVER] * rows)
    return _lines([line or EVER for line in column.lines])
