"""Outlooks over HTTP: as the engine says them, and of a playback what it has learnt of its moment."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest
import redis

from metrics import keys
from metrics.clock import WorldClock
from metrics.outlook_entry import OutlookEntry
from metrics.world import LIVE_WORLD, World

from .conftest import BUNDLE, Caller, Site

pytestmark = pytest.mark.service
NOON = 1_717_214_400_000  # 2024-06-01T04:00:00Z
QUARTER = 900_000
PAST = "playback-0123456789"
ENTRY = OutlookEntry(
    1, NOON, ((NOON, 40.0, 30.0, 50.0, False), (NOON + QUARTER, 41.0, 31.0, 51.0, True)), NOON,
    ((NOON + QUARTER, 42.0, 38.0, 46.0),), 0.1, None, 0, "simulated", usual=((NOON - 2 * QUARTER, 29.0, 49.0, False),),
)  # fmt: skip


@pytest.fixture
def reader(site: Site, caller: Callable[..., Caller], redis_client: redis.Redis) -> Caller:
    made = caller(reads=["traffic"], worlds=["live", PAST, "nowhere"])
    bundle = copy.deepcopy(BUNDLE)
    bundle["indicators"][0]["baseline"] = {}
    redis_client.set(keys.BUNDLE, json.dumps(bundle))
    redis_client.hset(keys.WORLDS, "live", LIVE_WORLD.to_json())
    label = {"zh": "", "en": "", "of": "live", "known": "then"}
    world = World(PAST, "playback", WorldClock(NOON, NOON, 0.0), label=label, started_ms=1)
    redis_client.hset(keys.WORLDS, PAST, world.to_json())
    return made


def test_band_and_forecast_are_told_as_the_engine_says_them(reader: Caller, redis_client: redis.Redis):
    redis_client.hset(keys.engine("live", "outlook"), "T1|440303|", ENTRY.pack())
    told = reader.get("/api/v1/outlook?indicator=T1&region=440303").json
    assert (told["state"], told["at"], told["forecast_at"]) == ("here", "2024-06-01T04:00:00Z", "2024-06-01T04:00:00Z")
    assert told["band"] == [
        {"end": "2024-06-01T03:30:00Z", "low": 29.0, "high": 49.0, "cold": False},
        {"end": "2024-06-01T04:00:00Z", "low": 30.0, "high": 50.0, "cold": False},
        {"end": "2024-06-01T04:15:00Z", "low": 31.0, "high": 51.0, "cold": True},
    ]
    assert told["forecast"] == [{"end": "2024-06-01T04:15:00Z", "value": 42.0, "low": 38.0, "high": 46.0}]
    assert not redis_client.exists(keys.engine("live", "outlook_asked"))


def test_a_playback_is_asked_to_learn_it_and_says_so_until_it_has(reader: Caller, redis_client: redis.Redis):
    address = f"/api/v1/outlook?indicator=T1&region=440303&world={PAST}"
    assert reader.get(address).json["state"] == "learning"
    asked = keys.engine(PAST, "outlook_asked")
    assert redis_client.smembers(asked) == {b"T1"}
    assert 0 < redis_client.ttl(asked) <= 120
    redis_client.hset(keys.engine(PAST, "outlook"), "T1|440303|", ENTRY.pack())
    assert reader.get(address).json["state"] == "here"
    part = f"/api/v1/outlook?indicator=T1&region=440303001&world={PAST}"
    assert reader.get(part).json["state"] == "none"  # of parts nothing is learnt


@pytest.mark.parametrize(
    ("query", "status", "state"),
    [("indicator=T2", 200, "none"), ("indicator=T1", 200, "none"), ("indicator=X", 404, None),
     ("indicator=T1&region=1", 404, None), ("indicator=T1&world=nowhere", 404, None)],
)  # fmt: skip
def test_what_has_none_says_so(reader: Caller, query: str, status: int, state: str | None):
    answer = reader.get(f"/api/v1/outlook?{query}")
    assert answer.status_code == status
    assert answer.json.get("state") == state


def test_an_entry_of_another_version_is_none(reader: Caller, redis_client: redis.Redis):
    outlook = keys.engine("live", "outlook")
    redis_client.hset(outlook, "T1|440303|", b"\x81\xa1v\x09")
    assert reader.get("/api/v1/outlook?indicator=T1&region=440303").json["state"] == "none"


def test_a_token_reads_its_scenes(reader: Caller, caller: Callable[..., Caller], redis_client: redis.Redis):
    bundle = redis_client.get(keys.BUNDLE)
    other = caller(reads=["safety"])
    redis_client.set(keys.BUNDLE, bundle)
    assert other.get("/api/v1/outlook?indicator=T1").status_code == 403
