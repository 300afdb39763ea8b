"""Whereabouts: what the engine tells of the entities on a layer, through a real worker and a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import pytest
import redis

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.whereabouts_row import Row, unpack_row
from metrics.worker import Worker
from metrics.world import World
from tests.conftest import wait_until
from tests.metrics.test_layer import SOURCES

pytestmark = pytest.mark.service
WORLD = "drill"
NOON = 1_717_214_400_000
LAYER = {
    "id": "units", "scene": "emergency", "source": "unit", "moves": "track", "where": "kind != 'void'",
    "levels": {"red": "kind = 'fire'"}, "hollow": "ready", "by": "kind", "label": "kind", "shows": ["kind", "ready"],
}  # fmt: skip
HASH = keys.engine(WORLD, "where:emergency/units")


@contextmanager
def worked(url: str) -> Iterator[Worker]:
    worker, stop = Worker(url, commit_ms=20), threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join()


def declare(client: redis.Redis, layer: Any = LAYER) -> None:
    bundle = {"v": 1, "hash": json.dumps(layer), "sources": SOURCES, "indicators": [], "layers": [layer]}
    client.set(keys.BUNDLE, json.dumps(bundle))
    world = World(WORLD, "replay", WorldClock(NOON, real_ms(), 1.0), started_ms=1)
    client.hset(keys.WORLDS, WORLD, world.to_json())


def unit(client: redis.Redis, name: str, at_s: int, **fields: str) -> None:
    row = {"t": str(NOON - 3_600_000 + at_s * 1000), "k": name, "kind": "police", "ready": "true", **fields}
    client.xadd(keys.observations(WORLD, "unit"), row)  # type: ignore[arg-type]


def stands(client: redis.Redis) -> dict[str, Row]:
    found: Any = client.hgetall(HASH)
    return {name.decode(): unpack_row(row) for name, row in found.items()}


def moves(client: redis.Redis) -> list[dict[str, Any]]:
    entries: Any = client.xrange(keys.engine(WORLD, "moves"))
    said = [msgpack.unpackb(entry[b"b"]) for _, entry in entries if b"b" in entry]
    return [one["emergency/units"] for one in said]


def test_an_entity_stands_where_its_newest_record_says_and_leaves_when_it_says_so(
    redis_client: redis.Redis, valkey_url: str
) -> None:
    client = redis_client
    declare(client)
    with worked(valkey_url):
        unit(client, "U1", 10, point="114.1000001 22.55", community="440303001")
        unit(client, "U2", 10, point="114.2 22.56", kind="fire", ready="false")
        unit(client, "U3", 10)
        wait_until(lambda: len(stands(client)) == 3, "three units stand")
        at = NOON - 3_590_000
        assert stands(client)["U1"] == Row(
            at, (1_141_000_001, 225_500_000), "440303001", "police", None, True, "police", None,
            {"kind": "police", "ready": True},
        )  # fmt: skip
        assert (stands(client)["U2"].level, stands(client)["U2"].hollow) == ("red", False)
        assert stands(client)["U3"].place is None
        unit(client, "U2", 20, kind="void")
        wait_until(lambda: "U2" not in stands(client), "U2 has left")
        unit(client, "U2", 15, kind="fire", point="114.3 22.5")  # an older word that came later
        unit(client, "U1", 30, point="114.11 22.551")
        wait_until(lambda: stands(client)["U1"].changed_ms == NOON - 3_570_000, "U1 has moved")
        assert "U2" not in stands(client)
        assert any(said.get("U2", 0) is None for said in moves(client))


def test_readings_of_a_unit_move_it_and_its_record_says_the_rest(redis_client: redis.Redis, valkey_url: str) -> None:
    client = redis_client
    declare(client)
    with worked(valkey_url):
        unit(client, "U1", 10, point="114.1 22.55")
        wait_until(lambda: "U1" in stands(client), "U1 stands at its post")
        track = {"t": str(NOON - 1_000), "k": "U1", "point": "114.12 22.56"}
        client.xadd(keys.observations(WORLD, "track"), track)  # type: ignore[arg-type]
        wait_until(lambda: stands(client)["U1"].place == (1_141_200_000, 225_600_000), "U1 is where it said")
        unit(client, "U1", 40, ready="false", point="114.1 22.55")
        wait_until(lambda: not stands(client)["U1"].hollow, "U1 is out")
        assert stands(client)["U1"].place == (1_141_200_000, 225_600_000)


def test_a_layer_that_is_declared_otherwise_is_told_anew_from_the_records_that_there_are(
    redis_client: redis.Redis, valkey_url: str
) -> None:
    client = redis_client
    declare(client)
    with worked(valkey_url):
        unit(client, "U1", 10, point="114.1 22.55")
        unit(client, "U2", 10, point="114.1 22.55", kind="fire")
        wait_until(lambda: len(stands(client)) == 2, "two units stand")
        declare(client, LAYER | {"where": "kind = 'fire'"})
        wait_until(lambda: set(stands(client)) == {"U2"}, "the fire brigade alone stands")
        entries: Any = client.xrevrange(keys.engine(WORLD, "moves"), count=1)
        assert b"anew" in entries[0][1]
        declare(client, LAYER | {"id": "teams"})
        wait_until(lambda: not client.exists(HASH), "the layer that is no more is gone")
        assert client.hlen(keys.engine(WORLD, "where:emergency/teams")) == 2


def test_after_a_restart_the_layer_is_as_it_was_and_goes_on(redis_client: redis.Redis, valkey_url: str) -> None:
    client = redis_client
    declare(client)
    with worked(valkey_url):
        unit(client, "U1", 10, point="114.1 22.55")
        wait_until(lambda: "U1" in stands(client), "U1 stands")
    client.delete(HASH, keys.engine(WORLD, "where"))  # a server that lost it
    with worked(valkey_url):
        wait_until(lambda: "U1" in stands(client), "U1 stands again, from the checkpoint")
        unit(client, "U9", 20, point="114.1 22.55")
        wait_until(lambda: "U9" in stands(client), "U9 stands")


def test_an_engine_that_lost_the_world_tells_nothing(redis_client: redis.Redis, valkey_url: str) -> None:
    client = redis_client
    declare(client)
    with worked(valkey_url) as worker:
        unit(client, "U1", 10, point="114.1 22.55")
        wait_until(lambda: "U1" in stands(client), "U1 stands")
        client.incr(keys.engine(WORLD, "owner"))  # another one took it over
        unit(client, "U2", 20, point="114.1 22.55")
        wait_until(lambda: WORLD in worker.refused, "it knows that it lost the world")
        assert "U2" not in stands(client)
