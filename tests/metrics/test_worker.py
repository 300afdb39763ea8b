"""The worker on a real server: from XADD to `latest` and `completed`, rejects, gaps, worlds and definitions."""

from __future__ import annotations

import msgpack
import pytest
import redis

from metrics import keys
from metrics.clock import monotonic_s
from metrics.generation import checksum
from metrics.outlook_entry import OutlookEntry
from metrics.value_form import unpack_values
from tests.conftest import wait_until
from tests.metrics.worker_world import (
    INDICATORS,
    MINUTE,
    NOON,
    STREAM,
    WORLD,
    bundle,
    closing_row,
    completed,
    feed,
    latest,
    numbers,
    open_world,
    oracle,
    rows_of_half_an_hour,
    send_packed,
    send_plain,
    working,
)

pytestmark = pytest.mark.service


def test_an_observation_added_by_plain_redis_appears_in_latest(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client, now_ms=NOON)
    with working(valkey_url):
        redis_client.xadd(STREAM, {"t": "2024-06-01T12:00:05+08:00", "k": "LH001", "speed": "31.5"})
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the value is published")
        value = latest(redis_client, "S||road=LH001")
    assert value is not None
    assert (value.value, value.window_end, value.samples) == (31.5, NOON + MINUTE, 1)


def test_an_observation_is_committed_within_the_commit_interval(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    with working(valkey_url, commit_ms=400):
        wait_until(lambda: feed(redis_client), "the world is served")
        waits = []
        for number in range(5):
            sent = monotonic_s()
            redis_client.xadd(STREAM, {"t": NOON, "k": f"LH{number}", "speed": "31.5"})
            wait_until(lambda number=number: latest(redis_client, f"N||road=LH{number}"), "the value is published")
            waits.append(monotonic_s() - sent)
    assert max(waits) < 0.4 + 0.15  # what a busy machine may add


def test_completed_values_equal_pandas_over_plain_and_packed_rows(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    rows = rows_of_half_an_hour(seed=1, count=20_000)
    with working(valkey_url):
        for start in range(0, 20_000, 2000):
            send_packed(redis_client, rows[start : start + 1000])
            send_plain(redis_client, rows[start + 1000 : start + 2000])
        send_plain(redis_client, [closing_row()])
        wait_until(lambda: numbers(redis_client) == oracle(rows), "all windows are complete and right")
    assert feed(redis_client)["rows"] == 20_001


def test_a_resend_of_the_same_identities_counts_once(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    rows = rows_of_half_an_hour(seed=2, count=3000)
    with working(valkey_url):
        send_packed(redis_client, rows)
        send_packed(redis_client, rows)
        send_plain(redis_client, rows)
        send_plain(redis_client, [closing_row()])
        wait_until(lambda: numbers(redis_client) == oracle(rows), "all windows are complete and right")
        wait_until(lambda: feed(redis_client)["duplicate"] == 6000, "duplicates are counted")


def test_what_breaks_the_contract_is_a_dead_letter_with_its_rule_and_is_counted(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client)
    with working(valkey_url):
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH001", "speed": "999"}, id="1-1")
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH001", "speed": "nan"}, id="1-2")
        redis_client.xadd(STREAM, {"t": NOON + 366 * 86_400_000, "k": "LH001", "speed": "9"}, id="1-3")
        redis_client.xadd(STREAM, {"p": msgpack.packb({"v": 2})}, id="1-4")
        redis_client.xadd(STREAM, {"p": b"\x91" * 10_000}, id="1-5")
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH001", "speed": "1" * 1_000_000}, id="1-6")
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH002", "speed": "20.0"}, id="1-7")
        wait_until(lambda: latest(redis_client, "S||road=LH002"), "the good row is published")
    letters = [fields for _, fields in redis_client.xrange(keys.engine(WORLD, "dead"))]
    assert [(one[b"entry"], one[b"field"], one[b"rule"]) for one in sorted(letters, key=lambda x: x[b"entry"])] == [
        (b"1-1", b"speed", b"range"),
        (b"1-2", b"speed", b"type"),
        (b"1-3", b"t", b"future"),
        (b"1-4", b"p", b"version"),
        (b"1-5", b"p", b"form"),
        (b"1-6", b"speed", b"length"),
    ]
    assert max(len(one[b"value"]) for one in letters) == 200
    told = feed(redis_client)
    assert told["rejected"] == {"range": 1, "type": 1, "future": 1, "version": 1, "form": 1, "length": 1}
    assert told["rows"] == 7


def test_a_stream_trimmed_before_it_was_read_is_a_gap_of_known_size(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    with working(valkey_url):
        send_plain(redis_client, rows_of_half_an_hour(seed=3, count=10))
        wait_until(lambda: feed(redis_client).get("rows") == 10, "the first rows are counted")
    send_plain(redis_client, rows_of_half_an_hour(seed=4, count=100))
    redis_client.xtrim(STREAM, maxlen=30, approximate=False)
    with working(valkey_url):
        wait_until(lambda: feed(redis_client).get("rows") == 40, "what is left is counted")
        wait_until(lambda: feed(redis_client)["gaps"], "the gap is recorded")
    (gap,) = feed(redis_client)["gaps"]
    assert (gap["why"], gap["missing"]) == ("trimmed", 70)


def test_a_flushed_stream_is_a_gap_and_is_read_from_its_new_beginning(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client)
    with working(valkey_url):
        send_plain(redis_client, rows_of_half_an_hour(seed=5, count=10))
        wait_until(lambda: feed(redis_client).get("rows") == 10, "the first rows are counted")
        redis_client.delete(STREAM)
        wait_until(lambda: feed(redis_client)["gaps"], "the gap is recorded")
        redis_client.xadd(STREAM, {"t": NOON, "k": "LH777", "speed": "20.0"}, id="1-1")
        wait_until(lambda: latest(redis_client, "N||road=LH777"), "the new stream is read")
    assert [gap["why"] for gap in feed(redis_client)["gaps"]] == ["flushed"]


def test_entries_are_trimmed_only_when_both_checkpoints_are_past_them(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client)
    with working(valkey_url):
        send_plain(redis_client, rows_of_half_an_hour(seed=6, count=5000))
        wait_until(lambda: feed(redis_client).get("rows") == 5000, "the rows are counted")
        wait_until(lambda: redis_client.xlen(STREAM) < 300, "the stream is trimmed")
        send_plain(redis_client, rows_of_half_an_hour(seed=7, count=1000))
        wait_until(lambda: feed(redis_client).get("rows") == 6000, "the later rows are counted")
        assert feed(redis_client)["gaps"] == []


def test_a_removed_world_is_dropped_and_one_of_the_same_name_starts_afresh(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client, started_ms=1, now_ms=NOON)
    with working(valkey_url) as worker:
        send_plain(redis_client, [(NOON, "LH001", 500)])
        wait_until(lambda: latest(redis_client, "N||road=LH001"), "the first world speaks")
        redis_client.hdel(keys.WORLDS, WORLD)
        redis_client.delete(*redis_client.scan_iter(keys.everything(WORLD)))
        wait_until(lambda: not worker.servings, "the world is dropped")
        assert list(redis_client.scan_iter(keys.everything(WORLD))) == []
        open_world(redis_client, started_ms=2, now_ms=NOON)
        send_plain(redis_client, [(NOON, "LH001", 300)])
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the second world speaks")
        value = latest(redis_client, "S||road=LH001")
    assert value is not None
    assert (value.value, value.samples) == (30.0, 1)


def test_a_world_made_anew_between_two_looks_starts_afresh(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client, started_ms=1, now_ms=NOON)
    with working(valkey_url):
        send_plain(redis_client, [(NOON, "LH001", 500)])
        wait_until(lambda: latest(redis_client, "N||road=LH001"), "the first world speaks")
        redis_client.delete(*redis_client.scan_iter(keys.everything(WORLD)))
        open_world(redis_client, started_ms=2, now_ms=NOON)
        send_plain(redis_client, [(NOON, "LH001", 300)])
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the second world speaks")
        value = latest(redis_client, "S||road=LH001")
    assert value is not None
    assert value.value == 30.0
    assert feed(redis_client)["gaps"] == []


def test_worlds_are_served_side_by_side_and_one_that_cannot_be_served_stops_no_other(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client, now_ms=NOON)
    open_world(redis_client, name="other")
    payload = msgpack.packb({"seq": 1})
    foreign = bytes([9]) + checksum("#", payload, 9).to_bytes(4, "little") + payload
    redis_client.hset(keys.engine("other", "checkpoint:a"), mapping={"#": foreign, "#seq": 1})
    open_world(redis_client, name="third")
    with working(valkey_url, worlds=(WORLD, "other", "third")) as worker:
        for world in (WORLD, "other", "third"):
            send_plain(redis_client, [(NOON, "LH001", 500)], keys.observations(world, "traffic"))
        wait_until(lambda: latest(redis_client, "N||road=LH001"), "the first world speaks")
        wait_until(lambda: latest(redis_client, "N||road=LH001", "third"), "the third world speaks")
        assert set(worker.servings) == {WORLD, "third"}
        assert "version 9" in worker.refused["other"]
    assert latest(redis_client, "N||road=LH001", "other") is None


def test_new_definitions_are_taken_over_and_the_state_of_the_old_ones_is_kept(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client, now_ms=NOON)
    with working(valkey_url) as worker:
        send_plain(redis_client, [(NOON, "LH001", 500)])
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the old definitions speak")
        double = INDICATORS[1] | {"id": "D", "formula": "2 * total"}
        redis_client.set(keys.BUNDLE, bundle([INDICATORS[1], double], "two"))
        wait_until(lambda: worker.in_force == "two", "the new definitions are in force")
        send_plain(redis_client, [(NOON + 1000, "LH001", 300)])
        wait_until(lambda: latest(redis_client, "D||road=LH001"), "the new definition speaks")
        new, old = latest(redis_client, "D||road=LH001"), latest(redis_client, "S||road=LH001")
    assert new is not None
    assert old is not None
    assert (new.value, old.value) == (160.0, 80.0)


def test_a_bundle_with_faults_is_refused_and_the_one_in_force_goes_on(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client)
    with working(valkey_url):
        wait_until(lambda: feed(redis_client), "the world is served")
        redis_client.set(keys.BUNDLE, b'{"v": 1, "indicators": [{"id": "X", "nonsense": 1}]}')
        send_plain(redis_client, [(NOON, "LH001", 500)])
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the old definitions speak")


def test_the_marks_of_origin_travel_with_the_values(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client, now_ms=NOON)
    redis_client.hset(keys.origins(WORLD), "traffic", "recorded")
    with working(valkey_url):
        send_plain(redis_client, [(NOON, "LH001", 500)])
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the value is published")
        assert latest(redis_client, "S||road=LH001").origin == "recorded"


def test_every_entry_of_values_says_what_it_was_computed_from(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    with working(valkey_url):
        entry = redis_client.xadd(STREAM, {"t": NOON, "k": "LH001", "speed": "20.0"}).decode()
        wait_until(lambda: latest(redis_client, "S||road=LH001"), "the value is published")
    fields = redis_client.xrevrange(keys.engine(WORLD, "values"))[0][1]
    assert fields[b"v"] == b"1"
    assert fields[b"positions"] == b'{"traffic": {"0": "%s"}}' % entry.encode()
    assert fields[b"watermarks"] == b'{"traffic": %d}' % NOON
    assert {b"at", b"now", b"b"} < set(fields)


def test_late_rows_are_published_as_corrections(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    with working(valkey_url):
        send_plain(redis_client, [(NOON, "LH001", 500), closing_row()])
        wait_until(lambda: ("S||road=LH001", NOON + MINUTE) in completed(redis_client), "the window is complete")
        send_plain(redis_client, [(NOON + 1000, "LH001", 100)])
        wait_until(lambda: numbers(redis_client)["S||road=LH001", NOON + MINUTE] == 60.0, "the correction comes")
        assert completed(redis_client)["S||road=LH001", NOON + MINUTE].revision == 1


def test_the_outlook_of_an_indicator_with_a_baseline_is_committed_with_its_values(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    open_world(redis_client)
    followed = {
        "id": "B", "source": "traffic", "window": {"kind": "tumbling", "size": "1m"}, "formula": "n",
        "measures": {"n": {"agg": "count"}}, "baseline": {},
    }  # fmt: skip
    redis_client.set(keys.BUNDLE, bundle([followed]))
    with working(valkey_url):
        send_plain(redis_client, [(NOON + at * 1000, "LH001", 300) for at in range(0, 1801, 10)])

        def entry() -> OutlookEntry | None:
            payload = redis_client.hget(keys.engine(WORLD, "outlook"), "B||")
            return OutlookEntry.unpack(payload) if payload else None

        wait_until(lambda: (one := entry()) and one.at == NOON + 30 * MINUTE, "the half hour is complete")
        said = entry()
        entries = redis_client.xrange(keys.engine(WORLD, "values"))
    assert said is not None
    assert said.forecast_at == NOON + 30 * MINUTE
    assert said.forecast[0][:2] == (NOON + 45 * MINUTE, 6.0)
    forecasts = [one for _, fields in entries for one in unpack_values(fields[b"b"]) if one.series == "B~forecast||"]
    assert {one.quality for one in forecasts} == {"provisional"}
    assert latest(redis_client, "B~forecast||") is None
