"""What the archive holds of running streams, and that streams wait for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from metrics import keys
from metrics.archive import Life, bundle_path, every_part, shards
from metrics.archive_hold import Hold, Registration
from metrics.archive_ledger import ArchiveInUse, gaps, places
from metrics.archive_observations import Wanted, rows
from metrics.archiver import Archiver
from metrics.clock import real_ms
from tests.conftest import wait_until
from tests.metrics.archive_world import (
    LIFE,
    QUICK,
    archived,
    archived_places,
    archiving,
    observed,
    position,
    published_places,
)
from tests.metrics.worker_world import (
    INDICATORS,
    MINUTE,
    NOON,
    STREAM,
    WORLD,
    bundle,
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


def test_packed_and_plain_rows_stand_in_the_archive_once_and_in_order(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    open_world(redis_client)
    sent = rows_of_half_an_hour(seed=1, count=6000)
    with archiving(valkey_url, tmp_path) as archiver:
        for start in range(0, 6000, 500):
            (send_packed if start % 1000 else send_plain)(redis_client, sent[start : start + 500])
            if start == 2500:
                wait_until(lambda: archiver.tally.rows == 3000, "the first half is in parts")
        wait_until(lambda: archiver.tally.rows == 6000, "all rows are in parts")
    assert observed(tmp_path) == sent
    assert len(every_part(shards(tmp_path, LIFE, "traffic")[0].folder(tmp_path))) >= 2


def test_published_values_stand_in_the_archive_as_they_were_sent(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    open_world(redis_client)
    sent = rows_of_half_an_hour(seed=2, count=3000)
    with archiving(valkey_url, tmp_path):
        with working(valkey_url):
            send_packed(redis_client, [*sent, closing_row()])
            wait_until(lambda: numbers(redis_client) == oracle(sent), "all windows are complete")
        for kind in ("values", "completed"):
            said = published_places(redis_client, kind)
            wait_until(lambda kind=kind, said=said: archived_places(tmp_path, kind) == said, f"{kind} are archived")
    row = next(
        row for row in archived(tmp_path, "completed").to_pylist()
        if (row["indicator"], row["dims"], row["window_end"]) == ("N", "road=LH007", NOON + 9 * MINUTE)
    )  # fmt: skip
    assert row["value"] == oracle(sent)["N||road=LH007", NOON + 9 * MINUTE]
    assert (row["version"], row["region"], row["quality"], row["revision"]) == (1, "", "complete", 0)
    assert row["window_start"] == NOON + 8 * MINUTE
    assert json.loads(row["positions"])["traffic"]["0"] == redis_client.xrevrange(STREAM, count=1)[0][0].decode()
    assert row["published_at"] <= real_ms()


def test_what_breaks_its_contract_is_a_dead_letter_and_not_a_row(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    open_world(redis_client)
    with archiving(valkey_url, tmp_path), working(valkey_url):
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH001", "speed": "12.3"})
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH002", "speed": "999"})
        redis_client.xadd(STREAM, {"p": b"\xff"})
        ahead = redis_client.xadd(STREAM, {"t": NOON + 300 * MINUTE, "k": "LH003", "speed": "1"})
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH004", "speed": "0"})
        wait_until(lambda: redis_client.xlen(keys.engine(WORLD, "dead")) == 3, "the engine rejected three")
        wait_until(lambda: len(archived_places(tmp_path, "dead")) == 3, "the letters are archived")
    assert observed(tmp_path) == [(NOON, "LH001", 123), (NOON, "LH004", None)]
    letters = archived(tmp_path, "dead").to_pylist()
    assert [(letter["rule"], letter["field"]) for letter in letters] == [
        ("form", "p"), ("range", "speed"), ("future", "t"),
    ] or {letter["rule"] for letter in letters} == {"form", "range", "future"}  # fmt: skip
    assert {letter["entry"] for letter in letters if letter["rule"] == "future"} == {ahead.decode()}


def test_rows_are_chosen_by_position_and_by_time(redis_client: redis.Redis, valkey_url: str, tmp_path: Path) -> None:
    open_world(redis_client)
    with archiving(valkey_url, tmp_path):
        ids = [
            redis_client.xadd(STREAM, {"t": NOON + minute * MINUTE, "k": "LH001", "speed": "1"}).decode()
            for minute in range(6)
        ]
    by_position = rows(tmp_path, Wanted(LIFE, "traffic", positions={0: (ids[1], ids[4])}))
    assert by_position.column("t").to_pylist() == [NOON + minute * MINUTE for minute in (2, 3, 4)]
    by_time = rows(tmp_path, Wanted(LIFE, "traffic", NOON + MINUTE, NOON + 3 * MINUTE))
    assert by_time.column("t").to_pylist() == [NOON + MINUTE, NOON + 2 * MINUTE]
    assert rows(tmp_path, Wanted(LIFE, "traffic", positions={})).num_rows == 0
    assert rows(tmp_path, Wanted(Life("nowhere"), "traffic")).column_names == [
        "_shard",
        "_ms",
        "_seq",
        "_row",
        "t",
        "k",
    ]


def test_every_bundle_is_kept_and_a_finer_scale_is_read_beside_the_old_one(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    open_world(redis_client)
    with archiving(valkey_url, tmp_path) as archiver:
        send_plain(redis_client, [(NOON, "LH001", 123)])
        wait_until(lambda: archiver.tally.rows == 1, "the first row is archived")
        finer = json.loads(bundle(INDICATORS, "two"))
        finer["sources"]["traffic"]["fields"]["speed"]["scale"] = 2
        redis_client.set(keys.BUNDLE, json.dumps(finer))
        wait_until((tmp_path / "bundles" / "two.json").exists, "the second bundle is kept")
        redis_client.xadd(STREAM, {"t": NOON + 1, "k": "LH001", "speed": "4.56"})
        wait_until(lambda: archiver.tally.rows == 2, "the second row is archived")
    assert json.loads((tmp_path / "bundles" / "one.json").read_text()) == json.loads(bundle())
    assert observed(tmp_path) == [(NOON, "LH001", 1230), (NOON + 1, "LH001", 456)]
    assert bundle_path(tmp_path, "../x") is None


def test_a_world_begun_anew_has_a_folder_of_its_own(redis_client: redis.Redis, valkey_url: str, tmp_path: Path) -> None:
    open_world(redis_client)
    with archiving(valkey_url, tmp_path) as archiver:
        send_plain(redis_client, [(NOON, "LH001", 1)])
        wait_until(lambda: archiver.tally.rows == 1, "the first life is archived")
        redis_client.delete(STREAM)
        open_world(redis_client, started_ms=2)
        wait_until(lambda: Life(WORLD, 2) in {tail.strand.life for tail in archiver.tails.values()}, "the second life")
        send_plain(redis_client, [(NOON, "LH002", 2)])
        wait_until(lambda: archiver.tally.rows == 2, "the second life is archived")
    assert observed(tmp_path, Life(WORLD, 1)) == [(NOON, "LH001", 1)]
    assert observed(tmp_path, Life(WORLD, 2)) == [(NOON, "LH002", 2)]


def test_of_two_archivers_on_one_folder_the_second_is_refused(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    with archiving(valkey_url, tmp_path), pytest.raises(ArchiveInUse, match="another archiver"):
        Archiver(valkey_url, tmp_path, QUICK)


# ---- the hold ----


def register(client: redis.Redis, at: int, **places: str) -> None:
    client.set(keys.ARCHIVE, Registration(at, hold_ms=60_000).to_json())
    for key, place in places.items():
        client.hset(keys.archive(WORLD), key, place)


def test_without_an_archiver_nothing_holds_the_trimming(redis_client: redis.Redis) -> None:
    hold = Hold(redis_client, WORLD)
    assert hold.floors({"a": "9-0"}, 1000) == {"a": "9-0"}
    assert hold.state == "none"


def test_streams_are_trimmed_up_to_the_archive_and_a_stream_it_has_not_seen_not_at_all(
    redis_client: redis.Redis,
) -> None:
    register(redis_client, 1_000, a="5-0", b="20-3")
    hold = Hold(redis_client, WORLD)
    assert hold.floors({"a": "9-0", "b": "9-0", "c": "9-0"}, 61_000) == {"a": "5-0", "b": "9-0", "c": "0-0"}
    assert hold.state == "held"


def test_an_archiver_that_is_away_for_too_long_is_waited_for_no_longer(redis_client: redis.Redis) -> None:
    register(redis_client, 1_000, a="5-0")
    hold = Hold(redis_client, WORLD)
    assert hold.floors({"a": "9-0"}, 61_001) == {"a": "9-0"}
    assert hold.state == "away"


def test_memory_goes_before_the_archive(redis_client: redis.Redis) -> None:
    register(redis_client, 1_000, a="5-0")
    used = redis_client.info("memory")["used_memory"]
    redis_client.config_set("maxmemory", int(used * 1.2))
    try:
        hold = Hold(redis_client, WORLD)
        assert hold.floors({"a": "9-0"}, 1_000) == {"a": "9-0"}
        assert hold.state == "memory"
        redis_client.config_set("maxmemory", used * 10)
        assert hold.floors({"a": "9-0"}, 1_000) == {"a": "5-0"}
        assert hold.state == "held"
    finally:
        redis_client.config_set("maxmemory", 0)


def test_the_engine_trims_only_what_the_archive_holds(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    open_world(redis_client)
    register(redis_client, real_ms(), **{STREAM: "0-0"})
    sent = rows_of_half_an_hour(seed=3, count=6000)
    with working(valkey_url) as worker:
        for start in range(0, 6000, 2):
            send_plain(redis_client, sent[start : start + 2])
        wait_until(lambda: worker.servings[WORLD].feeds["traffic"].rows == 6000, "the engine has read everything")
        wait_until(worker.servings[WORLD].checkpoint.floors, "both checkpoints are kept")
        commits = worker.tally.commits
        wait_until(lambda: worker.tally.commits >= commits + 4, "it went on")
        assert redis_client.xlen(STREAM) == 6000
        with archiving(valkey_url, tmp_path):
            wait_until(lambda: redis_client.xlen(STREAM) < 6000, "trimmed up to the archive")
            last = redis_client.xrevrange(STREAM, count=1)[0][0]
            wait_until(lambda: position(redis_client, STREAM) == last, "the archive has it all")
    assert observed(tmp_path) == sent
    assert places(tmp_path, LIFE)["observations/traffic/0"].read == 6000
    assert gaps(tmp_path, LIFE) == []
