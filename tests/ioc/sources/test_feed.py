"""A feed loses nothing: Valkey away, Valkey crashed, and a buffer that is full."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import redis

from ioc.sources.feed import Feed, Place
from ioc.sources.resume import newest_sent
from ioc.sources.rows import Rows
from metrics import keys
from metrics.codec import RawColumn, coded, decode
from tests.conftest import ValkeyServer, wait_until

pytestmark = pytest.mark.service

PLACE = Place("w", "traffic", "simulated")
LIVE = Place("live", "traffic", "simulated")


def some(first: int, count: int) -> Rows:
    """One road, times first, first + 1, ..."""
    times = np.arange(first, first + count, dtype=np.int64)
    return Rows(times, coded(["LH001"] * count), {"speed": RawColumn("fixed", times * 100, scale=2)})


def times_in(client: redis.Redis, place: Place = PLACE) -> Iterator[int]:
    """Event times in the order of the streams."""
    for shard in range(place.shards):
        for entry_id, fields in client.xrange(place.stream(shard)):
            for run in decode([[entry_id, [b"p", fields[b"p"]]]], ("t", "k")).runs:
                yield from run.columns["t"].values.tolist()


def fill(client: redis.Redis) -> None:
    """More than half of the server's memory."""
    client.config_set("maxmemory", "128mb")
    for number in range(90):
        client.set(f"much:{number}", b"x" * 1_000_000)


def test_rows_arrive_in_order_and_their_origin_is_said_before(valkey_url: str, redis_client: redis.Redis) -> None:
    stop = threading.Event()
    with Feed(valkey_url, PLACE) as feed:
        assert feed.put(some(1_000, 20_000), stop)
        assert feed.drain(stop)
    assert list(times_in(redis_client)) == list(range(1_000, 21_000))
    assert redis_client.hget(keys.origins("w"), "traffic") == b"simulated"
    assert newest_sent(redis_client, PLACE) == 20_999
    assert (feed.tally.rows, feed.tally.entries, feed.tally.resent) == (20_000, 3, 0)


def test_rows_of_several_shards_go_to_their_own_stream(valkey_url: str, redis_client: redis.Redis) -> None:
    place, stop = Place("w", "traffic", "real", shards=2), threading.Event()
    rows = Rows(np.full(40, 7, dtype=np.int64), coded([f"LH{n:03}" for n in range(40)]), {})
    with Feed(valkey_url, place) as feed:
        assert feed.put(rows, stop)
    assert sorted(times_in(redis_client, place)) == [7] * 40
    assert redis_client.xlen(place.stream(0)) == redis_client.xlen(place.stream(1)) == 1


