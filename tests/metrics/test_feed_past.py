"""A feed that still sends the past: its silence about the time up to the clock says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.definition import load
from metrics.serving import Serving
from metrics.value_form import unpack_values
from metrics.world import World
from tests.metrics.worker_world import INDICATORS, MINUTE, NOON, SOURCE, STREAM, WORLD, send_packed

pytestmark = pytest.mark.service
# A window of nothing is 0, at once: an idle source is believed to have nothing to say.
QUICK = SOURCE | {"idle": "1s", "lateness": "10m"}


class Life:
    """The engine's edge an hour behind noon; `look` takes what came, says everything that is due and commits."""

    def __init__(self, client: redis.Redis) -> None:
        raw = {"v": 1, "hash": "one", "sources": {"traffic": QUICK}, "indicators": [INDICATORS[0] | {"dimensions": []}]}
        self.client, self.began = client, real_ms()
        clock = WorldClock(NOON + 60 * MINUTE, self.began, 1.0)
        self.serving = Serving(client, World(WORLD, "replay", clock, started_ms=1), load(raw))
        self.serving.begin(self.began)

    def look(self, after_ms: int, state: str) -> None:
        now, serving = self.began + after_ms, self.serving
        self.client.hset(keys.HEARTBEATS, f"feed:{WORLD}:traffic", json.dumps({"at": now, "state": state}))
        serving.refresh(now)
        entries: Any = self.client.xrange(STREAM, f"({serving.places[STREAM].id}")
        if entries:
            serving.receive(
                STREAM, [[name, [part for pair in each.items() for part in pair]] for name, each in entries]
            )
        serving.refresh(now)
        for _ in range(20):
            serving.advance(now)
        serving.commit(now)

    def said(self) -> dict[int, float | None]:
        every: Any = self.client.xrange(keys.engine(WORLD, "values"))
        values = [one for _, fields in every for one in unpack_values(fields[b"b"])]
        return {one.window_end: one.value for one in values}

    def late(self) -> int:
        line: Any = self.client.hget(keys.engine(WORLD, "feeds"), "traffic")
        late: int = json.loads(line)["late"]
        return late


def test_no_window_between_the_newest_row_and_the_clock_is_said_while_a_feed_says_it_sends_the_past(
    redis_client: redis.Redis,
) -> None:
    life = Life(redis_client)
    send_packed(redis_client, [(NOON + 30_000, "a", 100), (NOON + MINUTE + 30_000, "a", 100)])
    life.look(0, "catching up")
    assert sorted(life.said()) == [NOON + MINUTE, NOON + 2 * MINUTE]  # and not the 58 that the clock has passed
    assert life.serving.progress(life.began).told() == {
        "state": "catching up", "goal_ms": NOON + 60 * MINUTE, "position_ms": NOON + MINUTE + 30_000, "unread": 0,
        "behind_ms": 58 * MINUTE + 30_000,
    }  # fmt: skip
    send_packed(redis_client, [(NOON + 2 * MINUTE + 30_000, "a", 100)])
    life.look(1_500, "catching up")
    assert max(life.said()) == NOON + 3 * MINUTE
    life.look(3_600, "live")
    life.look(6_000, "live")
    assert life.said()[NOON + 60 * MINUTE] == 0.0
    assert life.serving.progress(life.began + 6_000).state == "live"


def test_a_feed_that_says_it_catches_up_does_not_idle_before_its_first_row_and_its_opening_is_not_late(
    redis_client: redis.Redis,
) -> None:
    life = Life(redis_client)
    life.look(0, "catching up")
    life.look(120_000, "catching up")
    send_packed(redis_client, [(NOON, "a", 100)])
    life.look(121_000, "catching up")
    assert life.late() == 0
    life.look(200_000, "live")
    life.look(202_000, "live")
    send_packed(redis_client, [(NOON + 1, "a", 100)])
    life.look(203_000, "live")
    assert life.late() == 1  # it idled meanwhile, as ever
