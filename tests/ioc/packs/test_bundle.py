"""The bundle that the engine takes over."""

from __future__ import annotations

import json

import pytest
import redis

from ioc.packs.bundle import build, digest, publish, walls
from metrics import keys
from metrics.definition import load


def test_the_shipped_packs_load_as_definitions() -> None:
    bundle = load(build())
    ids = [one.id for one in bundle.indicators]
    assert [name for name in ids if name.startswith("T")][:5] == ["T1", "T2", "T3", "T2r", "T3r"]
    assert len(ids) == len(set(ids))
    assert {"case", "traffic", "iot", "rain", "cloud"} <= set(bundle.sources)


def test_the_variant_of_a_recording_has_quarters_of_an_hour() -> None:
    recorded = load(build()).for_world({"traffic": "recorded"})
    assert recorded.sources["traffic"].period_ms == 900_000
    assert recorded.sources["traffic"].stale_after_ms == 2_700_000
    assert recorded.sources["traffic"].registry == "recorded_roads"
    roads = [one for one in recorded.indicators if one.id in ("T1", "T2", "T3", "T2r", "T3r")]
    assert {one.window.size_ms for one in roads} == {900_000}


def test_every_recorded_road_says_what_is_assumed_of_it() -> None:
    roads = build()["registries"]["recorded_roads"]
    assert len(roads) == 40
    assert {(road["class"], road["length_km"], road["vehicles"]) for road in roads} == {("arterial", 1.0, 1)}
    assert {tuple(road["assumed"]) for road in roads} == {("class", "length_km", "vehicles")}


def test_the_hash_is_that_of_the_content() -> None:
    bundle = build()
    assert bundle["hash"] == digest(bundle) == build()["hash"]
    changed = json.loads(json.dumps(bundle))
    changed["indicators"][0]["thresholds"]["red"] = 9
    assert digest(changed) != bundle["hash"]


def test_all_that_walls_name_is_there() -> None:
    ids = {table["id"] for table in build()["indicators"]}
    assert walls()["traffic"]["strip"] == {"speed": "T2r", "state": "T3r"}
    assert {item["indicator"] for wall in walls().values() for item in wall["tile"]} <= ids


@pytest.mark.service
def test_publishing_puts_the_bundle_where_the_engine_reads_it(redis_client: redis.Redis) -> None:
    published = publish(redis_client)
    stored = json.loads(redis_client.get(keys.BUNDLE))
    assert stored["hash"] == published
    assert stored == build()
