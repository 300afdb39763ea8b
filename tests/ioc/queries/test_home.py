"""The home page shows one world: what it feeds, what only the live one feeds, and what there is no wall of."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from ioc.queries.home import home_view
from metrics import keys
from metrics.world import World

NOON = 1_795_320_000_000  # 2026-11-22 in Shanghai


@pytest.mark.service
def test_a_replay_shows_the_scene_that_it_feeds_and_the_way_to_the_others(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    redis_client.hset(keys.WORLDS, "replay", World("replay", "replay").to_json())
    redis_client.hset(keys.origins("replay"), "traffic", "recorded")
    home = home_view(redis_client, "replay", tmp_path, NOON)
    assert [(view.scene, view.topic) for view in home.walls] == [("traffic", "replay/traffic")]
    assert [each.id for each in home.elsewhere] == ["operations"]
    assert home.worlds == (("live", "live"), ("replay", "replay"))


@pytest.mark.service
def test_the_live_world_shows_every_wall_whoever_declares_to_feed_it(redis_client: redis.Redis, tmp_path: Path) -> None:
    redis_client.hset(keys.origins("live"), "cloud", "real")  # a plain producer of traffic declares nothing
    home = home_view(redis_client, "live", tmp_path, NOON)
    assert [view.topic for view in home.walls] == ["live/traffic", "live/operations"]
    assert home.elsewhere == ()


@pytest.mark.service
def test_a_world_that_nobody_feeds_yet_is_waited_for(redis_client: redis.Redis, tmp_path: Path) -> None:
    assert [view.scene for view in home_view(redis_client, "replay", tmp_path, NOON).walls] == ["traffic", "operations"]


def test_of_the_seven_scenes_those_without_a_wall_are_named_also_while_redis_is_away(tmp_path: Path) -> None:
    away = redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock"))
    home = home_view(away, "live", tmp_path, NOON, asked=True)
    assert [each.zh for each in home.without] == [
        "城市治理", "城市更新", "政务服务", "民生服务", "公共安全", "应急指挥",
    ]  # fmt: skip
    assert [view.scene for view in home.walls] == ["traffic", "operations"]
