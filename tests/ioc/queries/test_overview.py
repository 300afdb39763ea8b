"""The overview is composed by the packs: scenes in their order, and nothing that the definitions do not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from ioc.packs.bundle import build
from ioc.queries.overview import overview_view
from ioc.queries.walls import wall_view
from metrics import keys
from tests.ioc.queries.test_walls import NOON

pytestmark = pytest.mark.service


def test_the_scenes_stand_in_the_order_of_the_file_each_with_all_of_its_indicators(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    view = overview_view(redis_client, "live", tmp_path, NOON)
    assert [row.id for row in view.scenes] == [
        "governance", "renewal", "services", "livelihood", "traffic", "safety", "emergency",
    ]  # fmt: skip
    assert view.scenes[0].numbers == ("G15", "G6", "G1d")
    assert "G8" in view.indicators
    judged = {name for wall in view.walls for name in wall.judged}
    assert "E9" in judged  # judged though the wall of its scene has no tile of it
    assert "T3r" not in judged  # single roads are no state of the district
    assert view.map is not None
    assert [wall.scene for wall in view.walls if wall.map] == ["emergency"]  # where the rain that shades it is


def test_every_trend_is_drawn_once_by_the_scene_that_has_it(redis_client: redis.Redis, tmp_path: Path) -> None:
    view = overview_view(redis_client, "live", tmp_path, NOON)
    drawn = [name for wall in view.walls for name in wall.trends]
    assert sorted(drawn) == sorted(each.indicator for each in view.trends)
    assert len(drawn) == len(set(drawn))


def test_what_the_definitions_in_force_do_not_know_has_no_place(redis_client: redis.Redis, tmp_path: Path) -> None:
    bundle = build()
    bundle["indicators"] = [table for table in bundle["indicators"] if table["id"] != "E21"]
    redis_client.set(keys.BUNDLE, json.dumps(bundle))
    view = overview_view(redis_client, "live", tmp_path, NOON)
    assert "E21" not in [each.indicator for each in view.facts]
    assert "E8" in [each.indicator for each in view.facts]


def test_one_topic_tells_it_all_but_for_a_scene_of_which_more_is_shown(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    def topics(**asked: str) -> set[str]:
        view = overview_view(redis_client, "live", tmp_path, NOON, **asked)
        return {topic for table in view.settings("zh") for topic in table["topics"]}

    assert topics() == {"live/overview"}
    assert topics(beside="traffic") == {"live/overview", "live/traffic"}
    assert topics(beside="operations") == {"live/overview", "live/operations"}
    assert topics(on="parking") == {"live/overview", "live/traffic"}  # what its indicator says of each car park


def test_a_scene_is_judged_by_the_same_indicators_on_the_overview_and_on_its_own_wall(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    for wall in overview_view(redis_client, "live", tmp_path, NOON).walls:
        alone = wall_view(redis_client, wall.scene, "live", tmp_path, NOON)
        assert alone.judged == wall.judged
        assert set(alone.judged) <= alone.indicators.keys()
