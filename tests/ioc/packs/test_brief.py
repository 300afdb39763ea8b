"""The brief names what the overview shows, from its own composition, and no more of the scenes than what is judged."""

from __future__ import annotations

from dataclasses import replace

from ioc.packs.bundle import build, overview
from ioc.packs.checks import check
from ioc.packs.content import load
from ioc.queries.composition import newest

BRIEF = build()["overview"]


def test_all_that_has_a_place_on_the_overview_is_told() -> None:
    composed = overview() or {}
    placed = {each["indicator"] for key in ("fact", "trend") for each in composed[key]}
    placed |= {name for each in composed["list"] for name in each["indicators"]}
    placed |= {name for each in composed["scene"] for name in (*each["numbers"], each["wide"])}
    assert placed <= set(BRIEF["whole"])


def test_all_that_is_judged_of_its_scenes_is_told_and_nothing_of_the_centre_itself() -> None:
    scenes = {each["id"] for each in (overview() or {})["scene"]}
    tables = newest(build()["indicators"])
    judged = {name for name, table in tables.items() if table["scene"] in scenes and "thresholds" in table}
    assert judged <= set(BRIEF["whole"])
    assert {tables[name]["scene"] for name in BRIEF["whole"]} == scenes
    assert "O1" not in BRIEF["whole"]


def test_groups_parts_and_lines_are_told_of_what_draws_them_alone() -> None:
    assert BRIEF["parts"] == ["E2"]  # the rain that shades the map
    assert BRIEF["groups"] == ["E1", "E3", "T2r", "T3r"]  # plans, flood points, the speeds and states of roads
    assert {"E1", "T1", "P3"} <= set(BRIEF["lines"])
    assert "G15" not in BRIEF["lines"]


def test_a_layer_takes_the_values_of_its_entities_by_the_name_of_its_source_or_of_its_key() -> None:
    layer = next(each for pack in load().packs for each in pack.pack.model.layer if each.indicator and each.source)
    key = "its_key"
    assert layer.entity_dimension([key], key) == key
    assert layer.entity_dimension([layer.source], key) == layer.source
    assert layer.entity_dimension(["org"], key) == layer.entity_dimension([key, "org"], key) == ""


def test_no_scene_has_the_name_that_the_overview_has_in_a_topic() -> None:
    content = load()
    first = content.packs[0]
    scene = first.pack.model.scene.model_copy(update={"id": "overview"})
    file = replace(first.pack, model=first.pack.model.model_copy(update={"scene": scene}))
    faults = check(replace(content, packs=(replace(first, pack=file), *content.packs[1:])))
    assert any("overview" in fault and "reserved" in fault for fault in faults)
