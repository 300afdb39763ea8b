"""A sheet: the rows of a CSV, JSON lines or XLSX file, one after the other, as maps of column to text."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from ioc.api.batch import object_of

ENDINGS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx")
MOST_UNPACKED: Final = 1 << 30  # bytes of a workbook without its compression
PROLOG: Final = 1 << 16  # bytes in which a part would declare entities; its library expands none either
MOST_LINE: Final = 1 << 20  # characters of a line of JSON


class UnreadableSheet(ValueError):
    """The file as a whole cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file; `tab` is the name of a workbook's sheet, "": its first."""

    path: Path
    encoding: str = "utf-8"
    delimiter: str = ","
    tab: str = ""

    def rows(self) -> Iterator[dict[str, Any] | str]:
        """Each row below the header; a text is a row that is none, as it stands. Raises UnreadableSheet."""
        ending = self.path.suffix.lower()
        try:
            if ending == ".xlsx":
                yield from self._workbook()
            elif ending in (".jsonl", ".ndjson"):
                yield from self._lines()
            else:
                yield from self._table("\t" if ending == ".tsv" else self.delimiter)
        except UnicodeDecodeError as error:
            raise UnreadableSheet(f"不是 not {self.encoding}: byte {error.start}") from None
        except csv.Error as error:
            raise UnreadableSheet(f"不是 CSV not CSV: {error}") from None

    def _table(self, delimiter: str) -> Iterator[dict[str, Any] | str]:
        with self.path.open(encoding=self._codec(), newline="") as lines:
            table = csv.reader(lines, delimiter=delimiter, strict=True)
            header = _header(next(table, []))
            for cells in table:
                if not cells:
                    continue
                if len(cells) != len(header):
                    yield f"{len(cells)} cells where the header has {len(header)}: {delimiter.join(cells)}"
                else:
                    yield {name: cell or None for name, cell in zip(header, cells, strict=True)}

    def _lines(self) -> Iterator[dict[str, Any] | str]:
        with self.path.open(encoding=self._codec()) as lines:
            while line := lines.readline(MOST_LINE + 1):
                if len(line) > MOST_LINE:
                    raise UnreadableSheet(f"一行超过 a line of more than {MOST_LINE} characters")
                if not line.strip():
                    continue
                try:
                    found = object_of(line)
                except ValueError:
                    found = None
                yield found if isinstance(found, dict) else line.strip()

    def _workbook(self) -> Iterator[dict[str, Any]]:
        try:
            with zipfile.ZipFile(self.path) as packed:
                if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                    raise UnreadableSheet(f"解压后超过 more than {MOST_UNPACKED} bytes when unpacked")
                for one in packed.infolist():
                    with packed.open(one) as part:
                        if b"<!DOCTYPE" in part.read(PROLOG):
                            raise UnreadableSheet("不得声明实体 a workbook may not declare entities")
            book = load_workbook(self.path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
            if isinstance(error, UnreadableSheet):
                raise
            raise UnreadableSheet(f"不是 XLSX not XLSX: {error}") from None
        try:
            if self.tab and self.tab not in book.sheetnames:
                raise UnreadableSheet(f"没有工作表 there is no sheet '{self.tab}'")
            sheet = book[self.tab] if self.tab else book[book.sheetnames[0]]
            rows = (row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row))
            first = list(next(rows, ()))
            while first and first[-1] is None:
                first.pop()
            header = _header([str(_text(cell) or "") for cell in first])
            for row in rows:
                yield {name: _text(cell) for name, cell in zip(header, row, strict=False)}
        except (UnreadableSheet, GeneratorExit):
            raise
        except Exception as error:  # a workbook is written by anybody: the library finds its faults in its own ways
            raise UnreadableSheet(f"工作簿损坏 a damaged workbook: {type(error).__name__}: {error}"[:300]) from error
        finally:
            book.close()

    def _codec(self) -> str:
        return "utf-8-sig" if self.encoding == "utf-8" else self.encoding


def _header(cells: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if not header or not all(header):
        raise UnreadableSheet("表头缺失或有空列名 no header, or a column without a name")
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise UnreadableSheet(f"列名重复 the column '{twice[0][:60]}' stands twice")
    return header


def _text(cell: Any) -> str | bool | None:
    """A cell of a workbook as a person would write it; a time without offset is one of Shanghai, as everywhere."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell).strip() or None
