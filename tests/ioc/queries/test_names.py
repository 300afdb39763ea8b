"""A register of a world names its entities by their newest version; who is in no register has no name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ioc.queries import names
from ioc.queries.names import KEPT_MS, Names
from metrics.archive import Life

LIFE = Life("live", 7)
BUNDLE: dict[str, Any] = {
    "registries": {
        "roads": [
            {"id": "LH001", "zh": "深南东路", "en": "Shennan Road"},
            {"id": "LH002", "zh": "人民路"},
            {"id": "LH003"},
        ]
    }
}


def test_a_static_registry_names_its_rows_and_a_name_without_english_stands_for_both(tmp_path: Path) -> None:
    found = Names(tmp_path).of(BUNDLE, LIFE, "roads", ["LH001", "LH002", "LH003", "LH999"], 0)
    assert found == {"LH001": ("深南东路", "Shennan Road"), "LH002": ("人民路", "人民路")}


def test_a_register_that_nobody_wrote_to_names_nobody(tmp_path: Path) -> None:
    assert Names(tmp_path).of(BUNDLE, LIFE, "hall", ["H1"], 0) == {}


def test_a_register_is_read_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def registered(_archive: Path, _life: Life, source: str) -> dict[str, tuple[str, str]]:
        read.append(source)
        return {"H1": ("大厅", "hall")} if len(read) > 1 else {}

    monkeypatch.setattr(names, "registered", registered)
    known = Names(tmp_path)
    assert known.of(BUNDLE, LIFE, "hall", ["H1"], 0) == {}
    assert known.of(BUNDLE, LIFE, "hall", ["H1"], KEPT_MS - 1) == {}
    assert known.of(BUNDLE, LIFE, "hall", ["H1"], KEPT_MS) == {"H1": ("大厅", "hall")}
    assert read == ["hall", "hall"]
