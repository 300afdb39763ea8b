"""The page of an indicator: whose value it shows; the ways to its regions, wall, tasks and place in the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from components.indicator import indicator
from ioc.queries.composition import UnknownIndicator
from ioc.queries.indicator_incidents import RelatedIncident
from ioc.queries.indicator_page import indicator_view
from ioc.queries.library import Entry, seed
from ioc.queries.wall import DISTRICT
from ioc.queries.walls import indicator_screen
from tests.components.test_wall import links as addresses
from tests.components.test_wall import of_class, parts

SHIPPED = {key: Entry(*key, body) for key, body in seed().items()}
PART = "440303003"


@pytest.fixture
def away(tmp_path: Path) -> redis.Redis:
    """Nobody answers: the shipped definitions are shown."""
    return redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock"))


def page(away: redis.Redis, name: str, region: str = DISTRICT, lang: Any = "zh", asked: str = "") -> Any:
    screen = indicator_screen(away, name, asked or "live", region)
    return indicator(indicator_view(name, SHIPPED), screen, lang, asked)


def settings(made: Any) -> dict[str, Any]:
    [text] = [part["props"]["data-settings"] for part in parts(made) if "data-settings" in part["props"]]
    [found] = json.loads(text)
    return dict(found)


@pytest.mark.parametrize(("name", "scene"), [("G4", "governance"), ("T2", "traffic"), ("O1", "operations")])
def test_the_page_leads_to_the_wall_of_its_scene_to_the_library_and_to_its_tasks(
    away: redis.Redis, name: str, scene: str
) -> None:
    made = page(away, name)
    assert f"/links?indicator={name}" in addresses(made)
    assert f"/wall/{scene}" in addresses(made)
    assert [part["props"]["data-voucher"] for part in parts(made) if "data-voucher" in part["props"]] == [name]


def test_the_value_the_chart_and_the_live_topic_are_of_the_region_that_is_asked_for(away: redis.Redis) -> None:
    for region in (DISTRICT, PART):
        found = settings(page(away, "T2", region))
        assert (found["topics"], found["district"], found["tiles"], found["trends"]) == (
            ["live/traffic"], region, ["T2"], ["T2"],
        )  # fmt: skip
        assert found["root"] == DISTRICT


def test_every_subdistrict_is_one_tap_away_and_world_and_language_stay(away: redis.Redis) -> None:
    made = page(away, "T2", lang="en", asked="replay")
    there = f"/indicator/T2?world=replay&lang=en&region={PART}"
    assert addresses(made).count(there) == 2  # above the value, and in the ranking
    [here] = [each["children"] for each in of_class(made, "way") if "here" in each["className"].split()]
    assert here == "whole district"


def test_what_has_no_regions_has_no_way_to_one_and_what_is_split_shows_its_groups(away: redis.Redis) -> None:
    assert not [each for each in addresses(page(away, "O1")) if "region=" in each]
    assert settings(page(away, "E1"))["splits"] == [{"indicator": "E1"}]
    assert settings(page(away, "E1"))["indicators"]["E1"]["says"]["4"] == ["Ⅰ级", "I", "red"]


def test_an_indicator_that_nobody_declares_is_refused(away: redis.Redis) -> None:
    with pytest.raises(UnknownIndicator):
        indicator_screen(away, "ZZ", "live")


def test_the_page_names_its_way_back_and_what_can_be_chosen_with_the_standard_first(away: redis.Redis) -> None:
    made = page(away, "G6", PART)
    [crumbs] = of_class(made, "crumbs")
    assert addresses({"props": {"children": crumbs["children"]}}) == ["/", "/wall/governance", "/indicator/G6"]
    chosen = {part["props"]["data-choose"]: part["props"] for part in parts(made) if "data-choose" in part["props"]}
    assert {name: each["data-standard"] for name, each in chosen.items()} == {
        "span": "24h", "against": "1d", "by": "region",
    }  # fmt: skip
    assert [part["props"]["data-check"] for part in parts(made) if "data-check" in part["props"]] == ["G6"]


def test_lineage_leads_to_the_indicators_that_one_reads_and_to_those_that_read_it(away: redis.Redis) -> None:
    assert {each.id for each in indicator_view("T4", SHIPPED).above} == {"T4a"}
    assert "T4" in {each.id for each in indicator_view("T4a", SHIPPED).below}
    assert "/indicator/T4a" in addresses(page(away, "T4"))


def test_incidents_are_listed_for_who_may_see_them_and_for_nobody_else(away: redis.Redis) -> None:
    incident = RelatedIncident("inc-1", "<b>积水</b>", 3, 1_790_000_000_000, None)
    made = indicator(indicator_view("E3", SHIPPED), indicator_screen(away, "E3", "live"), "zh", "", [incident])
    assert "/incident/inc-1" in addresses(made)
    assert "相关事件" not in json.dumps(page(away, "E3").to_plotly_json(), default=str, ensure_ascii=False)
