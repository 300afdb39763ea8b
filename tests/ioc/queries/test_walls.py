"""Which walls there are, on which map, and in which world a scene is shown when nobody names one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from ioc.packs.bundle import build
from ioc.queries.composition import UnknownScene, compose
from ioc.queries.wall import Layers
from ioc.queries.walls import compositions, default_world, shipped, wall_view, walls
from metrics import keys
from metrics.world import LIVE_WORLD, World

NOON = 1_795_320_000_000  # 2026-11-22 in Shanghai


def test_every_scene_has_a_wall_in_the_order_of_the_packs() -> None:
    assert [scene["id"] for scene in walls()] == [
        "governance", "renewal", "services", "livelihood", "traffic", "safety", "emergency", "operations",
    ]  # fmt: skip


@pytest.mark.service
def test_without_a_published_bundle_the_shipped_definitions_are_shown(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    view = wall_view(redis_client, "traffic", "live", tmp_path, NOON)
    assert view.tiles == ("T1", "T2", "T3")
    assert view.map is not None
    assert len(view.map.layers.labels["features"]) == 11  # ten subdistricts and the reservoir


@pytest.mark.service
def test_the_bundle_in_force_is_shown_not_the_shipped_one(redis_client: redis.Redis, tmp_path: Path) -> None:
    bundle = build()
    for table in bundle["indicators"]:
        if table["id"] == "T1":
            table["zh"] = "改名的指数"
    redis_client.set(keys.BUNDLE, json.dumps(bundle))
    assert wall_view(redis_client, "traffic", "live", tmp_path, NOON).indicators["T1"].zh == "改名的指数"


@pytest.mark.service
def test_a_replay_shows_the_forty_recorded_roads_and_what_is_assumed_of_them(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    replay = World("replay", "replay", variants={"traffic": "recorded"})
    redis_client.hset(keys.WORLDS, "replay", replay.to_json())
    view = wall_view(redis_client, "traffic", "replay", tmp_path, NOON)
    assert view.strip is not None
    assert len(view.strip.roads) == 40
    assert view.strip.roads[0].assumed == ("class", "length_km", "vehicles")
    assert (view.map, view.ranking, view.mapless) == (None, None, True)  # nothing could be drawn or ranked


@pytest.mark.service
def test_a_scene_that_the_deployments_world_does_not_feed_is_shown_live(
    redis_client: redis.Redis, tmp_path: Path
) -> None:
    redis_client.hset(keys.origins("replay"), "traffic", "recorded")
    traffic = wall_view(redis_client, "traffic", "replay", tmp_path, NOON)
    operations = wall_view(redis_client, "operations", "replay", tmp_path, NOON)
    assert default_world(redis_client, traffic) == "replay"
    assert default_world(redis_client, operations) == "live"


def test_a_wall_is_laid_out_while_redis_is_away(tmp_path: Path) -> None:
    away = redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock"))
    assert wall_view(away, "operations", "live", tmp_path, NOON).tiles[0] == "O1"


def test_a_scene_without_a_wall_is_refused(tmp_path: Path) -> None:
    away = redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock"))
    with pytest.raises(UnknownScene):
        wall_view(away, "../../etc", "live", tmp_path, NOON)


def test_every_scene_of_the_district_has_a_map_with_something_on_it_and_the_scene_of_the_centre_has_none() -> None:
    maps = {scene: composition.get("map") for scene, composition in compositions().items()}
    assert maps.pop("operations") is None
    assert {scene for scene, chart in maps.items() if not (chart and chart["layers"])} == set()
    bundle = shipped()
    for scene, composition in compositions().items():
        view = compose(bundle, composition, Layers(), LIVE_WORLD, scene)
        assert (view.map is None) is (view.ranking is None), scene  # what shades the map ranks the subdistricts
        if view.map:
            assert [each.id for each in view.map.all if each.source is None] == [], scene
