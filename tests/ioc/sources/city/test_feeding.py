"""The simulated source: yesterday at once, then as time goes by, and never twice."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import redis

from ioc.sources import resume
from ioc.sources.city.feeding import HISTORY_MS, Simulated
from ioc.sources.city.traffic import Roads
from ioc.sources.feed import Feed, Place
from ioc.sources.rows import Rows, rows_of, whole
from ioc.sources.simulation import RoadModel
from metrics import keys
from metrics.clock import real_ms
from metrics.codec import decode
from tests.conftest import wait_until

pytestmark = pytest.mark.service

PLACE = Place("live", "traffic", "simulated")
ROADS: list[dict[str, Any]] = [{"id": f"LH{n:03}", "class": "arterial", "corridor": "c"} for n in range(6)]


def rows_in(client: redis.Redis) -> list[tuple[int, str, int]]:
    found = []
    for entry_id, fields in client.xrange(PLACE.stream(0)):
        for run in decode([[entry_id, [b"p", fields[b"p"]]]], ("t", "k", "speed")).runs:
            entity = run.columns["k"]
            names = [entity.dictionary[code] for code in entity.values]
            found += zip(run.columns["t"].values.tolist(), names, run.columns["speed"].values.tolist(), strict=True)
    return found


def run_until(url: str, client: redis.Redis, rows: int) -> None:
    """Run the source until its stream holds so many rows."""
    stop = threading.Event()
    with Feed(url, PLACE) as feed:
        thread = threading.Thread(target=Simulated(Roads(RoadModel(ROADS))).run, args=(feed, stop))
        thread.start()
        try:
            wait_until(lambda: len(rows_in(client)) >= rows, f"{rows} rows")
        finally:
            stop.set()
            thread.join()


def test_a_day_and_two_hours_are_sent_at_once_in_time_order_and_restarted_it_goes_on_without_doubling(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    began, history = real_ms(), 6 * 26 * 120
    run_until(valkey_url, redis_client, history)
    assert redis_client.hget(keys.origins("live"), "traffic") == b"simulated"
    run_until(valkey_url, redis_client, len(rows_in(redis_client)) + 1)
    rows = rows_in(redis_client)
    times = [row[0] for row in rows]
    assert times == sorted(times)
    assert len({row[:2] for row in rows}) == len(rows)
    assert began - HISTORY_MS <= times[0] <= began - HISTORY_MS + 10_000
    assert times[-1] <= real_ms()
    # without a hole: what one run of the model gives for the whole time
    model = RoadModel(ROADS).rows(times[0] - 1, times[-1])
    assert model.time.tolist() == times
    assert model.fields["speed"].values.tolist() == [row[2] for row in rows]


def test_after_a_longer_absence_no_more_than_the_history_is_filled(valkey_url: str, redis_client: redis.Redis) -> None:
    week_ago = real_ms() - 7 * 86_400_000
    redis_client.xadd(PLACE.stream(0), {"p": RoadModel(ROADS).rows(week_ago - 30_000, week_ago).payload()})
    run_until(valkey_url, redis_client, 6 + 6 * 26 * 120)
    times = [row[0] for row in rows_in(redis_client)]
    assert times[6] > real_ms() - HISTORY_MS - 60_000


class Halls:
    """A stock of three halls that stand, and one change at a known time."""

    source, per_s = "hall", 0.0

    def __init__(self, change_ms: int) -> None:
        self._change = change_ms

    def opening(self, at_ms: int) -> Rows | None:
        return rows_of(at_ms, ["a", "b", "c"], {"size": whole([1, 2, 3])})

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        return rows_of(self._change, ["b"], {"size": whole([9])}) if after_ms < self._change <= until_ms else None


HALLS = Place("live", "hall", "simulated")


def sizes(client: redis.Redis) -> list[tuple[int, str, int]]:
    found = []
    for entry_id, fields in client.xrange(HALLS.stream(0)):
        for run in decode([[entry_id, [b"p", fields[b"p"]]]], ("t", "k", "size")).runs:
            names = [run.columns["k"].dictionary[code] for code in run.columns["k"].values]
            found += zip(run.columns["t"].values.tolist(), names, run.columns["size"].values.tolist(), strict=True)
    return found


def fed(url: str, client: redis.Redis, change_ms: int, now_ms: int, rows: int) -> list[tuple[int, str, int]]:
    """Run the halls at a world's time that stands still until the stream holds so many rows."""
    stop = threading.Event()
    with Feed(url, HALLS) as feed:
        run = Simulated(Halls(change_ms), now=lambda: now_ms, begin_ms=1_000_000).run
        thread = threading.Thread(target=run, args=(feed, stop))
        thread.start()
        try:
            wait_until(lambda: len(sizes(client)) >= rows, f"{rows} rows")
        finally:
            stop.set()
            thread.join()
    return sizes(client)


