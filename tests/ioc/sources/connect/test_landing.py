"""Whatever a connector hands over is counted once and lies on the bus: as a row, or as a letter with its reason."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ioc.sources.connect.landing import Landing, Stopped
from metrics import keys
from metrics.clock import real_ms
from tests.ioc.sources.connect.wire import landing, stream

pytestmark = pytest.mark.service


def rain(**more: Any) -> dict[str, Any]:
    return {"time": str(real_ms() - 60_000), "station": "RG01", "mm": "0.5"} | more


def test_rows_are_taken_refused_or_told_and_none_vanishes(valkey_url: str, redis_client: redis.Redis) -> None:
    with landing(valkey_url, "rain") as one:
        faults = one.rows([rain(), rain(mm="900"), "what", rain(station=None), rain(mm=["1"]), rain(colour="red")])
        one.settle()
    assert [(fault.row, fault.field, fault.rule) for fault in faults] == [
        (1, "mm", "range"), (2, "", "form"), (3, "station", "missing"), (4, "mm", "form"),
    ]  # fmt: skip
    found = stream(redis_client, "rain", real_ms())
    assert [row["mm"] for row in found.rows] == [0.5, 0.5]
    letters = {(field, rule, value.split(" | ")[-1]) for _, field, rule, value in found.letters}
    assert {("mm", "range", "900"), ("k", "missing", ""), ("p", "form", "what")} <= letters
    assert len(found.letters) == 4
    assert (one.accepted, dict(one.rejected), list(one.ignored)) == (
        2, {"range": 1, "form": 2, "missing": 1}, ["colour"],
    )  # fmt: skip
    assert one.feed.tally.rows == 6


def test_more_than_an_entry_holds_is_sent_in_parts_and_what_never_fits_is_a_letter(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    long = "汉" * 700_000
    with landing(valkey_url, "rain") as one:
        faults = one.rows([rain(), rain(mm=long), rain(mm=long), rain(), rain(mm=3 * long)])
        one.settle()
    assert [(fault.row, fault.rule) for fault in faults] == [(1, "length"), (2, "length"), (4, "size")]
    found = stream(redis_client, "rain", real_ms())
    assert (len(found.rows), len(found.letters)) == (2, 3)


CELLS = st.one_of(
    st.none(), st.booleans(), st.text(max_size=20), st.lists(st.text(max_size=3), max_size=3), st.integers()
)


@pytest.fixture
def open_landing(valkey_url: str) -> Iterator[Landing]:
    with landing(valkey_url, "rain") as one:
        yield one


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(st.one_of(st.none(), st.text(max_size=5), st.dictionaries(
    st.sampled_from(["time", "station", "mm", "t", "k", "other"]), CELLS)), max_size=8))  # fmt: skip
def test_every_row_is_one_admitted_row_or_one_letter(
    open_landing: Landing, redis_client: redis.Redis, rows: list[Any]
) -> None:
    redis_client.delete(keys.observations("live", "rain"))
    before = open_landing.accepted
    faults = open_landing.rows(rows)
    open_landing.settle()
    found = stream(redis_client, "rain", real_ms())
    assert len(found.rows) + len(found.letters) == len(rows)
    assert (len(found.rows), len(found.letters)) == (open_landing.accepted - before, len(faults))


def test_a_stop_while_the_bus_is_away_acknowledges_nothing(redis_client: redis.Redis) -> None:
    stop = threading.Event()
    with landing("unix:///no/such/socket", "rain", stop) as one:
        one.rows([rain()])
        stop.set()
        with pytest.raises(Stopped):
            one.settle()


def test_a_feed_is_lost_while_none_of_its_connectors_lives(valkey_url: str, redis_client: redis.Redis) -> None:
    def fact(one: Any) -> dict[str, Any]:
        one.feed._heartbeat_s = 0.0
        one.feed._heartbeat()
        found: dict[str, Any] = json.loads(redis_client.hget(keys.HEARTBEATS, "feed:live:rain") or b"{}")
        return found

    with landing(valkey_url, "rain") as one:
        one.told["other"] = {"state": "unreachable"}
        one.away("unreachable", "nobody there")
        assert fact(one)["ended"] is True
        one.told["other"] = {"state": "live"}
        one.away("unreachable", "nobody there")
        assert "ended" not in fact(one)
        assert fact(one)["connectors"]["one"]["error"] == "nobody there"
