"""What the centre does reaches the stream of its world, in order, at least once, and counts once."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from ioc.services import outbox
from ioc.services.outbox import Relay
from ioc.store.unit import Store
from metrics import keys
from metrics.world import World
from tests.conftest import ValkeyServer, wait_until

T0 = 1_790_000_000_000
INCIDENTS = keys.observations("live", "incident")
pytestmark = pytest.mark.service


def put(store: Store, entity: str, at_ms: int = T0, world: str = "live", **fields: Any) -> None:
    with store.write() as unit:
        outbox.put(unit, world, "incident", entity, at_ms, fields, T0)


def rows(client: redis.Redis, stream: str = INCIDENTS) -> list[dict[bytes, bytes]]:
    found: Any = client.xrange(stream)
    return [entry for _, entry in found]


def test_rows_come_to_the_stream_once_in_the_order_in_which_they_were_written(
    sqlite_store: Store, redis_client: redis.Redis
):
    put(sqlite_store, "a", level=2, closed_at=None, auto_routed=True)
    put(sqlite_store, "b", level=1)
    relay = Relay(sqlite_store, redis_client)
    assert [relay.turn(T0 + at) for at in range(3)] == [2, 0, 0]
    assert rows(redis_client) == [
        {b"t": b"1790000000000", b"k": b"a", b"level": b"2", b"auto_routed": b"true"},
        {b"t": b"1790000000000", b"k": b"b", b"level": b"1"},
    ]
    assert redis_client.hget(keys.origins("live"), "incident") == b"real"


def test_two_changes_of_one_thing_at_one_instant_have_times_of_their_own(
    sqlite_store: Store, redis_client: redis.Redis
):
    put(sqlite_store, "a", level=2)
    put(sqlite_store, "a", level=3)
    Relay(sqlite_store, redis_client).turn(T0)
    assert [row[b"t"] for row in rows(redis_client)] == [b"1790000000000", b"1790000000001"]


def test_a_change_that_is_not_made_leaves_no_row(sqlite_store: Store, redis_client: redis.Redis):
    def changed_and_failed() -> None:
        with sqlite_store.write() as unit:
            outbox.put(unit, "live", "incident", "a", T0, {}, T0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        changed_and_failed()
    assert Relay(sqlite_store, redis_client).turn(T0) == 0
    assert rows(redis_client) == []


def test_what_a_feed_said_of_the_origin_stays(sqlite_store: Store, redis_client: redis.Redis):
    redis_client.hset(keys.origins("live"), "incident", "simulated")
    put(sqlite_store, "a")
    Relay(sqlite_store, redis_client).turn(T0)
    assert redis_client.hget(keys.origins("live"), "incident") == b"simulated"


def test_rows_of_a_world_that_is_no_more_do_not_bring_it_back(sqlite_store: Store, redis_client: redis.Redis):
    redis_client.hset(keys.WORLDS, "drill", World("drill", "exercise").to_json())
    put(sqlite_store, "a", world="drill")
    put(sqlite_store, "b", world="gone")
    relay = Relay(sqlite_store, redis_client)
    assert (relay.turn(T0), relay.turn(T0)) == (2, 0)
    assert len(rows(redis_client, keys.observations("drill", "incident"))) == 1
    assert list(redis_client.scan_iter("ioc:gone:*")) == []


def test_what_a_crashed_data_bus_may_have_lost_is_sent_again(sqlite_store: Store, valkey_server: ValkeyServer):
    client = redis.Redis.from_url(valkey_server.url)
    relay = Relay(sqlite_store, client)
    put(sqlite_store, "old")
    relay.turn(T0)
    put(sqlite_store, "new")
    relay.turn(T0 + 6_000)
    valkey_server.kill()
    with pytest.raises(redis.RedisError):
        relay.turn(T0 + 7_000)
    valkey_server.start()
    wait_until(client.ping, "Valkey answers")
    assert relay.turn(T0 + 8_000) == 1
    assert rows(client)[-1][b"k"] == b"new"


def test_rows_are_kept_for_a_while_and_then_no_more(sqlite_store: Store, redis_client: redis.Redis):
    put(sqlite_store, "a")
    relay = Relay(sqlite_store, redis_client)
    relay.turn(T0)
    assert outbox.waiting(sqlite_store) == 0
    relay.turn(T0 + 60_001)
    with sqlite_store.read() as unit:
        assert unit.execute(outbox.select(outbox.OutboxRow)).all() == []
