"""TOML files that break are told with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from ioc.toml_file import NotToml, load


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a = 1\nb = \nc = 2\n", "2:5"),
        (b"a = 1\nb = [1,\n", "2:8"),  # at the end of the document: where its last line ends
        (b"a = 1\na = 2\n", "2:6"),
        ("a = 1\n# 区\n".encode() + b'b = "\xff"\n', "3:6"),
    ],
)
def test_the_line_and_column_of_the_first_fault_are_told(tmp_path: Path, content: bytes, place: str) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(NotToml, match=rf"^x\.toml:{place}: syntax: "):
        load(tmp_path / "x.toml", "x.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotToml, match=r"^none\.toml:0:0: unreadable: "):
        load(tmp_path / "none.toml", "none.toml")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert load(tmp_path / "x.toml", "x.toml") == {"a": 1}
