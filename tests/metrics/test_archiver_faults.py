"""What must hold when the archiver, the server or the disk fails: each entry is archived once, or its loss is said."""

from __future__ import annotations

import random
import resource
import time
from pathlib import Path

import pytest
import redis

from metrics import keys
from metrics.archive_hold import Registration
from metrics.archive_ledger import gaps
from metrics.clock import real_ms
from tests.conftest import ValkeyServer, wait_until
from tests.metrics.archive_world import (
    LIFE,
    archived_places,
    archiver_process,
    archiving,
    observed,
    position,
    published_places,
)
from tests.metrics.worker_world import (
    NOON,
    STREAM,
    WORLD,
    closing_row,
    numbers,
    open_world,
    oracle,
    rows_of_half_an_hour,
    send_packed,
    send_plain,
    working,
)

pytestmark = pytest.mark.service


def test_an_archiver_killed_at_random_points_holds_every_row_and_value_once(
    valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    client.set(keys.ARCHIVE, Registration(real_ms()).to_json())  # one was here before: streams wait from the first row
    sent = rows_of_half_an_hour(seed=21, count=12_000)
    draw = random.Random(22)
    with working(valkey_server.url):
        process = archiver_process(valkey_server.url, tmp_path)
        for life in range(6):
            for start in range(life * 2000, life * 2000 + 2000, 100):
                (send_packed if draw.random() < 0.5 else send_plain)(client, sent[start : start + 100])
                time.sleep(draw.uniform(0, 0.02))
            known = position(client, STREAM)
            wait_until(lambda known=known: position(client, STREAM) != known, "this life archives")
            time.sleep(draw.uniform(0, 0.3))  # the point at which it is killed is what this test varies
            process.kill()
            process.wait()
            process = archiver_process(valkey_server.url, tmp_path)
        send_plain(client, [closing_row()])
        wait_until(lambda: numbers(client) == oracle(sent), "all windows are complete", 30)
    last = client.xrevrange(STREAM, count=1)[0][0]
    try:
        wait_until(lambda: position(client, STREAM) == last, "all rows are archived", 30)
        for kind in ("values", "completed"):
            said = published_places(client, kind)
            wait_until(lambda kind=kind, said=said: archived_places(tmp_path, kind)[-len(said) :] == said, kind, 30)
            places = archived_places(tmp_path, kind)
            assert len(set(places)) == len(places)
    finally:
        process.kill()
        process.wait()
    assert observed(tmp_path) == [*sent, closing_row()]
    assert gaps(tmp_path, LIFE) == []


def test_a_full_disk_stops_the_reading_is_said_and_loses_nothing(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    sent = rows_of_half_an_hour(seed=23, count=8000)
    own = resource.getrlimit(resource.RLIMIT_FSIZE)
    with archiving(valkey_server.url, tmp_path) as archiver:
        send_plain(client, sent[:1000])
        wait_until(lambda: archiver.tally.rows == 1000, "the first rows are archived")
        first = client.xrevrange(STREAM, count=1)[0][0]
        wait_until(lambda: position(client, STREAM) == first, "the server is told")
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, own[1]))  # no file of this process can grow, as on a full disk
        try:
            send_plain(client, sent[1000:5000])
            wait_until(lambda: archiver.disk, "the disk refuses")
            assert "parquet" in archiver.disk
            assert not archiver.ready
            read = archiver.tally.entries
            send_plain(client, sent[5000:])
            time.sleep(1.2)  # longer than the pause between two attempts
            assert archiver.tally.entries == read
            assert position(client, STREAM) == first
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, own)
        wait_until(lambda: archiver.tally.rows == 8000, "everything is archived once there is room")
        wait_until(lambda: archiver.ready, "it is well again")
        assert archiver.tally.refusals == 1
    assert observed(tmp_path) == sent
    assert not list(tmp_path.rglob("*.draft"))


