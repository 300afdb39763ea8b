"""The simulated source: yesterday at once, then as time goes by, and never twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import redis

from ioc.sources.feed import Feed, Place
from ioc.sources.simulation import RoadModel
from ioc.sources.traffic import HISTORY_MS, SimulatedTraffic
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
        thread = threading.Thread(target=SimulatedTraffic(RoadModel(ROADS)).run, args=(feed, stop))
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
