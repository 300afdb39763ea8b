"""Message files: what citizens wrote and how people sorted it, from a workbook (xlsx) or a CSV, with a header."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ioc.offline.table_file import UnreadableFile
from ioc.offline.triage_training import Message
from ioc.sources.connect.sheet import Sheet, UnreadableSheet

TITLES: Final = ("title", "标题", "主题", "留言主题")
TEXTS: Final = ("text", "内容", "正文", "留言详情")
LABELS: Final = ("label", "class", "类别", "分类", "一级分类")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns; empty: whichever of the usual names is there."""

    title: str = ""
    text: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """`unsorted`: rows with a text and no class; `empty`: rows without a text."""

    messages: tuple[Message, ...]
    unsorted: int
    empty: int


def read(path: Path, columns: Columns = Columns()) -> Read:
    """The messages of a file. Raises UnreadableFile that names the file and the column, OSError."""
    rows = _rows(path)
    title, text, label = (
        _name(path, rows, asked, usual, what)
        for asked, usual, what in (
            (columns.title, TITLES, "--title"), (columns.text, TEXTS, "--text"), (columns.label, LABELS, "--label"),
        )
    )  # fmt: skip
    found: list[Message] = []
    unsorted = empty = 0
    for row in rows:
        message = Message(_cell(row, title), _cell(row, text), _cell(row, label))
        if not (message.title or message.text):
            empty += 1
        elif not message.label:
            unsorted += 1
        else:
            found.append(message)
    return Read(tuple(found), unsorted, empty)


def read_hints(path: Path, label: str = "") -> tuple[Message, ...]:
    """Names of sub-classes: one column is the class, the words of all others are the hint. Raises as `read`."""
    rows = _rows(path)
    name = _name(path, rows, label, LABELS, "--label")
    return tuple(
        Message("", " ".join(_cell(row, each) for each in row if each != name), _cell(row, name))
        for row in rows
        if _cell(row, name)
    )


def _rows(path: Path) -> Sequence[Row]:
    found: list[Row] = []
    try:
        for number, row in enumerate(Sheet(path).rows(), 2):  # the header is row 1
            if isinstance(row, str):
                raise UnreadableFile(f"{path}: 第 {number} 行 row {number}: {row[:200]}")
            found.append(row)
    except UnreadableSheet as error:
        raise UnreadableFile(f"{path}: {error}") from error
    return found


def _name(path: Path, rows: Sequence[Row], asked: str, usual: Sequence[str], option: str) -> str:
    header: Collection[str] = rows[0].keys() if rows else ()
    for name in [asked] if asked else usual:
        if name in header:
            return name
    raise UnreadableFile(
        f"{path}: 没有列 no column {asked or ' / '.join(usual)} ({option}); 有 there are: {', '.join(header) or '-'}"
    )


def _cell(row: Row, name: str) -> str:
    cell = row.get(name)
    return "" if cell is None else str(cell).strip()
