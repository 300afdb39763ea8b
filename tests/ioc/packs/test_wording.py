"""What a wall says for values is checked when the packs are read, and numbers of levels count upwards to Ⅰ."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ioc.packs.bundle import build, walls
from ioc.packs.files import PackErrors

DISTRICT = Path(__file__).parent / "invented_district"
ROMAN = {"1": "Ⅳ", "2": "Ⅲ", "3": "Ⅱ", "4": "Ⅰ"}
COLOURS = {"1": "blue", "2": "yellow", "3": "orange", "4": "red"}


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DISTRICT, tmp_path / "packs"))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('[registers]\nstall = "staff"', "registers.stall:0: unknown-name: no indicator of the scene is split by it"),
        ('[registers]\nstaff = "stage"', "registers.staff:0: type: 'stage' is no register: records with a 'zh'"),
        ('[registers]\nstaff = "nobody"', "registers.staff:0: unknown-name: there is no source 'nobody'"),
        (
            '[names.let]\nx = { zh = "租", en = "let" }',
            "names.let:0: unknown-name: no indicator of the scene is split by it",
        ),
        ('[values.W9]\n1 = { zh = "一", en = "one" }', "values.W9:0: unknown-name: there is no indicator 'W9'"),
        ('[values.W1]\nx = { zh = "一", en = "one" }', "values.W1.x.[key]:0: type: "),
    ],
)
def test_what_a_wall_says_for_nothing_that_there_is_is_a_fault(packs: Path, said: str, fault: str) -> None:
    indicators = packs / "river/indicators.toml"
    text = indicators.read_text(encoding="utf-8")
    indicators.write_text(text.replace('source = "stage"\n', 'source = "stage"\ndimensions = ["staff"]\n', 1), "utf-8")
    wall = packs / "river/wall.toml"
    wall.write_text(f"{wall.read_text(encoding='utf-8')}\n{said}\n", encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        build(packs)
    assert [line for line in caught.value.lines if line.startswith(f"river/wall.toml:{fault}")], caught.value.lines


def test_the_highest_number_of_a_level_is_level_one_and_red() -> None:
    emergency = walls()["emergency"]
    for table in (emergency["names"]["level"], emergency["values"]["E1"]):
        levels = {value: said for value, said in table.items() if value != "0"}
        assert {value: said["zh"][0] for value, said in levels.items()} == ROMAN
        assert {value: said["level"] for value, said in levels.items()} == COLOURS


def test_every_response_level_has_the_colour_that_its_limit_raises() -> None:
    limits = next(table for table in build()["indicators"] if table["id"] == "E1")["thresholds"]
    assert {str(limits[level]): level for level in ("blue", "yellow", "orange", "red")} == COLOURS
