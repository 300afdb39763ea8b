"""The page of an indicator: whose value it shows; the ways to its regions, wall, tasks and place in the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from components.indicator import indicator
from ioc.queries.composition import UnknownIndicator
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
