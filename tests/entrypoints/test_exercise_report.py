"""What is said of an exercise: also by how much an engine lags that cannot keep up with its speed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from ioc.entrypoints.exercise_report import lines, survey
from ioc.offline.trial import Finding
from ioc.sources.exercise import find
from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.world import World

pytestmark = pytest.mark.service
MINUTE, BEGIN = 60_000, 1_694_077_200_000  # 2023-09-07 17:00
LABEL = {"zh": "雨夜", "en": "rain", "exercise": "gone", "speed": "60", "begin_ms": str(BEGIN),
         "end_ms": str(BEGIN + 600 * MINUTE)}  # fmt: skip


def test_an_alarm_may_still_come_while_the_data_have_not_come_to_its_window(redis_client: redis.Redis) -> None:
    now, script = real_ms(), find("rain-2023-09-07", Path("nowhere"))
    expect = script.expect[0]
    late = script.at(expect.by) + 10 * MINUTE
    world = World("rain", "exercise", WorldClock(late, now, 60.0), {}, LABEL, 1)
    redis_client.hset(
        keys.HEARTBEATS, "engine", json.dumps({"at": now, "progress": {"rain": {"behind_ms": 30 * MINUTE}}})
    )
    found = survey(redis_client, world, script, now)
    findings = [Finding(expect, None, early=False, met=False)]
    assert [line.split()[-1] for line in lines(script, findings, found.upto)] == ["come"]
    assert [line.split()[-1] for line in lines(script, findings, found.now)] == ["seen"]


def test_an_engine_that_cannot_keep_up_is_told_with_its_minutes(redis_client: redis.Redis) -> None:
    now = real_ms()
    world = World("rain", "exercise", WorldClock(BEGIN + 60 * MINUTE, now, 60.0), {}, LABEL, 1)
    behind = {"rain": {"state": "catching up", "behind_ms": 33 * MINUTE}}
    redis_client.hset(keys.HEARTBEATS, "engine", json.dumps({"at": now, "progress": behind}))
    found = survey(redis_client, world, None, now)
    assert found.table()["behind_ms"] == 33 * MINUTE
    assert "落后 the engine is 33 min behind: 数据至 data up to 2023-09-07 17:27" in found.title()
    stood = survey(redis_client, replace(world, clock=WorldClock(BEGIN + 60 * MINUTE, now, 0.0)), None, now)
    assert "落后" not in stood.title()
    lost = survey(redis_client, world, None, now + 60_000)
    assert lost.behind is None
    assert "落后" not in lost.title()
