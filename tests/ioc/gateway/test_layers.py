"""Layers of the map over a socket: a snapshot of what stands, then what moves; regions and rights as for values."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
import redis

from metrics import keys
from metrics.clock import real_ms
from metrics.whereabouts_row import Row
from tests.ioc.gateway.scenery import BUNDLE, Engine, browser, issue, played, running

pytestmark = pytest.mark.service
TOPIC = "live/traffic/parking"
LAYER = {"id": "parking", "scene": "traffic", "source": "traffic"}
WITH_LAYER = {**BUNDLE, "hash": "c" * 64, "layers": [LAYER]}
LOT = Row(1, (1_141_000_000, 225_500_000), "440303001", "lot", "red", False, "一号停车场")
OTHER = Row(1, (1_142_000_000, 225_600_000), "440303002", "lot")


def stand(client: redis.Redis, **rows: Row | None) -> None:
    """What the engine writes when rows of the layer change."""
    pipe = client.pipeline()
    for entity, row in rows.items():
        if row is None:
            pipe.hdel(keys.engine("live", "where:traffic/parking"), entity)
        else:
            pipe.hset(keys.engine("live", "where:traffic/parking"), entity, msgpack.packb(row.plain()))
    said = {"traffic/parking": {entity: None if row is None else row.plain() for entity, row in rows.items()}}
    fields: dict[Any, Any] = {"v": "1", "at": str(real_ms()), "b": msgpack.packb(said)}
    pipe.xadd(keys.engine("live", "moves"), fields)
    pipe.execute()


@played
async def test_a_snapshot_says_what_stands_and_deltas_say_what_moves(redis_client, valkey_url):
    Engine(redis_client).declare(bundle=WITH_LAYER)
    stand(redis_client, A=LOT)
    async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client), topics=(TOPIC,)) as screen:
        first = await screen.op("snapshot")
        assert first["topic"] == TOPIC
        assert first["points"] == {
            "id": ["A"], "lon": [114_100_000], "lat": [22_550_000], "kind": [0], "kinds": ["lot"], "region": [0],
            "regions": ["440303001"], "level": ["red"], "hollow": [0], "label": {"A": "一号停车场"},
        }  # fmt: skip
        stand(redis_client, B=OTHER)
        came = await screen.op("delta")
        assert (came["seq"], came["points"]["id"]) == (first["seq"] + 1, ["B"])
        stand(redis_client, A=None)
        left = await screen.op("delta")
        assert (left["left"], left["points"]["id"]) == (["A"], [])


@played
async def test_who_may_see_one_region_gets_what_stands_in_it_alone(redis_client, valkey_url):
    Engine(redis_client).declare(bundle=WITH_LAYER)
    stand(redis_client, A=LOT, B=OTHER)
    ticket = issue(redis_client, regions=("440303002",))
    async with running(valkey_url) as gateway, browser(gateway.port, ticket, topics=(TOPIC,)) as screen:
        assert (await screen.op("snapshot"))["points"]["id"] == ["B"]
        stand(redis_client, A=OTHER)
        assert (await screen.op("delta"))["points"]["id"] == ["A"]
        stand(redis_client, A=LOT)
        assert (await screen.op("delta"))["left"] == ["A"]


@played
async def test_a_layer_of_a_scene_that_a_ticket_does_not_cover_is_denied(redis_client, valkey_url):
    Engine(redis_client).declare(bundle=WITH_LAYER)
    ticket = issue(redis_client, topics=("*/operations",))
    async with running(valkey_url) as gateway, browser(gateway.port, ticket, topics=(TOPIC,)) as screen:
        denied = await screen.op("denied")
        assert (denied["topic"], denied["why"]) == (TOPIC, "permission")


@played
async def test_a_layer_that_was_told_anew_comes_as_a_snapshot(redis_client, valkey_url):
    Engine(redis_client).declare(bundle=WITH_LAYER)
    stand(redis_client, A=LOT)
    async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client), topics=(TOPIC,)) as screen:
        await screen.op("snapshot")
        hash_ = keys.engine("live", "where:traffic/parking")
        pipe = redis_client.pipeline()
        pipe.delete(hash_)
        pipe.hset(hash_, "C", msgpack.packb(OTHER.plain()))
        pipe.xadd(keys.engine("live", "moves"), {"v": "1", "at": "1", "anew": "1"})
        pipe.execute()
        assert (await screen.op("snapshot"))["points"]["id"] == ["C"]


@played
async def test_a_row_of_another_version_is_refused_and_the_others_are_shown(redis_client, valkey_url):
    Engine(redis_client).declare(bundle=WITH_LAYER)
    redis_client.hset(keys.engine("live", "where:traffic/parking"), "X", msgpack.packb([2, "what is to come"]))
    stand(redis_client, A=LOT)
    async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client), topics=(TOPIC,)) as screen:
        assert (await screen.op("snapshot"))["points"]["id"] == ["A"]
        assert gateway.tally.undecodable >= 1
