"""Reading ahead, trimming, and knowing what went by unread."""

from __future__ import annotations

import pytest
import redis

from metrics.stream import Facts, Judgement, Place, Reader, judge, look, trim

STREAM = "ioc:live:{traffic:0}:in"


def test_a_stream_read_to_its_end_has_no_lag_and_no_gap() -> None:
    place = Place("5-0", read=5, added=5)
    assert judge(place, Facts(5, 5, "1-0", "5-0")) == Judgement(place, 0)


def test_entries_behind_the_place_are_lag() -> None:
    judgement = judge(Place("3-0", 3, 3), Facts(5, 5, "1-0", "5-0"))
    assert (judgement.lag, judgement.gap) == (2, None)


def test_entries_trimmed_before_they_were_read_are_a_gap_of_known_size() -> None:
    judgement = judge(Place("3-0", 3, 3), Facts(10, 4, "7-0", "10-0"))
    assert (judgement.gap, judgement.missing, judgement.lag) == ("trimmed", 3, 4)
    assert judgement.place == Place("3-0", 6, 10)


def test_a_gap_is_reported_once() -> None:
    first = judge(Place("3-0", 3, 3), Facts(10, 4, "7-0", "10-0"))
    assert judge(first.place, Facts(10, 4, "7-0", "10-0")).gap is None


def test_entries_that_vanished_while_being_caught_up_are_found_at_the_end() -> None:
    judgement = judge(Place("10-0", 7, 5), Facts(10, 4, "7-0", "10-0"))
    assert (judgement.gap, judgement.missing) == ("trimmed", 3)


def test_a_stream_emptied_by_trimming_moves_the_place_to_its_end() -> None:
    judgement = judge(Place("3-0", 3, 3), Facts(10, 0, None, "10-0"))
    assert (judgement.gap, judgement.missing, judgement.place.id) == ("trimmed", 7, "10-0")


def test_a_stream_that_is_gone_was_flushed_and_is_read_from_its_new_beginning() -> None:
    judgement = judge(Place("3-0", 3, 8), None)
    assert (judgement.gap, judgement.missing, judgement.place) == ("flushed", 5, Place())


def test_a_stream_that_never_was_is_no_gap() -> None:
    assert judge(Place(), None) == Judgement(Place(), 0)


def test_a_stream_that_is_younger_than_the_place_was_replaced_and_is_read_anew() -> None:
    judgement = judge(Place("9-0", 9, 9), Facts(2, 2, "1-0", "2-0"))
    assert (judgement.gap, judgement.place.id, judgement.lag) == ("replaced", "0-0", 2)


def test_a_replaced_stream_with_later_ids_is_noticed_by_its_count() -> None:
    judgement = judge(Place("9-0", 100, 100), Facts(150, 150, "20-0", "169-0"))
    assert (judgement.gap, judgement.lag, judgement.place.read) == ("replaced", 150, 0)


@pytest.mark.service
def test_the_facts_of_a_real_stream_tell_a_trimmed_part(redis_client: redis.Redis) -> None:
    for number in range(1, 11):
        redis_client.xadd(STREAM, {"t": number}, id=f"{number}-0")
    redis_client.xtrim(STREAM, minid="7-0", approximate=False)
    facts = look(redis_client, [STREAM, "absent"])
    assert facts == {STREAM: Facts(10, 4, "7-0", "10-0"), "absent": None}


@pytest.mark.service
def test_trimming_keeps_the_entry_at_the_floor_and_all_behind_it(redis_client: redis.Redis) -> None:
    for number in range(1, 1001):
        redis_client.xadd(STREAM, {"t": number}, id=f"{number}-0")
    trim(redis_client, {STREAM: "500-0"})
    (first, _), *_ = redis_client.xrange(STREAM, count=1)
    assert int(first.split(b"-")[0]) <= 500
    assert redis_client.xlen(STREAM) < 650  # whole nodes of 100 entries are cut
    assert redis_client.xrange(STREAM, min="500-0", count=1)[0][0] == b"500-0"


@pytest.mark.service
def test_a_reader_gets_every_entry_once_in_order(valkey_url: str, redis_client: redis.Redis) -> None:
    for number in range(1, 1001):
        redis_client.xadd(STREAM, {"t": number}, id=f"{number}-0")
    reader = Reader(redis.Redis.from_url(valkey_url, protocol=2))
    place, seen = "0-0", []
    while len(seen) < 1000:
        reader.ask({STREAM: place})
        reply = reader.take(5.0)
        assert reply
        for key, entries in reply:
            assert key == STREAM
            seen += [int(entry[1][1]) for entry in entries]
            place = entries[-1][0].decode()
    assert seen == list(range(1, 1001))
    reader.close()


@pytest.mark.service
def test_a_read_that_waits_answers_as_soon_as_an_entry_comes(valkey_url: str, redis_client: redis.Redis) -> None:
    reader = Reader(redis.Redis.from_url(valkey_url, protocol=2))
    reader.ask({STREAM: "0-0"}, block_ms=10_000)
    assert reader.take(0.05) is None
    redis_client.xadd(STREAM, {"t": 1})
    reply = reader.take(5.0)
    assert reply is not None
    assert [key for key, _ in reply] == [STREAM]
    reader.close()


@pytest.mark.service
def test_large_entries_make_the_next_request_smaller(valkey_url: str, redis_client: redis.Redis) -> None:
    for _ in range(30):
        redis_client.xadd(STREAM, {"t": b"x" * 1_000_000})
    reader = Reader(redis.Redis.from_url(valkey_url, protocol=2))
    place, sizes = "0-0", []
    for _ in range(2):
        reader.ask({STREAM: place})
        reply = reader.take(10.0)
        assert reply
        sizes.append(len(reply[0][1]))
        place = reply[0][1][0][0].decode()
    assert sizes == [30, 8]
    reader.close()
