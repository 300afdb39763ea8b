"""Layers, event types, the link library and what stands on pages: each check of them bites."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ioc.packs.bundle import build
from ioc.packs.files import PackErrors

DISTRICT = Path(__file__).parent / "invented_district"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DISTRICT, tmp_path / "packs"))


def faults_after(root: Path, file: str, old: str, new: str) -> tuple[str, ...]:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        build(root)
    return caught.value.lines


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("river/pack.toml", 'source = "staff"', 'source = "staves"',
         "river/pack.toml:staffs.source:0: unknown-name: there is no source 'staves'"),
        ("river/pack.toml", 'source = "staff"', 'source = "stage"',
         "river/pack.toml:staffs.source:0: type: 'stage' is no source of records"),
        ("river/pack.toml", 'source = "stage"', 'source = "stages"',
         "river/pack.toml:high_water.source:0: unknown-name: there is no source 'stages'"),
        ("river/pack.toml", 'indicators = ["W1"]', 'indicators = ["W9"]',
         "river/pack.toml:high_water.indicators:0: unknown-name: there is no indicator 'W9'"),
        ("river/links.toml", 'indicators = ["W1"]', 'indicators = ["W1", "W2"]',
         "river/links.toml:stage.indicators:0: unknown-name: there is no indicator 'W2'"),
        ("river/links.toml", 'gives = ["stage", "staff"]', 'gives = ["stage", "stuff"]',
         "river/links.toml:river_office.gives:0: unknown-name: there is no source 'stuff'"),
        ("river/links.toml", 'takes = ["W1", "high_water"]', 'takes = ["W1", "ebb"]',
         "river/links.toml:river_office.takes:0: unknown-name: there is no source, indicator or event type 'ebb'"),
        ("river/links.toml", "tasks = [1]", "tasks = [7]",
         "river/links.toml:river_office.tasks:0: unknown-name: there is no task 7"),
        ("river/wall.toml", 'areas = "W1"', 'areas = "W1"\nroads = "W7"',
         "river/wall.toml:map.roads:0: unknown-name: there is no indicator 'W7'"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_declares(packs: Path, file: str, old: str, new: str, fault: str) -> None:
    assert faults_after(packs, file, old, new) == (fault,)


def test_a_layer_of_points_of_a_source_without_any(packs: Path) -> None:
    old = 'point = { type = "point", datum = "wgs84" }\n'
    assert faults_after(packs, "river/sources.toml", old, "") == (
        "river/pack.toml:staffs.source:0: type: 'staff' has no field of type point",
    )


def test_a_layer_that_shows_nothing(packs: Path) -> None:
    edit = 'source = "staff"\nindicator = "W1"\n'
    assert faults_after(packs, "river/pack.toml", edit, "") == (
        "river/pack.toml:staffs:0: type: a layer needs a source, an indicator or a geometry",
    )


def test_an_event_that_nothing_tells_of(packs: Path) -> None:
    edit = 'source = "stage"\nwhere = "height > bank"\nindicators = ["W1"]\n'
    assert faults_after(packs, "river/pack.toml", edit, "") == (
        "river/pack.toml:high_water:0: type: an event needs a source or indicators that tell of it",
    )


def test_a_capability_without_any_situation_and_a_situation_without_its_capability(packs: Path) -> None:
    assert faults_after(packs, "river/links.toml", 'capability = "watch"', 'capability = "guard"') == (
        "river/links.toml:stage.capability:0: unknown-name: there is no capability 'guard'",
        "river/links.toml:watch:0: unused: no situation belongs to this capability",
    )


def test_two_event_types_of_one_id_in_two_scenes(packs: Path) -> None:
    event = '[[event]]\nid = "high_water"\nzh = "水"\nen = "water"\nindicators = ["M1"]\n\n[[link]]'
    assert faults_after(packs, "market/pack.toml", "[[link]]", event) == (
        "market/pack.toml:high_water:0: duplicate: an event type of another scene has this id",
    )


def test_two_layers_of_one_id(packs: Path) -> None:
    layer = '[[layer]]\nid = "staffs"\nzh = "面"\nen = "areas"\nkind = "area"\nindicator = "W1"\n\n[[event]]'
    assert faults_after(packs, "river/pack.toml", "[[event]]", layer) == (
        "river/pack.toml:staffs:0: duplicate: 2 tables [[layer]] of this id",
    )


def test_an_entry_that_is_no_address_of_the_web(packs: Path) -> None:
    lines = faults_after(packs, "river/links.toml", 'entry = ""', 'entry = "javascript:alert(1)"')
    assert len(lines) == 1
    assert lines[0].startswith("river/links.toml:river_office.entry:0: type: ")


def test_an_indicator_on_no_page(packs: Path) -> None:
    assert faults_after(packs, "market/wall.toml", '[[tile]]\nindicator = "M1"\n', "") == (
        "market/indicators.toml:M1:0: unused: it is on no page: in no situation and on no wall",
    )


def test_a_task_that_no_indicator_and_one_that_no_page_serves(packs: Path) -> None:
    assert faults_after(packs, "market/indicators.toml", "tasks = [2]", "tasks = []") == (
        "tasks.toml:2:0: missing-key: no indicator serves this task",
    )
    (packs / "market/indicators.toml").write_text(
        (DISTRICT / "market/indicators.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    edit = 'to = "/wall?scene=market"\ntasks = [2]'
    assert faults_after(packs, "market/pack.toml", edit, 'to = "/wall?scene=market"') == (
        "tasks.toml:2:0: missing-key: no page serves this task",
    )


def test_a_task_whose_indicators_have_no_source(packs: Path) -> None:
    path = packs / "market/indicators.toml"
    text = path.read_text(encoding="utf-8")
    table = text[: text.index("source =")] + 'window = { kind = "now", every = "15m" }\nformula = "entered(\'let\')"\n'
    path.write_text(table, encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        build(packs)
    assert caught.value.lines == ("tasks.toml:2:0: missing-key: no indicator of this task has a source",)