def test_the_heartbeat_says_what_was_sent_and_stops_with_the_source(
    valkey_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioc.sources.feed.HEARTBEAT_S", 0.05)
    monkeypatch.setattr("ioc.sources.feed.SILENT_S", 0.3)

    def beat() -> dict[str, object]:
        return json.loads(redis_client.hget(keys.HEARTBEATS, "feed:w:traffic") or "{}")

    with Feed(valkey_url, PLACE) as feed:
        feed.put(some(5, 10), threading.Event())
        feed.beat(state="live")
        wait_until(lambda: beat().get("rows") == 10, "the heartbeat counts the rows")
        assert (beat()["newest"], beat()["origin"], beat()["state"], beat()["pending"]) == (14, "simulated", "live", 0)
        # the source says nothing more: within SILENT_S its feed is not vouched for any longer
        wait_until(lambda: redis_client.time()[0] * 1000 - int(str(beat()["at"])) > 900, "the heartbeat has ended")


def test_what_is_put_while_valkey_is_away_arrives_when_it_is_back(valkey_server: ValkeyServer) -> None:
    stop = threading.Event()
    with Feed(valkey_server.url, PLACE) as feed:
        feed.put(some(0, 100), stop)
        assert feed.drain(stop)
        valkey_server.kill()
        for first in range(100, 1_100, 100):
            assert feed.put(some(first, 100), stop)
        wait_until(lambda: feed.tally.retries > 0, "the feed has noticed")
        assert feed.pending_rows == 1_000
        valkey_server.start()
        assert feed.drain(stop)
    client = redis.Redis.from_url(valkey_server.url)
    assert sorted(set(times_in(client))) == list(range(1_100))


def test_what_valkey_acknowledged_and_lost_in_a_crash_is_sent_again(valkey_server: ValkeyServer) -> None:
    stop = threading.Event()
    with Feed(valkey_server.url, PLACE) as feed:
        feed.put(some(0, 500), stop)
        assert feed.drain(stop)
        assert feed.tally.rows == 500
        valkey_server.kill()
        for path in valkey_server.home.rglob("*.incr.aof"):  # the disk never saw it
            path.write_bytes(b"")
        valkey_server.start()
        feed.put(some(500, 500), stop)
        assert feed.drain(stop)
        assert feed.tally.resent == 1
    client = redis.Redis.from_url(valkey_server.url)
    assert list(times_in(client)) == list(range(1_000))
    assert client.hget(keys.origins("w"), "traffic") == b"simulated"


def test_a_frozen_valkey_is_waited_for(valkey_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ioc.sources.feed.TIMEOUT_S", 0.2)
    stop = threading.Event()
    with Feed(valkey_server.url, PLACE) as feed:
        feed.put(some(0, 10), stop)
        assert feed.drain(stop)
        valkey_server.freeze()
        feed.put(some(10, 10), stop)
        wait_until(lambda: feed.tally.retries > 0, "the feed has noticed")
        valkey_server.thaw()
        assert feed.drain(stop)
    client = redis.Redis.from_url(valkey_server.url)
    assert sorted(set(times_in(client))) == list(range(20))


def test_a_full_buffer_makes_the_source_wait_and_forgets_nothing(valkey_server: ValkeyServer) -> None:
    stop, accepted = threading.Event(), []
    with Feed(valkey_server.url, PLACE, capacity_rows=1_000) as feed:
        valkey_server.kill()

        def produce() -> None:
            for first in range(0, 3_000, 100):
                if not feed.put(some(first, 100), stop):
                    return
                accepted.append(first)

        producer = threading.Thread(target=produce)
        producer.start()
        wait_until(lambda: feed.pending_rows == 1_000, "the buffer is full")
        assert len(accepted) == 10
        valkey_server.start()
        producer.join(timeout=20)
        assert len(accepted) == 30
        assert feed.drain(stop)
    client = redis.Redis.from_url(valkey_server.url)
    assert sorted(set(times_in(client))) == list(range(3_000))


def test_a_feed_that_yields_waits_while_the_server_is_full_and_goes_on_when_it_is_not(
    valkey_server: ValkeyServer,
) -> None:
    client, stop = redis.Redis.from_url(valkey_server.url), threading.Event()
    fill(client)
    with Feed(valkey_server.url, PLACE, yields=0.5) as late, Feed(valkey_server.url, LIVE) as live:
        assert late.put(some(0, 10), stop)
        assert live.put(some(0, 10), stop)
        assert live.drain(stop)
        wait_until(lambda: b'"yields": true' in (client.hget(keys.HEARTBEATS, "feed:w:traffic") or b""), "it says so")
        assert (late.pending_rows, client.exists(PLACE.stream(0))) == (10, 0)
        client.delete(*client.keys("much:*"))
        assert late.drain(stop)
    assert list(times_in(client)) == list(range(10))


def test_a_feed_that_yields_ends_at_once_when_it_is_closed(valkey_server: ValkeyServer) -> None:
    client, stop = redis.Redis.from_url(valkey_server.url), threading.Event()
    fill(client)
    with Feed(valkey_server.url, PLACE, yields=0.5) as feed:
        assert feed.put(some(0, 10), stop)
        wait_until(lambda: client.hexists(keys.HEARTBEATS, "feed:w:traffic"), "it lives")
    assert (feed.pending_rows, client.exists(PLACE.stream(0))) == (10, 0)


def test_a_source_that_waits_can_be_stopped(valkey_server: ValkeyServer) -> None:
    stop = threading.Event()
    with Feed(valkey_server.url, PLACE, capacity_rows=10) as feed:
        valkey_server.kill()
        assert feed.put(some(0, 10), stop)
        stop.set()
        assert not feed.put(some(10, 10), stop)
        assert feed.pending_rows == 10


def test_where_a_source_left_off_is_found_behind_plain_entries_of_others(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    assert newest_sent(redis_client, PLACE) is None
    redis_client.xadd(PLACE.stream(0), {"p": some(50, 3).payload()})
    redis_client.xadd(PLACE.stream(0), {"t": "99", "k": "LH001", "speed": "30"})
    assert newest_sent(redis_client, PLACE) == 52


def test_behind_an_empty_stream_the_engine_knows_where_a_source_left_off(redis_client: redis.Redis) -> None:
    redis_client.hset(keys.engine("w", "feeds"), "traffic", json.dumps({"newest_ms": 77}))
    assert newest_sent(redis_client, PLACE) == 77
