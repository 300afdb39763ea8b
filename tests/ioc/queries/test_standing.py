"""What stands in a world is what the engine said last of the whole, and the alarms that are not over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.queries.standing import standing
from ioc.queries.standing_alarms import StandingAlarms
from metrics import keys
from metrics.alarm_event import AlarmEvent
from metrics.value import Value
from metrics.value_form import pack_values

NOW = 1_790_000_000_000
WHOLE = "440303"
PART = "440303001"


def publish(client: redis.Redis, *values: Value) -> None:
    for value in values:
        client.hset(keys.engine("live", "latest"), value.series, pack_values([value]))


def value(indicator: str, region: str, x: float | None, dims: tuple[tuple[str, str], ...] = ()) -> Value:
    return Value(indicator, 1, region, dims, NOW - 60_000, NOW, x, "no_data" if x is None else "complete", 3)


def tell(client: redis.Redis, level: str | None, *, number: int = 0, **changes: Any) -> None:
    facts: dict[str, Any] = {
        "world": "live", "indicator": "G1", "version": 1, "region": WHOLE, "dims": (), "condition": "level",
        "kind": "raised" if level else "cleared", "level_before": None, "level_after": level, "value": 5.0, "z": None,
        "limit": 4.0, "window_start": NOW - 60_000, "window_end": NOW, "at": NOW, "begun": NOW, "number": number,
        "samples": 1, "revision": 0, "quality": "complete", "origin": "real",
    }  # fmt: skip
    event = AlarmEvent(**facts | changes)
    entry = {"v": "1", "id": event.id, "fingerprint": event.fingerprint, "e": event.to_json()}
    client.xadd(keys.engine("live", "alarms"), entry)


@pytest.mark.service
def test_the_value_is_that_of_the_district_or_of_what_has_no_regions_and_never_a_part(
    redis_client: redis.Redis,
) -> None:
    publish(
        redis_client, value("G1", WHOLE, 12.0), value("G1", PART, 3.0), value("G1", "", 1.0),
        value("G1", WHOLE, 2.0, (("kind", "part"),)), value("O1", "", 7.0), value("O2", PART, 1.0),
    )  # fmt: skip
    found = standing(redis_client, StandingAlarms(redis_client), "live", ["G1", "O1", "O2"], NOW)
    assert {name: each.value for name, each in found.values.items()} == {"G1": 12.0, "O1": 7.0}
    assert found.answers


@pytest.mark.service
def test_a_feed_is_judged_as_on_every_screen(redis_client: redis.Redis) -> None:
    feeds = keys.engine("live", "feeds")
    redis_client.hset(feeds, "case", json.dumps({"newest_ms": NOW - 1_000, "rows": 5}))
    redis_client.hset(keys.HEARTBEATS, "engine", json.dumps({"at": NOW, "pid": 1}))
    alarms = StandingAlarms(redis_client)
    assert standing(redis_client, alarms, "live", [], NOW).feeds["case"]["state"] == "ok"
    redis_client.hset(keys.HEARTBEATS, "engine", json.dumps({"at": NOW - 60_000, "pid": 1}))
    assert standing(redis_client, alarms, "live", [], NOW).feeds["case"]["state"] == "lost"


@pytest.mark.service
def test_an_alarm_stands_until_it_is_over_and_each_event_is_read_once(redis_client: redis.Redis) -> None:
    alarms = StandingAlarms(redis_client)
    tell(redis_client, "yellow")
    tell(redis_client, "red", region=PART)
    tell(redis_client, "yellow", indicator="G2", condition="stale")
    [(name, found)] = alarms.of("live").items()
    assert (name, found.level, found.count, found.whole) == ("G1", "red", 2, "yellow")
    assert [(stand.region, stand.level, stand.whole) for stand in found.stands] == [
        (PART, "red", False), (WHOLE, "yellow", True),
    ]  # fmt: skip
    tell(redis_client, None, number=1)
    assert (alarms.of("live")["G1"].count, alarms.of("live")["G1"].whole) == (1, None)
    tell(redis_client, None, number=1, region=PART)
    assert alarms.of("live") == {}


@pytest.mark.service
def test_a_stream_that_was_begun_anew_leaves_no_old_alarm(redis_client: redis.Redis) -> None:
    alarms = StandingAlarms(redis_client)
    tell(redis_client, "yellow")
    assert list(alarms.of("live")) == ["G1"]
    redis_client.delete(keys.engine("live", "alarms"))
    assert alarms.of("live") == {}


def test_where_the_data_bus_is_away_nothing_is_known(tmp_path: Path) -> None:
    away = redis.Redis(unix_socket_path=str(tmp_path / "nobody.sock"))
    found = standing(away, StandingAlarms(away), "live", ["G1"], NOW)
    assert (found.answers, dict(found.feeds), dict(found.values)) == (False, {}, {})
