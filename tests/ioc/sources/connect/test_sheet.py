"""Rows of CSV, JSON lines and XLSX, as the texts that a person would write; unreadable files say why."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from ioc.sources.connect import sheet
from ioc.sources.connect.sheet import Sheet, UnreadableSheet


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(tmp_path: Path, *rows: list[object], title: str = "数据") -> Path:
    book = Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def test_a_table_with_a_mark_quotes_and_empty_cells(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", '\ufeff站点, 雨量\nR1,"0,5"\n\nR2,\n"two\nlines",1\n')
    assert list(Sheet(path).rows()) == [
        {"站点": "R1", "雨量": "0,5"}, {"站点": "R2", "雨量": None}, {"站点": "two\nlines", "雨量": "1"},
    ]  # fmt: skip


def test_another_delimiter_and_encoding(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "站点;雨量\nR1;0.5\n".encode("gb18030"))
    assert list(Sheet(path, "gb18030", ";").rows()) == [{"站点": "R1", "雨量": "0.5"}]
    assert list(Sheet(written(tmp_path, "a.tsv", "a\tb\n1\t2\n")).rows()) == [{"a": "1", "b": "2"}]


def test_a_row_with_too_few_cells_is_no_row(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "a,b\n1\n1,2\n")
    assert list(Sheet(path).rows()) == ["1 cells where the header has 2: 1", {"a": "1", "b": "2"}]


def test_lines_of_json_keep_their_numbers_as_written(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"a": 1.10, "b": {"c": true}}\n\nnot json\n[1]\n{"a": 1, "a": 2}\n')
    assert list(Sheet(path).rows()) == [{"a": "1.10", "b": {"c": True}}, "not json", "[1]", '{"a": 1, "a": 2}']


def test_cells_of_a_workbook_are_texts(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ["time", "station", "mm", "code", "wet", None],
        [datetime(2026, 9, 7, 19, 30), "R1 ", 0.1, 440303001001.0, True],  # noqa: DTZ001 - as workbooks have them
        [None, None, None],
        [date(2026, 9, 8), 7, 1e-7, None, False],
    )
    assert list(Sheet(path).rows()) == [
        {"time": "2026-09-07T19:30:00", "station": "R1", "mm": "0.1", "code": "440303001001", "wet": True},
        {"time": "2026-09-08T00:00:00", "station": "7", "mm": "0.0000001", "code": None, "wet": False},
    ]


def test_a_workbooks_sheet_is_found_by_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["a"], [1])
    assert list(Sheet(path, tab="数据").rows()) == [{"a": "1"}]
    with pytest.raises(UnreadableSheet, match="no sheet 'x'"):
        list(Sheet(path, tab="x").rows())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "no header"), ("a.csv", b"a,,b\n", "without a name"), ("a.csv", b"a,a\n", "'a' stands twice"),
        ("a.csv", b"a\n\xff\xfe\n", "not utf-8"), ("a.csv", b'a\n"open\n', "not CSV"), ("a.xlsx", b"PK", "not XLSX"),
        ("a.xlsx", b"", "not XLSX"), ("a.jsonl", b"\xff", "not utf-8"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    with pytest.raises(UnreadableSheet, match=told):
        list(Sheet(written(tmp_path, name, content)).rows())


def test_a_workbook_that_swells_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "MOST_UNPACKED", 1_000_000)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 2_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(UnreadableSheet, match="when unpacked"):
        list(Sheet(path).rows())


def test_entities_in_a_workbook_are_not_expanded(tmp_path: Path) -> None:
    good = workbook(tmp_path, ["a"], ["x"])
    bad = tmp_path / "b.xlsx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for one in source.infolist():
            content = source.read(one)
            if one.filename == "xl/workbook.xml":
                content = b'<!DOCTYPE x [<!ENTITY e "boom">]>' + content.replace("数据".encode(), b"&e;")
            target.writestr(one, content)
    with pytest.raises(UnreadableSheet):
        list(Sheet(bad).rows())
