"""One of five sources falls silent: the others go on, what rests on it grows stale and never 0, and it comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.world import World
from tests.conftest import wait_until
from tests.metrics.worker_world import working

pytestmark = pytest.mark.service

MINUTE = 60_000
NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
NAMES = ("a", "b", "c", "d", "e")
WORLD = "five"


def source() -> dict[str, Any]:
    return {
        "kind": "readings", "time": "time", "entity": "probe", "disorder": "5s", "lateness": "10m", "idle": "30s",
        "stale_after": "1m", "future": "10s",
        "fields": {"time": {"type": "time"}, "probe": {"type": "text"}, "level": {"type": "int"}},
    }  # fmt: skip


def newest(name: str) -> dict[str, Any]:
    return {"agg": "mean", "field": "level", "source": name}


def bundle() -> dict[str, Any]:
    each = [
        {"id": f"NOW_{name}", "source": name, "window": {"kind": "now", "every": "1m"}, "formula": "v",
         "measures": {"v": newest(name)}}
        for name in NAMES
    ]  # fmt: skip
    sums = {"id": "SUM_e", "source": "e", "window": {"kind": "tumbling", "size": "1m"}, "formula": "s",
            "direction": "down", "thresholds": {"red": 1000, "no_data_delay": "2m", "stale_delay": "2m"},
            "measures": {"s": {"agg": "sum", "field": "level"}}}  # fmt: skip
    whole = {"id": "ALL", "window": {"kind": "now", "every": "1m"}, "formula": " + ".join(NAMES),
             "measures": {name: newest(name) for name in NAMES}}  # fmt: skip
    return {"v": 1, "hash": "five", "sources": dict.fromkeys(NAMES, source()), "indicators": [*each, sums, whole]}


class Five:
    """The world, whose sources speak whenever somebody looks."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.clock = WorldClock(NOON, real_ms(), 60.0)  # a second is a minute
        client.set(keys.BUNDLE, json.dumps(bundle()))
        client.hset(keys.WORLDS, WORLD, World(WORLD, "replay", self.clock, started_ms=1).to_json())

    def speak(self, names: str) -> None:
        now = self.clock.now_ms(real_ms())
        for name in names:
            self.client.xadd(keys.observations(WORLD, name), {"t": now, "k": "probe", "level": 7})

    def complete(self, indicator: str) -> list[Value]:
        entries: Any = self.client.xrange(keys.engine(WORLD, "completed"))
        values = [value for _, fields in entries for value in unpack_values(fields[b"b"])]
        return [value for value in values if value.indicator == indicator]

    def last(self, indicator: str) -> tuple[float | None, str] | None:
        values = self.complete(indicator)
        return (values[-1].value, values[-1].quality) if values else None

    def ends(self, indicator: str) -> int:
        return len(self.complete(indicator))

    def told(self) -> list[tuple[str, str, str]]:
        entries: Any = self.client.xrange(keys.engine(WORLD, "alarms"))
        events = [json.loads(fields[b"e"]) for _, fields in entries]
        return [(one["indicator"], one["condition"], one["kind"]) for one in events]

    def goes_on(self, names: str, condition: Any, what: str) -> None:
        """The sources named speak until the condition holds."""
        wait_until(lambda: (self.speak(names), condition())[1], what)


def test_the_watermark_goes_on_the_tile_is_stale_and_not_0_and_the_source_comes_back(
    valkey_url: str, redis_client: redis.Redis
) -> None:
    five = Five(redis_client)
    with working(valkey_url, worlds=(WORLD,)) as worker:
        five.goes_on("abcde", lambda: five.last("ALL") == (35.0, "complete"), "all five speak")
        five.goes_on("abcd", lambda: five.last("ALL") == (35.0, "stale"), "the whole is stale, with its last value")
        five.goes_on("abcd", lambda: five.last("NOW_e") == (7.0, "stale"), "its own tile is stale, with its last value")
        five.goes_on("abcd", lambda: five.last("SUM_e") == (None, "no_data"), "a sum of nothing is unknown, not 0")
        before = five.ends("ALL")
        five.goes_on("abcd", lambda: five.ends("ALL") >= before + 3, "windows go on being complete without it")
        assert five.last("NOW_a") == (7.0, "complete")
        five.goes_on("abcd", lambda: ("SUM_e", "no_data", "raised") in five.told(), "its silence is told")
        five.goes_on("abcde", lambda: five.last("NOW_e") == (7.0, "complete"), "it comes back by itself")
        five.goes_on("abcde", lambda: five.last("ALL") == (35.0, "complete"), "and the whole with it")
        five.goes_on("abcde", lambda: ("SUM_e", "no_data", "cleared") in five.told(), "its silence is over")
        assert worker.tally.failures == 0
    assert five.told() == [("SUM_e", "no_data", "raised"), ("SUM_e", "no_data", "cleared")]
    assert all(value.value in (7.0, None) for value in five.complete("NOW_e"))
