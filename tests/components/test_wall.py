"""Components lay out what the view model says: places for numbers that can be traced, text that stays text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from components.district_map import drafted
from components.home import home, nothing
from components.strip import assumptions
from components.tile import lefts, scale_top, shown, tile
from components.wall import no_wall, rows_beside, wall
from components.words import language
from ioc.packs.bundle import build, walls
from ioc.queries.composition import compose
from ioc.queries.home import HomeView, Named
from ioc.queries.wall import Indicator, Layers, Limit, MapView, Place, Ranking, Road, Split, Strip, WallView
from metrics.world import LIVE_WORLD

SQUARE = {"type": "Polygon", "coordinates": [[[114.0, 22.5], [114.2, 22.5], [114.2, 22.6], [114.0, 22.5]]]}
OUTLINE = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": SQUARE}]}
SPEED = Indicator(
    "T2",
    1,
    "主干路车速",
    "arterial speed",
    "km/h",
    1,
    "up",
    (Limit("yellow", 30.0), Limit("orange", 20.0), Limit("red", 15.0)),
    30.0,
    ("traffic",),
)
ROAD = Indicator("T2r", 1, "路段车速", "road speed", "km/h", 1, "context", (), None, ("traffic",))
STATE = Indicator("T3r", 1, "路段路况", "road state", "", 0, "down", (), None, ("traffic",))
MEMORY = Indicator("O4", 1, "进程内存", "memory", "MB", 0, "context", (), None, ("cloud",))


def view(roads: int = 40, zh: str = "深南东路") -> WallView:
    return WallView(
        scene="traffic", zh="交通运行", en="traffic", world="live",
        indicators={"T2": SPEED, "T2r": ROAD, "T3r": STATE, "O4": MEMORY}, tiles=("T2",), trends=("T2",),
        strip=Strip("T2r", "T3r", tuple(Road(f"R{number}", zh, "Shennan", "arterial", ()) for number in range(roads))),
        ranking=Ranking("T2", ("T2",), (Place("440303001", "桂园街道", "Guiyuan"),)),
        splits=(Split("O4", ("process",)),),
        map=MapView("T3r", "T2", Layers(outline=OUTLINE, subdistricts=OUTLINE)),
        sources={"traffic": {"zh": "路段车速", "en": "road speeds"}},
    )  # fmt: skip


def parts(component: Any) -> Iterator[dict[str, Any]]:
    """All components below one, as plain JSON."""
    plain = json.loads(json.dumps(component, default=lambda part: part.to_plotly_json()))

    def walk(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict) and "props" in part:
            yield part
            yield from walk(part["props"].get("children"))
        elif isinstance(part, list):
            for each in part:
                yield from walk(each)

    yield from walk(plain)


def of_class(component: Any, name: str) -> list[dict[str, Any]]:
    return [part["props"] for part in parts(component) if name in part["props"].get("className", "").split()]


def test_every_place_of_a_number_carries_the_four_marks() -> None:
    numbers = of_class(wall(view(), "zh"), "number")
    # tile, trend, one subdistrict, forty roads and their number, five counts of road states
    assert len(numbers) == 1 + 1 + 1 + 40 + 1 + 5
    for number in numbers:
        assert {"data-indicator", "data-region", "data-window-end", "data-quality"} <= number.keys()
        assert number["data-quality"] == "no_data"


def test_what_the_screen_counts_itself_says_so_and_names_no_group_of_the_indicator() -> None:
    counts = [number for number in of_class(wall(view(), "zh"), "number") if "data-derived" in number]
    assert [number["data-derived"] for number in counts] == ["count"] * 6
    assert [number["data-count"] for number in counts[:5]] == ["5", "4", "3", "2", "1"]
    assert all("data-dims" not in number for number in counts)


def test_a_scene_that_is_not_there_is_named_with_those_that_are() -> None:
    said = no_wall("<b>nope", (Named("traffic", "交通运行", "traffic"),), "en")
    texts = json.dumps(list(parts(said)), ensure_ascii=False)
    assert "There is no wall of a scene “<b>nope”" in texts
    assert '"href": "/wall/traffic?lang=en"' in texts
    assert [part["props"]["lang"] for part in parts(no_wall("x" * 999, (), "zh")) if "lang" in part["props"]] == [
        "zh-CN"
    ]


def test_all_roads_have_a_row_of_their_own_with_a_stable_id() -> None:
    rows = of_class(wall(view(), "zh"), "road")
    assert [row["id"] for row in rows] == [f"road-R{number}" for number in range(40)]
    assert "data-dims" in rows[0]["children"][2]["props"]


def test_ids_are_unique_on_a_wall() -> None:
    ids = [part["props"]["id"] for part in parts(wall(view(), "zh")) if "id" in part["props"]]
    assert len(ids) == len(set(ids))


def test_a_name_with_markup_stays_text() -> None:
    [row] = of_class(wall(view(1, "<img src=x onerror=alert(1)>"), "zh"), "road")
    assert row["children"][1]["props"]["children"] == "<img src=x onerror=alert(1)>"
    assert all(part["type"] not in {"Markdown", "DangerouslySetInnerHTML"} for part in parts(wall(view(), "zh")))


def test_the_settings_travel_as_an_attribute_that_parses_back() -> None:
    root = wall(view(), "en").to_plotly_json()["props"]
    [settings] = json.loads(root["data-settings"])
    assert settings["lang"] == "en"
    assert (settings["strip"]["speed"], settings["strip"]["state"], settings["strip"]["awaited"]) == ("T2r", "T3r", {})
    assert settings["strip"]["names"]["R0"] == "Shennan"


def test_the_strip_says_in_both_languages_what_of_its_roads_is_assumed() -> None:
    of = Strip("T2r", "T3r", (), (("class", None), ("length_km", None), ("vehicles", 1)))
    assert assumptions(of, "zh") == "等级、长度、车辆数（均 1）为假定"
    assert assumptions(of, "en") == "class, length, vehicles (1 each) assumed"
    assert assumptions(Strip("T2r", "T3r", ()), "zh") == ""


def test_feeds_have_a_column_for_the_unregistered_beside_the_rejected() -> None:
    titles = [part["children"] for part in of_class(wall(view(), "zh"), "feed-number")]
    assert titles == ["末次数据", "已收", "拒收", "未登记", "过迟"]


def test_the_ways_off_a_wall_lead_home_and_to_every_scene_by_keys_and_keep_world_and_language() -> None:
    walls = [Named("river", "河道", "river"), Named("market", "集市", "market")]
    [ways] = [
        part["props"] for part in parts(wall(view(), "en", walls, "replay")) if part["props"].get("id") == "wall-ways"
    ]
    found = [each["props"] for each in ways["children"]]
    assert [(each["id"], each["href"]) for each in found] == [
        ("way-0", "/?world=replay&lang=en"),
        ("way-1", "/wall/river?world=replay&lang=en"),
        ("way-2", "/wall/market?world=replay&lang=en"),
        ("way-9", "/wall?world=replay&lang=en"),
    ]


def test_rows_of_processes_have_the_names_of_the_panel_of_processes() -> None:
    panel = {
        row["data-process"]: row["children"][0]["props"]["children"] for row in of_class(wall(view(), "zh"), "process")
    }
    assert panel["engine"] == "计算引擎"
    operations = compose(build(), walls()["operations"], Layers(), LIVE_WORLD, "operations")
    assert {name: said[0] for name, said in operations.names["process"].items()} == panel | {"replay": "回放"}


def test_map_functions_are_named_and_never_source_text() -> None:
    layers = [part["props"] for part in parts(wall(view(), "zh")) if part["type"] == "GeoJSON"]
    assert [layer["id"] for layer in layers] == ["layer-areas", "layer-outline"]
    for layer in layers:
        for key in ("style", "onEachFeature", "pointToLayer"):
            assert list(layer[key]) == ["variable"]


def test_a_wall_without_a_map_gives_the_centre_to_the_trends() -> None:
    plain = WallView(
        **{field: getattr(view(), field) for field in WallView.__dataclass_fields__}
        | {"map": None, "ranking": None, "strip": None}
    )
    made = wall(plain, "zh")
    assert made.className == "wall without-map"
    assert not of_class(made, "map-panel")
    assert of_class(made, "trend")


def test_beside_a_map_many_tiles_have_the_left_column_and_the_subdistricts_stand_at_the_right() -> None:
    many = {f"T{at}": replace(SPEED, id=f"T{at}") for at in range(7)} | {"T2": SPEED, "O4": MEMORY}
    made = wall(replace(view(), indicators=many, tiles=tuple(many)[:7], strip=None), "zh")
    assert made.className == "wall with-map crowded low-tiles"
    [left], [right] = of_class(made, "left"), of_class(made, "right")
    assert [len(of_class({"props": part}, "rank")) for part in (left, right)] == [0, 2]
    assert right["style"] == {"--rows": 3}  # two for the subdistricts, one for the split and the processes


def test_a_wall_with_a_map_and_splits_is_crowded_and_one_by_two_dimensions_has_a_row_for_itself() -> None:
    splits = (Split("O4", ("process",)), Split("O4", ("process", "kind")), Split("O4", ("kind",)))
    assert rows_beside(replace(view(), splits=splits), False) == 3
    assert rows_beside(replace(view(), splits=splits[:2]), False) == 2
    assert wall(view(), "zh").className == "wall with-map crowded"
    assert wall(replace(view(), splits=()), "zh").className == "wall with-map"


def test_a_tile_says_its_target_and_its_limits_in_both_languages() -> None:
    texts = json.dumps(tile(SPEED, "zh"), default=lambda part: part.to_plotly_json(), ensure_ascii=False)
    assert "目标 " in texts
    assert "黄 30" in texts
    assert "红 15" in texts
    english = json.dumps(tile(SPEED, "en"), default=lambda part: part.to_plotly_json(), ensure_ascii=False)
    assert "orange 20" in english


def test_the_name_of_a_tile_on_a_wall_leads_to_the_page_of_its_indicator_and_the_scene_to_the_library() -> None:
    assert links(wall(view(), "zh"))[:2] == ["/links?scene=traffic", "/indicator/T2?world=live"]
    assert links(wall(view(), "en"))[:2] == ["/links?scene=traffic&lang=en", "/indicator/T2?world=live&lang=en"]
    assert links(tile(SPEED, "zh")) == []


def test_the_limits_stand_where_their_values_lie_on_the_bar() -> None:
    assert scale_top(SPEED) == 45.0
    [red, orange, yellow] = [part["style"]["left"] for part in of_class(tile(SPEED, "zh"), "tick")]
    assert (red, orange, yellow) == ("33.33%", "44.44%", "66.67%")


def test_the_name_of_a_limit_stands_below_its_place_unless_another_name_or_the_edge_needs_the_room() -> None:
    assert lefts([80.0, 95.0], 4.6) == [
        "max(1.3rem, min(80.00%, max(5.9rem, min(95.00%, 100% - 1.3rem)) - 4.6rem))",
        "max(5.9rem, min(95.00%, 100% - 1.3rem))",
    ]


@pytest.mark.parametrize(("value", "text"), [(30.0, "30"), (1.5, "1.5"), (0.25, "0.25"), (99.9, "99.9")])
def test_a_limit_has_as_few_digits_as_say_it(value: float, text: str) -> None:
    assert shown(value, SPEED) == text


def test_the_bounds_of_the_map_are_those_of_the_outline() -> None:
    assert Layers(outline=OUTLINE).bounds == [[22.5, 114.0], [22.6, 114.2]]


def test_a_layer_is_a_draft_when_one_feature_is() -> None:
    assert not drafted(OUTLINE)
    assert drafted({"features": [{"properties": {"draft": False}}, {"properties": {"draft": True}}]})


def test_the_map_says_draft_only_of_drafts() -> None:
    assert "示意" not in json.dumps(wall(view(), "zh"), default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def glance(**changes: Any) -> HomeView:
    return replace(
        HomeView(
            world="replay", asked=False, worlds=(("live", "live"), ("replay", "replay")), walls=(view(),),
            elsewhere=((Named("operations", "运行保障", "operations"), "live", "live"),), unfed=(),
            without=(Named("safety", "公共安全", "public safety"),),
        ),
        **changes,
    )  # fmt: skip


def links(component: Any) -> list[str]:
    return [part["props"]["href"] for part in parts(component) if "href" in part["props"]]


def test_the_links_of_the_home_page_keep_the_language_and_the_world_that_was_asked_for() -> None:
    assert links(home(glance(), "zh")) == [
        "/coverage", "/links", "/regions",
        "/?world=live", "/?world=replay", "/wall/traffic", "/wall/operations?world=live",
    ]  # fmt: skip
    assert links(home(glance(asked=True), "en")) == [
        "/coverage?lang=en", "/links?lang=en", "/regions?lang=en",
        "/?world=live&lang=en", "/?world=replay&lang=en", "/wall/traffic?world=replay&lang=en",
        "/wall/operations?world=live&lang=en",
    ]  # fmt: skip


def test_the_home_page_opens_topics_of_one_world_and_says_which_scenes_are_not_in_it() -> None:
    made = home(glance(), "zh")
    assert [each["topics"] for each in json.loads(made.to_plotly_json()["props"]["data-settings"])] == [
        ["live/traffic"]
    ]
    texts = [[child["props"]["children"] for child in each["children"]] for each in of_class(made, "place")]
    assert texts == [["运行保障", "在实时世界，打开大屏"], ["公共安全", "未建"]]
    assert [link["className"] for link in of_class(made, "way")] == ["way", "way", "way", "way", "way here"]


def test_a_scene_that_nobody_feeds_has_a_way_to_its_wall_and_no_card() -> None:
    made = home(glance(elsewhere=(), without=(), unfed=(Named("safety", "公共安全", "public safety"),)), "zh")
    texts = [[child["props"]["children"] for child in each["children"]] for each in of_class(made, "place")]
    assert texts == [["公共安全", "未接入"]]
    assert "/wall/safety" in links(made)
    assert len(of_class(made, "card")) == 1


def test_where_there_is_but_one_world_there_is_nowhere_else_to_go() -> None:
    assert links(home(glance(worlds=(("live", "live"),), elsewhere=()), "zh")) == [
        "/coverage", "/links", "/regions", "/wall/traffic",
    ]  # fmt: skip


def test_the_language_is_chinese_unless_english_is_asked_for() -> None:
    assert [language(asked) for asked in ("en", "zh", None, "<b>")] == ["en", "zh", "zh", "zh"]


def test_who_may_open_no_wall_reads_so_with_the_role_and_no_live_path_is_opened() -> None:
    text = json.dumps(nothing("zh", ["审计管理员"]), default=lambda part: part.to_plotly_json(), ensure_ascii=False)
    assert "您的角色没有可打开的大屏" in text
    assert "角色：审计管理员" in text
    assert "data-settings" not in text


def test_roads_that_are_on_no_map_have_the_centre_and_one_sentence_says_why() -> None:
    fields = {field: getattr(view(), field) for field in WallView.__dataclass_fields__}
    made = wall(WallView(**fields | {"ranking": None, "map": None, "mapless": True}), "zh")
    assert made.className == "wall with-strip"
    assert [len(of_class(column, "road")) for column in made.children if "column" in (column.className or "")] == [
        0,
        40,
        0,
    ]
    assert "本回放的路段无坐标与街道归属，不画地图、不作排名" in [note["children"] for note in of_class(made, "note")]


def test_a_column_that_a_place_lacks_the_roads_for_says_which() -> None:
    fields = {field: getattr(view(), field) for field in WallView.__dataclass_fields__}
    ranked = Ranking("T2", ("T2",), view().ranking.places, lacking={"T2": {"440303001": "arterial"}})
    [row] = [each for each in of_class(wall(WallView(**fields | {"ranking": ranked}), "zh"), "rank") if "id" in each]
    assert row["children"][2]["props"]["children"][1]["props"]["data-reason"] == "无主干路"