def test_what_stands_is_sent_at_the_worlds_begin_and_after_a_restart_only_what_changes(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    opening = [(1_000_000, "a", 1), (1_000_000, "b", 2), (1_000_000, "c", 3)]
    assert fed(valkey_url, redis_client, 1_500_000, 2_000_000, 4) == [*opening, (1_500_000, "b", 9)]
    stop = threading.Event()
    with Feed(valkey_url, HALLS) as feed:
        again = Simulated(Halls(1_500_000), now=lambda: 3_000_000, begin_ms=1_000_000)
        thread = threading.Thread(target=again.run, args=(feed, stop))
        thread.start()
        try:
            beat = lambda: redis_client.hget(keys.HEARTBEATS, "feed:live:hall") or b""  # noqa: E731
            wait_until(lambda: b'"state": "live"' in beat() and b'"rows": 0' in beat(), "it goes on")
        finally:
            stop.set()
            thread.join()
    assert len(sizes(redis_client)) == 4


def test_an_opening_that_was_cut_off_is_sent_again_whole(valkey_url: str, redis_client: redis.Redis) -> None:
    first = rows_of(1_000_000, ["a"], {"size": whole([1])})
    redis_client.xadd(HALLS.stream(0), {"p": first.payload()})
    found = fed(valkey_url, redis_client, 1_500_000, 2_000_000, 5)
    assert found[1:] == [(1_000_000, "a", 1), (1_000_000, "b", 2), (1_000_000, "c", 3), (1_500_000, "b", 9)]


def test_what_only_stands_is_not_sent_again_a_day_later_when_the_world_has_no_begin_of_its_own(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    """A source that had nothing to say since its opening has no newer row than that; it was there all the same."""
    day, never = 86_400_000, 10**15
    clock = [100 * day]
    stop = threading.Event()
    with Feed(valkey_url, HALLS) as feed:
        thread = threading.Thread(
            target=Simulated(Halls(never), now=lambda: clock[0], look_s=0.05).run, args=(feed, stop)
        )
        thread.start()
        try:
            wait_until(lambda: len(sizes(redis_client)) == 3, "what stands")
            clock[0] += 2 * day
            upto = lambda: json.loads(redis_client.hget(keys.fed("live"), "hall") or b'{"until": 0}')["until"]  # noqa: E731
            wait_until(lambda: upto() == clock[0], "it is noted that nothing changed for two days")
        finally:
            stop.set()
            thread.join()
    clock[0] += day // 2
    stop = threading.Event()
    with Feed(valkey_url, HALLS) as feed:
        again = Simulated(Halls(never), now=lambda: clock[0], look_s=0.05)
        thread = threading.Thread(target=again.run, args=(feed, stop))
        thread.start()
        try:
            wait_until(lambda: again.sent_ms == clock[0], "it goes on")
        finally:
            stop.set()
            thread.join()
        assert feed.drain(threading.Event())
    assert len(sizes(redis_client)) == 3


def test_a_bus_that_goes_away_while_what_stands_is_noted_gets_it_once(
    valkey_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def note(*_: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise redis.TimeoutError("Timeout reading from socket")

    monkeypatch.setattr(resume, "note", note)
    stop, halls = threading.Event(), Simulated(Halls(10**15), now=lambda: 2_000_000, begin_ms=1_000_000, look_s=0.05)
    with Feed(valkey_url, HALLS) as feed:
        with pytest.raises(redis.TimeoutError):
            halls.run(feed, stop)
        thread = threading.Thread(target=halls.run, args=(feed, stop))
        thread.start()
        wait_until(lambda: halls.sent_ms == 2_000_000, "it goes on")
        stop.set()
        thread.join()
    assert len(sizes(redis_client)) == 3