def test_valkey_killed_and_started_again_is_waited_for(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    sent = rows_of_half_an_hour(seed=24, count=3000)
    with archiving(valkey_server.url, tmp_path) as archiver:
        for life in range(3):
            valkey_server.acknowledge_what_is_written()
            send_packed(client, sent[life * 1000 : life * 1000 + 1000])
            wait_until(lambda life=life: archiver.tally.rows == life * 1000 + 1000, "this life is archived")
            valkey_server.kill()
            wait_until(lambda: not archiver.connected, "the archiver notices")
            valkey_server.start()
            wait_until(lambda: archiver.connected, "it is back")
        assert archiver.tally.outages == 3
    assert observed(tmp_path) == sent
    assert gaps(tmp_path, LIFE) == []


def test_a_frozen_valkey_is_waited_for(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    sent = rows_of_half_an_hour(seed=25, count=2000)
    with archiving(valkey_server.url, tmp_path) as archiver:
        send_packed(client, sent[:1000])
        wait_until(lambda: archiver.tally.rows == 1000, "the first half is archived")
        valkey_server.freeze()
        wait_until(lambda: not archiver.connected, "the archiver notices")
        valkey_server.thaw()
        send_packed(client, sent[1000:])
        wait_until(lambda: archiver.tally.rows == 2000, "the second half is archived")
    assert observed(tmp_path) == sent


def test_a_stream_that_is_flushed_or_trimmed_unread_leaves_a_gap_that_is_written_down(
    valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    with archiving(valkey_server.url, tmp_path) as archiver:
        send_plain(client, [(NOON, "LH001", 1)])
        wait_until(lambda: archiver.tally.rows == 1, "the first row is archived")
        wait_until(lambda: archiver.tails[STREAM].place.added == 1, "it has seen how many there were")
        client.delete(STREAM)
        wait_until(lambda: gaps(tmp_path, LIFE), "the gap is written down")
        send_plain(client, [(NOON, "LH002", 2)])
        wait_until(lambda: archiver.tally.rows == 2, "what follows is archived")
    send_plain(client, [(NOON, "LH003", 3), (NOON, "LH004", 4), (NOON, "LH005", 5)])
    newest = client.xrevrange(STREAM, count=1)[0][0]
    client.xtrim(STREAM, minid=newest, approximate=False)
    with archiving(valkey_server.url, tmp_path) as archiver:
        wait_until(lambda: archiver.tally.rows == 1, "what is left is archived")
        assert archiver.tally.missing == 2
    assert [road for _, road, _ in observed(tmp_path)] == ["LH001", "LH002", "LH005"]
    flushed, trimmed = gaps(tmp_path, LIFE)
    assert (flushed.stream, flushed.why, flushed.missing) == ("observations/traffic/0", "flushed", 0)
    assert (trimmed.why, trimmed.missing, trimmed.until) == ("trimmed", 2, newest.decode())
    assert flushed.at <= trimmed.at <= real_ms()


def test_a_server_that_forgot_its_newest_entries_and_gets_them_again_leaves_no_row_twice(
    valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    entries = [
        (f"{real_ms() - 1000}-{number}", {"t": NOON + number, "k": "LH001", "speed": "1"}) for number in range(9)
    ]
    with archiving(valkey_server.url, tmp_path) as archiver:
        for entry_id, fields in entries:
            client.xadd(STREAM, fields, id=entry_id)
        wait_until(lambda: archiver.tally.rows == 9, "all rows are archived")
        client.delete(STREAM)
        for entry_id, fields in entries[:4]:
            client.xadd(STREAM, fields, id=entry_id)
        wait_until(lambda: gaps(tmp_path, LIFE), "that the stream went back is written down")
        send_plain(client, [(NOON + 100, "LH001", 1)])
        wait_until(lambda: archiver.tally.rows == 10, "what follows is archived")
    assert [time - NOON for time, _, _ in observed(tmp_path)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 100]
    assert {gap.why for gap in gaps(tmp_path, LIFE)} <= {"replaced", "flushed"}  # whether it was seen empty


def test_a_stream_that_has_no_form_in_the_archive_is_said_and_the_others_go_on(
    valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(valkey_server.url)
    open_world(client)
    with archiving(valkey_server.url, tmp_path) as archiver:
        wait_until(lambda: archiver.tails, "the world is followed")
        client.xadd(keys.engine(WORLD, "values"), {"v": "1", "b": b"\xff"})
        wait_until(lambda: archiver.skipped, "the stream is skipped")
        send_plain(client, [(NOON, "LH001", 1)])
        wait_until(lambda: archiver.tally.rows == 1, "the observations are archived")
        assert list(archiver.skipped) == [keys.engine(WORLD, "values")]
        assert not archiver.ready
