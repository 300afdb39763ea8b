"""What a wall shows follows from the bundle, the composition and the world; nothing is invented on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ioc.queries.composition import CompositionError, UnknownScene, compose
from ioc.queries.coverage import Coverage
from ioc.queries.units import unit_in
from ioc.queries.wall import Layers, Limit, WallView
from metrics.world import World


def indicator(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "zh": f"指标{name}", "en": f"indicator {name}", "source": "traffic", "formula": "m", **more}


def bundle(*indicators: dict[str, Any]) -> dict[str, Any]:
    return {
        "sources": {
            "traffic": {"zh": "路段车速", "en": "speeds", "registry": "roads",
                        "variants": {"recorded": {"registry": "recorded_roads"}}},
            "rain": {"zh": "雨量", "en": "rain"},
        },
        "indicators": list(indicators),
        "registries": {
            "roads": [{"id": "LH001", "zh": "深南东路", "en": "Shennan East Road", "class": "arterial"}],
            "recorded_roads": [{"id": "90217", "class": "arterial", "assumed": ["class", "length_km"]}],
        },
        "regions": [
            {"code": "440303", "zh": "罗湖区", "en": "Luohu", "level": "district"},
            {"code": "440303001", "zh": "桂园街道", "en": "Guiyuan", "level": "subdistrict"},
            {"code": "440303001001", "zh": "老围社区", "level": "committee"},
        ],
        "scenes": [{"id": "traffic", "zh": "交通运行", "en": "traffic"}],
    }  # fmt: skip


def view(composition: dict[str, Any], *indicators: dict[str, Any], world: World | None = None) -> WallView:
    return compose(bundle(*indicators), composition, Layers(), world or World("live"), "traffic")


def test_tiles_keep_the_order_of_the_composition() -> None:
    made = view({"tile": [{"indicator": "B"}, {"indicator": "A"}]}, indicator("A"), indicator("B"))
    assert made.tiles == ("B", "A")


def test_limits_go_from_the_mildest_level_to_the_worst() -> None:
    made = view({"tile": [{"indicator": "A"}]}, indicator("A", thresholds={"red": 15, "yellow": 30, "orange": 20}))
    assert made.indicators["A"].limits == (Limit("yellow", 30.0), Limit("orange", 20.0), Limit("red", 15.0))


def test_a_target_that_is_a_formula_is_not_shown_as_a_number() -> None:
    made = view({"tile": [{"indicator": "A"}]}, indicator("A", target={"formula": "entered('goal')"}))
    assert made.indicators["A"].target is None


def test_the_highest_version_of_an_indicator_is_shown() -> None:
    made = view({"tile": [{"indicator": "A"}]}, indicator("A", version=2, zh="新"), indicator("A", version=1, zh="旧"))
    assert made.indicators["A"].zh == "新"


def test_sources_are_found_through_measures_and_through_the_indicators_a_formula_names() -> None:
    made = view(
        {"tile": [{"indicator": "C"}]},
        indicator("A", source="rain"),
        {"id": "B", "zh": "B", "measures": {"m": {"source": "indicator:A"}}, "formula": "m"},
        {"id": "C", "zh": "C", "measures": {"n": {"source": "traffic"}}, "formula": "n + B"},
    )
    assert made.indicators["C"].sources == ("rain", "traffic")
    assert made.sources == {
        "rain": {"zh": "雨量", "en": "rain"},
        "traffic": {"zh": "路段车速", "en": "speeds"},
    }


def test_a_measure_of_the_same_name_as_an_indicator_is_the_measure() -> None:
    made = view(
        {"tile": [{"indicator": "C"}]},
        indicator("A", source="rain"),
        {"id": "C", "zh": "C", "measures": {"A": {"source": "traffic"}}, "formula": "A"},
    )
    assert made.indicators["C"].sources == ("traffic",)


def test_the_strip_lists_the_roads_of_the_registry_in_force() -> None:
    made = view({"strip": {"speed": "A", "state": "A"}}, indicator("A", dimensions=["road"]))
    assert made.strip is not None
    assert [(road.id, road.zh) for road in made.strip.roads] == [("LH001", "深南东路")]


def test_a_replay_lists_the_recorded_roads_with_what_is_assumed() -> None:
    replay = World("replay", "replay", variants={"traffic": "recorded"})
    made = view({"strip": {"speed": "A", "state": "A"}}, indicator("A", dimensions=["road"]), world=replay)
    assert made.strip is not None
    assert [(road.id, road.zh, road.assumed) for road in made.strip.roads] == [
        ("90217", "90217", ("class", "length_km"))
    ]
    assert made.topic == "replay/traffic"


def test_a_constant_that_the_recording_fills_in_is_assumed_of_its_roads_with_its_value() -> None:
    held = bundle(indicator("A", dimensions=["road"])) | {
        "recordings": {"taxis": {"source": "traffic", "variant": "recorded", "constants": {"vehicles": 1}}}
    }
    composition = {"strip": {"speed": "A", "state": "A"}}
    replay = compose(
        held, composition, Layers(), World("replay", "replay", variants={"traffic": "recorded"}), "traffic"
    )
    live = compose(held, composition, Layers(), World("live"), "traffic")
    assert replay.strip is not None
    assert replay.strip.assumed == (("class", None), ("length_km", None), ("vehicles", 1))
    assert live.strip is not None
    assert live.strip.assumed == ()


def test_a_world_that_is_not_registered_yet_has_no_rows_and_awaits_the_roads_of_every_registry() -> None:
    made = compose(
        bundle(indicator("A")), {"strip": {"speed": "A", "state": "A"}}, Layers(), World("replay"), "traffic",
        registered=False,
    )  # fmt: skip
    assert made.strip is not None
    assert made.strip.roads == ()
    assert made.strip.awaited == {"LH001": "深南东路", "90217": "90217"}


def test_subdistricts_are_ranked_by_the_indicator_that_shades_the_map_and_nothing_below_them_is_listed() -> None:
    levels = ["district", "subdistrict"]
    made = view(
        {"tile": [{"indicator": "A"}, {"indicator": "B"}], "map": {"roads": "B", "areas": "A"}},
        indicator("A", levels=levels),
        indicator("B", levels=["district"]),
    )
    assert made.ranking is not None
    assert made.ranking.by == "A"
    assert made.ranking.columns == ("A",)
    assert [place.code for place in made.ranking.places] == ["440303001"]


def test_an_indicator_with_a_dimension_becomes_rows_and_not_a_tile() -> None:
    made = view(
        {"tile": [{"indicator": "A"}, {"indicator": "B"}]}, indicator("A"), indicator("B", dimensions=["process"])
    )
    assert made.tiles == ("A",)
    assert [(split.indicator, split.dimensions) for split in made.splits] == [("B", ("process",))]


def test_an_unknown_scene_is_refused() -> None:
    with pytest.raises(UnknownScene):
        compose(bundle(), {}, Layers(), World("live"), "../traffic")


def test_a_composition_that_names_an_undefined_indicator_says_which_in_which_file() -> None:
    with pytest.raises(CompositionError, match=r"packs/traffic/wall\.toml: indicator 'T9' is not defined"):
        view({"tile": [{"indicator": "T9"}]})


def test_the_settings_of_the_browser_are_plain_json() -> None:
    made = view({"tile": [{"indicator": "A"}]}, indicator("A", unit="km/h", decimals=1))
    settings = json.loads(json.dumps(made.settings("zh")))
    assert settings["topics"] == ["live/traffic"]
    assert settings["indicators"]["A"]["unit"] == "km/h"
    assert settings["indicators"]["A"]["sources"] == ["traffic"]


def test_a_tile_knows_the_roads_that_it_counts_and_the_share_of_them_that_makes_a_judgement() -> None:
    made = view(
        {"tile": [{"indicator": "A"}], "strip": {"speed": "B", "state": "B"}, "coverage": {"A": 0.5}},
        indicator("A"), indicator("B", dimensions=["road"]),
    )  # fmt: skip
    assert made.coverage == {"A": Coverage({"LH001": ""}, 0.5)}
    assert made.settings("zh")["coverage"] == {"A": {"roads": {"LH001": ""}, "least": 0.5}}


def test_a_tile_without_a_share_is_always_judged() -> None:
    made = view(
        {"tile": [{"indicator": "A"}], "strip": {"speed": "B", "state": "B"}},
        indicator("A"), indicator("B", dimensions=["road"]),
    )  # fmt: skip
    assert made.coverage["A"].least is None


def test_a_share_of_the_roads_for_what_is_no_tile_is_refused_by_name() -> None:
    with pytest.raises(CompositionError, match=r"packs/traffic/wall\.toml: coverage\.B is no tile"):
        view(
            {"tile": [{"indicator": "A"}], "strip": {"speed": "B", "state": "B"}, "coverage": {"B": 0.5}},
            indicator("A"), indicator("B", dimensions=["road"]),
        )  # fmt: skip


@pytest.mark.parametrize(("code", "drawn", "mapless"), [("", "", True), ("440303001", "", False), ("", "LH001", False)])
def test_there_is_a_map_where_a_road_is_drawn_or_lies_in_a_subdistrict(code: str, drawn: str, mapless: bool) -> None:
    levels = ["district", "subdistrict"]
    held = bundle(indicator("A", levels=levels), indicator("B", dimensions=["road"]))
    held["registries"] = {name: [{"id": "LH001", "code": code}] for name in held["registries"]}
    composition = {
        "tile": [{"indicator": "A"}], "strip": {"speed": "B", "state": "B"}, "map": {"roads": "B", "areas": "A"},
    }  # fmt: skip
    layers = Layers(roads={"features": [{"properties": {"id": drawn}}]})
    made = compose(held, composition, layers, World("live"), "traffic")
    assert (made.mapless, made.map is None, made.ranking is None) == (mapless, mapless, mapless)


def test_rows_of_a_split_say_what_the_composition_names_and_else_themselves() -> None:
    said = {"flood": {"zh": "防汛", "en": "flood"}, "red": {"zh": "红", "en": "red", "level": "red"}}
    made = view(
        {"tile": [{"indicator": "A"}, {"indicator": "B"}], "names": {"plan": said}, "registers": {"zone": "zones"},
         "values": {"A": {"4": {"zh": "Ⅰ级", "en": "I", "level": "red"}}}},
        indicator("A", dimensions=["plan", "zone"]),
        indicator("B", dimensions=["zone"]),
    )  # fmt: skip
    assert [split.dimensions for split in made.splits] == [("plan", "zone"), ("zone",)]
    assert made.names["plan"] == {"flood": ("防汛", "flood", None), "red": ("红", "red", "red")}
    assert made.names["process"]["engine"][0] == "计算引擎"
    assert made.registers == ("zone",)
    assert (made.indicators["A"].says, made.indicators["B"].says) == ({"4": ("Ⅰ级", "I", "red")}, {})


def test_the_step_of_an_indicator_is_that_of_its_windows() -> None:
    steps = [{"kind": "tumbling", "size": "1d"}, {"kind": "sliding", "size": "7d", "every": "15m"}]
    made = view(
        {"tile": [{"indicator": "A"}, {"indicator": "B"}]},
        *(indicator(name, window=window) for name, window in zip("AB", steps, strict=True)),
    )
    assert [made.indicators[name].step_ms for name in "AB"] == [86_400_000, 900_000]


def test_an_english_screen_has_english_units() -> None:
    made = view(
        {"tile": [{"indicator": "A"}, {"indicator": "B"}]}, indicator("A", unit="件"), indicator("B", unit="km/h")
    )
    units = {
        lang: {name: each["unit"] for name, each in made.settings(lang)["indicators"].items()} for lang in ("zh", "en")
    }
    assert units == {"zh": {"A": "件", "B": "km/h"}, "en": {"A": "cases", "B": "km/h"}}


def test_no_unit_of_the_packs_is_chinese_on_an_english_screen() -> None:
    from ioc.packs.bundle import build

    units = {table.get("unit", "") for table in build()["indicators"]}
    assert [unit for unit in units if any("\u4e00" <= letter <= "\u9fff" for letter in unit_in(unit, "en"))] == []
