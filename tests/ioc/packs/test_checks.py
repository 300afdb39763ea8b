"""A name that one pack file uses must be declared by another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ioc.packs.bundle import build
from ioc.packs.files import PACKS, PackErrors


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKS, tmp_path / "packs", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def fault_after(root: Path, file: str, old: str, new: str) -> str:
    """The only fault there is after one edit."""
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        build(root)
    assert len(caught.value.lines) == 1, caught.value.lines
    return caught.value.lines[0]


def test_a_tile_of_an_unknown_indicator(packs: Path) -> None:
    fault = fault_after(packs, "operations/wall.toml", '"O1"', '"O99"')
    assert fault == "operations/wall.toml:tile:0: unknown-name: there is no indicator 'O99'"


def test_a_layer_of_an_unknown_indicator(packs: Path) -> None:
    fault = fault_after(packs, "traffic/pack.toml", '"T3r"', '"T3x"')
    assert fault == "traffic/pack.toml:roads.indicator:0: unknown-name: there is no indicator 'T3x'"


def test_an_indicator_of_an_unknown_source(packs: Path) -> None:
    fault = fault_after(packs, "operations/indicators.toml", 'source = "cloud"', 'source = "clouds"')
    assert fault == "operations/indicators.toml:O1.source:0: unknown-name: there is no source 'clouds'"


def test_a_dimension_that_the_source_lacks(packs: Path) -> None:
    fault = fault_after(packs, "operations/indicators.toml", '["process"]', '["proces"]')
    assert fault == "operations/indicators.toml:O4.dimensions:0: unknown-name: 'proces' is not a field of cloud"


def test_a_source_of_an_unknown_registry(packs: Path) -> None:
    fault = fault_after(packs, "traffic/sources.toml", 'registry = "recorded_roads"', 'registry = "roads_2015"')
    where = "traffic/sources.toml:traffic.variants.recorded.registry"
    assert fault == f"{where}:0: unknown-name: there is no registry 'roads_2015'"


def test_a_recording_of_an_unknown_variant(packs: Path) -> None:
    fault = fault_after(packs, "traffic/recordings.toml", 'variant = "recorded"', 'variant = "taped"')
    assert fault == "traffic/recordings.toml:taxi_speeds.variant:0: unknown-name: traffic has no variant 'taped'"


def test_a_recording_of_a_field_that_is_no_number(packs: Path) -> None:
    fault = fault_after(packs, "traffic/recordings.toml", 'value = "speed"', 'value = "road"')
    assert fault == "traffic/recordings.toml:taxi_speeds.value:0: type: 'road' is a text; a number is needed"


def test_a_road_in_a_region_that_does_not_exist(packs: Path) -> None:
    fault = fault_after(packs, "traffic/registry_recorded.toml", 'code = "440303"', 'code = "440999"')
    assert fault.endswith("unknown-name: '90217' of recorded_roads: there is no region '440999'")


def test_two_roads_of_one_id(packs: Path) -> None:
    fault = fault_after(packs, "traffic/registry_recorded.toml", 'id = "90218"', 'id = "90217"')
    where = "traffic/registry_recorded.toml:recorded_roads.90217"
    assert fault == f"{where}:0: duplicate: 2 rows of this id"


def test_an_assumption_about_an_attribute_that_is_not_there(packs: Path) -> None:
    fault = fault_after(packs, "traffic/registry_recorded.toml", "vehicles = 1\n", "")
    assert fault.endswith("unknown-name: '90217' of recorded_roads assumes 'vehicles' but lacks it")


def test_one_indicator_declared_twice(packs: Path) -> None:
    path = packs / "operations/indicators.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('id = "O2"', 'id = "O1"'), encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        build(packs)
    twice = "operations/indicators.toml:O1:0: duplicate: version 1 is declared more than once"
    assert caught.value.lines[:2] == (twice, twice)


def test_a_share_of_roads_for_what_is_no_tile(packs: Path) -> None:
    fault = fault_after(packs, "traffic/wall.toml", "T1 = 0.5", "T9 = 0.5")
    assert fault == "traffic/wall.toml:coverage.T9:0: unknown-name: there is no tile 'T9'"


def test_a_share_of_roads_above_all_of_them(packs: Path) -> None:
    fault = fault_after(packs, "traffic/wall.toml", "T1 = 0.5", "T1 = 50.0")
    assert fault.startswith("traffic/wall.toml:coverage.T1:")


def test_a_share_of_roads_on_a_wall_without_roads(packs: Path) -> None:
    wall = packs / "operations/wall.toml"
    wall.write_text(wall.read_text(encoding="utf-8") + "\n[coverage]\nO1 = 0.5\n", encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        build(packs)
    assert "coverage needs a strip" in str(caught.value)


def test_an_emergency_of_an_unknown_indicator(packs: Path) -> None:
    fault = fault_after(packs, "emergency/pack.toml", 'indicator = "E1"\nat_least', 'indicator = "E99"\nat_least')
    assert fault == "emergency/pack.toml:response.indicator:0: unknown-name: there is no indicator 'E99'"


def test_an_emergency_says_which_scene_takes_the_screens() -> None:
    assert build()["preemption"] == [
        {"id": "response", "zh": "应急响应", "en": "emergency response", "indicator": "E1", "at_least": 2,
         "scene": "emergency"}
    ]  # fmt: skip


def test_an_overview_of_an_unknown_indicator(packs: Path) -> None:
    fault = fault_after(packs, "overview.toml", 'areas = "E2"', 'areas = "E99"')
    assert fault == "overview.toml:map.areas:0: unknown-name: there is no indicator 'E99'"


def test_a_number_of_another_scene_in_a_row_of_the_overview(packs: Path) -> None:
    fault = fault_after(packs, "overview.toml", '"G15"', '"T1"')
    assert fault == "overview.toml:governance.numbers:0: unknown-name: 'T1' is of the scene 'traffic'"


def test_an_overview_of_a_scene_without_a_wall(packs: Path) -> None:
    fault = fault_after(packs, "overview.toml", 'id = "renewal"', 'id = "renewals"')
    assert fault.startswith("overview.toml:renewals:0: unknown-name: there is no scene 'renewals' with a wall")


def test_a_key_that_the_overview_does_not_know(packs: Path) -> None:
    fault = fault_after(packs, "overview.toml", 'response = "E1"', 'responce = "E1"')
    assert fault == "overview.toml:responce:0: unknown-key: 'responce' is not known; 'response'?"


def test_a_matter_of_the_overview_that_its_layer_does_not_show(packs: Path) -> None:
    fault = fault_after(packs, "overview.toml", 'ends = "expires_at"', 'ends = "over_at"')
    said = "'over_at' is not among what 'emergency/warnings' shows"
    assert fault == f"overview.toml:matter.warning:0: unknown-name: {said}"


def test_a_stage_that_may_take_longer_at_a_higher_level(packs: Path) -> None:
    fault = fault_after(packs, "life_cycles.toml", '3 = "3m", 4 = "2m"', '3 = "3m", 4 = "4m"')
    said = "conflict: a higher level may not take longer than a lower one"
    assert fault == f"life_cycles.toml:incident.reported.within:0: {said}"


def test_a_stage_that_does_not_say_what_it_may_take_before_it_is_graded(packs: Path) -> None:
    fault = fault_after(packs, "life_cycles.toml", '{ 0 = "5m", 3 = "3m"', '{ 3 = "3m"')
    said = "missing-key: what it may take at level 0 is not said"
    assert fault == f"life_cycles.toml:incident.reported.within:0: {said}"
