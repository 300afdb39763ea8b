"""The text of a definition is the one of the pack's file."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ioc.packs.bundle import build
from ioc.packs.definition_text import definition_text


def test_every_indicator_of_the_packs_has_the_text_that_declares_it() -> None:
    for table in build()["indicators"]:
        text = definition_text(table["id"], table.get("version", 1))
        assert tomllib.loads(text)["indicator"] == [table]


def test_the_comment_above_a_table_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/indicators.toml").write_text(
        '# ---- all ----\n\n# of A\n[[indicator]]\nid = "A"\n\n'
        '# of B,\n# two lines\n[[indicator]]\nid = "B"\nversion = 2\n'
    )
    assert definition_text("A", 1, tmp_path) == '# of A\n[[indicator]]\nid = "A"\n'
    assert definition_text("B", 2, tmp_path).startswith("# of B,\n# two lines\n[[indicator]]")
    assert definition_text("C", 1, tmp_path) == ""
