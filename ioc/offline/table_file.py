"""Table files: CSV as raw columns of bytes, in pieces, in the order of the file; unreadable files say why."""

from __future__ import annotations

import csv
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.csv as pa_csv  # type: ignore[import-untyped, unused-ignore]

from metrics.contract import MAX_LETTERS
from metrics.raw import shown

PIECE_ROWS = MAX_LETTERS  # a contract tells every rejected row of a piece of this size
BLOCK_BYTES = 4 << 20  # read at once; also the longest row


class UnreadableFile(ValueError):
    """A data file that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A row that has not as many cells as the header; `row` counts from 1, below the header."""

    row: int
    text: str


@dataclass(slots=True)
class TableFile:
    """A CSV file: UTF-8, commas, a header. `misfits` fills while `pieces` are read."""

    path: Path
    header: Sequence[str]
    misfits: list[Misfit] = field(default_factory=list)
    _skipped: list[int] = field(default_factory=list)

    @staticmethod
    def open(path: Path) -> TableFile:
        """Read the header. Raises UnreadableFile."""
        try:
            with path.open("rb") as lines:
                header = next(csv.reader([lines.readline(BLOCK_BYTES).decode("utf-8-sig")]), [])
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise UnreadableFile(f"{path}: {error}") from error
        if not header:
            raise UnreadableFile(f"{path}: no header")
        twice = [name for name in header if header.count(name) > 1]
        if twice:
            raise UnreadableFile(f"{path}: the column {twice[0]!r} stands twice")
        return TableFile(path, header)

    def pieces(self, wanted: Sequence[str]) -> Iterator[dict[str, list[bytes]]]:
        """The cells of the wanted columns (all in the header), at most PIECE_ROWS rows at a time. Raises
        UnreadableFile."""
        try:
            for batch in self._batches(wanted):
                for start in range(0, batch.num_rows, PIECE_ROWS):
                    piece = batch.slice(start, PIECE_ROWS)
                    yield {name: piece.column(at).to_pylist() for at, name in enumerate(wanted)}
        except (OSError, pa.ArrowInvalid) as error:
            raise UnreadableFile(f"{self.path}: {error}") from error

    def row(self, place: int) -> int:
        """The number, from 1, of the row that was given as number `place`, from 0, of all given rows."""
        number = place + 1
        while True:
            moved = place + 1 + bisect_right(self._skipped, number)
            if moved == number:
                return number
            number = moved

    def _batches(self, wanted: Sequence[str]) -> Iterator[Any]:
        if not wanted or (self.path.stat().st_size < BLOCK_BYTES and b"\n" not in self.path.read_bytes()):
            return  # a header without a line end: no rows
        yield from pa_csv.open_csv(
            self.path,
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._misfit),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(wanted), column_types=dict.fromkeys(wanted, pa.binary()), check_utf8=False,
                strings_can_be_null=False,
            ),
        )  # fmt: skip

    def _misfit(self, row: Any) -> str:
        number = (row.number or 1) - 1  # the header is row 1
        insort(self._skipped, number)
        self.misfits.append(Misfit(number, shown(row.text)))
        return "skip"
