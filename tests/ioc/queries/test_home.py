"""The home page shows one world: what it feeds, what only the live one feeds, and what there is no wall of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from ioc.queries import home as home_page
from ioc.queries.home import home_view
from ioc.queries.walls import walls
from metrics import keys
from metrics.world import World

NOON = 1_795_320_000_000  # 2026-11-22 in Shanghai


@pytest.fixture(autouse=True)
def two_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only traffic and operations have a wall: which world shows which scene does not depend on how many there are."""
    two = tuple(scene for scene in walls() if scene["id"] in ("traffic", "operations"))
    monkeypatch.setattr(home_page, "walls", lambda: two)


@pytest.fixture
def replaying(redis_client: redis.Redis) -> redis.Redis:
    """A replay of traffic beside the live world, which only the centre itself feeds."""
    redis_client.hset(keys.WORLDS, "replay", World("replay", "replay").to_json())
    redis_client.hset(keys.origins("replay"), "traffic", "recorded")
    redis_client.hset(keys.origins("live"), "cloud", "real")
    return redis_client


@pytest.mark.service
@pytest.mark.parametrize(
    ("world", "topic", "elsewhere"),
    [("replay", "replay/traffic", "operations live"), ("live", "live/operations", "traffic replay")],
)
def test_a_world_shows_the_scenes_that_it_feeds_and_the_way_to_the_others(
    replaying: redis.Redis, tmp_path: Path, world: str, topic: str, elsewhere: str
) -> None:
    home = home_view(replaying, world, tmp_path, NOON)
    assert [view.topic for view in home.walls] == [topic]
    assert [f"{scene.id} {there}" for scene, there, _ in home.elsewhere] == [elsewhere]
    assert home.worlds == (("live", "live"), ("replay", "replay"))


@pytest.mark.service
def test_a_source_that_the_engine_heard_of_feeds_its_world_though_nobody_declares_it(
    replaying: redis.Redis, tmp_path: Path
) -> None:
    replaying.hset(keys.engine("live", "feeds"), "traffic", json.dumps({"rows": 1}))
    assert [view.topic for view in home_view(replaying, "live", tmp_path, NOON).walls] == [
        "live/traffic", "live/operations",
    ]  # fmt: skip


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


def test_of_the_shipped_packs_no_scene_is_without_a_wall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_page, "walls", walls)
    away = redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock"))
    home = home_view(away, "live", tmp_path, NOON)
    assert home.without == ()
    assert len(home.walls) == 8


@pytest.mark.service
def test_a_scene_that_no_world_feeds_has_no_card_where_others_are_fed(
    replaying: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_page, "walls", walls)
    home = home_view(replaying, "live", tmp_path, NOON)
    assert [view.scene for view in home.walls] == ["operations"]
    assert [each.id for each in home.unfed] == [
        "governance", "renewal", "services", "livelihood", "safety", "emergency",
    ]  # fmt: skip
