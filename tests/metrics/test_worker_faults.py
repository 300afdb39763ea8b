"""What must hold when processes and servers die: nothing acknowledged is lost, nothing is counted twice."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import psutil
import pytest
import redis

from metrics import keys
from tests.conftest import ValkeyServer, wait_until
from tests.metrics.worker_world import (
    MINUTE,
    NOON,
    STREAM,
    WORLD,
    closing_row,
    feed,
    latest,
    numbers,
    open_world,
    oracle,
    rows_of_half_an_hour,
    send_packed,
    send_plain,
    worker_process,
    working,
)

pytestmark = pytest.mark.service


def test_a_worker_killed_at_random_points_ends_at_the_oracle_and_publishes_nothing_twice(
    valkey_server: ValkeyServer,
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    rows = rows_of_half_an_hour(seed=11, count=24_000)
    draw = random.Random(12)
    process = worker_process(valkey_server.url)
    for life in range(6):
        for start in range(life * 4000, life * 4000 + 4000, 400):
            (send_packed if draw.random() < 0.5 else send_plain)(client, rows[start : start + 400])
            time.sleep(draw.uniform(0, 0.03))
        read = feed(client).get("rows", 0)
        wait_until(lambda read=read: feed(client).get("rows", 0) > read, "this life counts")
        time.sleep(draw.uniform(0, 0.1))  # the point at which it is killed is what this test varies
        process.kill()
        process.wait()
        process = worker_process(valkey_server.url)
    send_plain(client, [closing_row()])
    try:
        wait_until(lambda: numbers(client) == oracle(rows), "all windows are complete and right", 30)
        assert feed(client)["rows"] == 24_001
        assert feed(client)["duplicate"] == 0
        assert feed(client)["gaps"] == []
    finally:
        process.kill()
        process.wait()


def test_of_two_owners_the_one_that_was_paused_writes_nothing_more(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    rows = rows_of_half_an_hour(seed=13, count=6000)
    old = worker_process(valkey_server.url)
    send_packed(client, rows[:2000])
    wait_until(lambda: feed(client).get("rows") == 2000, "the first owner counts")
    os.kill(old.pid, signal.SIGSTOP)
    send_packed(client, rows[2000:4000])
    new = worker_process(valkey_server.url)
    try:
        wait_until(lambda: feed(client).get("rows") == 4000, "the second owner goes on where the first stopped")
        assert client.get(keys.engine(WORLD, "owner")) == b"2"
        os.kill(old.pid, signal.SIGCONT)
        send_packed(client, rows[4000:])
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(rows), "all windows are complete and right")
        time.sleep(1.5)  # longer than the pause between two idle commits: the old one has tried by now
        assert client.get(keys.engine(WORLD, "owner")) == b"2"
        assert old.poll() is None  # it stands by
        assert feed(client)["rows"] == 6001
        assert feed(client)["duplicate"] == 0
        new.kill()
        new.wait()
        send_plain(client, [(NOON + 51 * MINUTE, "LH000", 100)])
        wait_until(lambda: feed(client)["rows"] == 6002, "the one that stood by takes over when the lease has run out")
        assert client.get(keys.engine(WORLD, "owner")) == b"3"
    finally:
        for process in (old, new):
            process.kill()
            process.wait()


def test_valkey_killed_and_started_again_loses_nothing_that_was_acknowledged(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    rows = rows_of_half_an_hour(seed=14, count=9000)
    with working(valkey_server.url) as worker:
        for life in range(3):
            valkey_server.acknowledge_what_is_written()
            for start in range(life * 3000, life * 3000 + 3000, 300):
                send_packed(client, rows[start : start + 300])
            valkey_server.kill()
            wait_until(lambda: not worker.connected, "the worker notices")
            valkey_server.start()
            wait_until(lambda: worker.connected, "the worker is back", 5)
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(rows), "all windows are complete and right")
        assert worker.tally.outages == 3
        assert worker.tally.failures == 0
    assert feed(client)["rows"] == 9001


def test_an_append_only_file_cut_at_its_end_loads_and_the_loss_is_counted(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    with working(valkey_server.url) as worker:
        send_plain(client, [(NOON + second * 1000, "LH001", 100) for second in range(60)])
        wait_until(lambda: feed(client).get("rows") == 60, "the first rows are counted")
        (log,) = (valkey_server.home / "appendonlydir").glob("*.incr.aof")
        kept = log.stat().st_size
        send_plain(client, [(NOON + second * 1000, "LH002", 100) for second in range(60)])
        wait_until(lambda: feed(client).get("rows") == 120, "the second rows are counted")
        valkey_server.kill()
        os.truncate(log, kept + 7)  # within the next command, as a power cut leaves it
        valkey_server.start()
        wait_until(lambda: worker.connected and feed(client)["gaps"], "the loss is seen")
        told = feed(client)
        assert [(gap["why"], gap["missing"]) for gap in told["gaps"]] == [("lost", 60)]
        assert told["rows"] == 60
        send_plain(client, [(NOON + second * 1000, "LH003", 100) for second in range(60)])
        send_plain(client, [closing_row()])
        wait_until(lambda: ("N||road=LH003", NOON + MINUTE) in numbers(client), "the world goes on")
        found = numbers(client)
    assert found["N||road=LH001", NOON + MINUTE] == 60
    assert found["N||road=LH003", NOON + MINUTE] == 60
    assert ("N||road=LH002", NOON + MINUTE) not in found


def test_a_frozen_valkey_is_waited_for_in_bounded_memory(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    rows = rows_of_half_an_hour(seed=15, count=4000)
    process = worker_process(valkey_server.url)
    try:
        send_packed(client, rows[:2000])
        wait_until(lambda: feed(client).get("rows") == 2000, "the first rows are counted")
        before = psutil.Process(process.pid).memory_info().rss
        valkey_server.freeze()
        time.sleep(30)  # far longer than the client's patience: a commit times out with an unknown outcome
        grown = psutil.Process(process.pid).memory_info().rss - before
        valkey_server.thaw()
        send_packed(client, rows[2000:])
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(rows), "all windows are complete and right")
        assert process.poll() is None
        assert grown < 20_000_000
        assert feed(client)["rows"] == 4001
        assert client.get(keys.engine(WORLD, "owner")) == b"1"
    finally:
        process.kill()
        process.wait()


def test_a_full_valkey_is_drained_by_the_engine_and_takes_observations_again(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 16_000_000)
    rows = rows_of_half_an_hour(seed=16, count=30_000)
    pipeline = client.pipeline(transaction=False)
    for time_ms, road, speed in rows:  # the note is no declared field: it only takes room
        pipeline.xadd(STREAM, {"t": time_ms, "k": road, "speed": speed / 10, "note": "x" * 1000})
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        pipeline.execute()
    # what the stream holds is what was acknowledged
    held = [(int(f[b"t"]), f[b"k"].decode(), round(float(f[b"speed"]) * 10)) for _, f in client.xrange(STREAM)]
    assert 1000 < len(held) < 30_000
    with working(valkey_server.url) as worker:
        wait_until(lambda: feed(client).get("rows") == len(held), "everything is counted")
        wait_until(lambda: client.xlen(STREAM) < 300, "the stream is trimmed")
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(held), "all windows are complete and right")
        assert worker.tally.failures == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit the files of another process")
def test_a_valkey_whose_disk_is_full_refuses_and_goes_on_when_there_is_room(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    rows = rows_of_half_an_hour(seed=19, count=2000)
    with working(valkey_server.url) as worker:
        send_packed(client, rows[:1000])
        wait_until(lambda: feed(client).get("rows") == 1000, "the first rows are counted")
        valkey_server.fill_disk()
        wait_until(lambda: refused(client), "a producer is told that nothing can be written")
        wait_until(lambda: worker.tally.outages > 0, "the worker is told so too")
        valkey_server.free_disk()
        wait_until(lambda: not refused(client), "observations are taken again")
        send_packed(client, rows[1000:])
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(rows), "all windows are complete and right")
        assert worker.tally.failures == 0


def refused(client: redis.Redis) -> bool:
    """Whether the server refuses a write at the moment; what is written is no observation of any source."""
    try:
        client.set("probe", "x")
    except redis.ResponseError as error:
        return "MISCONF" in str(error)
    return False


def test_a_damaged_checkpoint_falls_back_and_reads_again_what_it_lacks(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    rows = rows_of_half_an_hour(seed=17, count=6000)
    with working(valkey_server.url):
        for start in range(0, 6000, 1000):
            send_packed(client, rows[start : start + 1000])
            wait_until(lambda start=start: feed(client).get("rows") == start + 1000, "the rows are counted")
    newest = max("ab", key=lambda name: int(client.hget(keys.engine(WORLD, f"checkpoint:{name}"), "#seq")))
    client.hset(keys.engine(WORLD, f"checkpoint:{newest}"), "#", b"torn")
    with working(valkey_server.url):
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(rows), "all windows are complete and right")
    assert feed(client)["rows"] == 6001
    assert feed(client)["duplicate"] == 0


def test_a_worker_is_back_within_five_seconds_of_a_kill(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client, now_ms=NOON)
    process = worker_process(valkey_server.url)
    try:
        send_packed(client, rows_of_half_an_hour(seed=18, count=20_000))
        wait_until(lambda: feed(client).get("rows") == 20_000, "the rows are counted")
        process.kill()
        process.wait()
        client.xadd(STREAM, {"t": NOON, "k": "LH777", "speed": "20.0"})
        process = worker_process(valkey_server.url)
        wait_until(lambda: latest(client, "N||road=LH777"), "it goes on", 5)
    finally:
        process.kill()
        process.wait()
