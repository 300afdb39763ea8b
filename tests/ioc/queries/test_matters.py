"""Incidents and warnings as they stand on their layers: what waits comes first, what ran out or was closed is gone."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
import redis

from ioc.queries.attention import attention_view
from ioc.queries.matters import matters
from ioc.queries.standing_alarms import StandingAlarms
from metrics import keys
from metrics.whereabouts_row import Row
from tests.ioc.queries.test_standing import NOW, tell

pytestmark = pytest.mark.service

MINUTE = 60_000


def stand(client: redis.Redis, layer: str, name: str, row: Row) -> None:
    client.hset(keys.engine("live", f"where:emergency/{layer}"), name, msgpack.packb(row.plain()))


def incident(minutes: int, level: str = "yellow", **stages: Any) -> Row:
    shows = {"class": "accident", "received_at": NOW - minutes * MINUTE, **stages}
    return Row(NOW, (1_141_200_000, 225_500_000), "440303003004", "accident", level, shows=shows)


def test_an_incident_is_its_class_and_the_newest_stage_that_it_reached(redis_client: redis.Redis) -> None:
    stand(redis_client, "incidents", "SJ1", incident(20, dispatched_at=NOW - 18 * MINUTE, on_scene_at=NOW - MINUTE))
    finding, about = next(matters(redis_client, "live", NOW))
    assert (finding.kind, finding.subject, finding.level, finding.waits) == ("incident", "SJ1", "yellow", False)
    assert finding.begun_ms == NOW - 20 * MINUTE
    assert about.name == ("事故灾难", "accident")
    assert about.stage == ("到场", "on scene", NOW - MINUTE)
    assert about.at == (114.12, 22.55)


def test_an_incident_that_nobody_was_sent_to_comes_before_others_of_its_level(redis_client: redis.Redis) -> None:
    tell(redis_client, "yellow")  # newer
    stand(redis_client, "incidents", "SJ2", incident(50))
    found = attention_view(redis_client, StandingAlarms(redis_client), "live", NOW)
    assert [entry.key for entry in found.entries] == ["incident:SJ2", "indicator:G1"]
    assert found.about["incident:SJ2"].stage == ("接报", "received", NOW - 50 * MINUTE)


def test_a_warning_that_ran_out_is_no_warning_in_force(redis_client: redis.Redis) -> None:
    for name, ends in (("YJ1", NOW - 1), ("YJ2", NOW + 1)):
        shows = {"event": "暴雨", "sender": "气象台", "sent_at": NOW - MINUTE, "expires_at": ends}
        stand(redis_client, "warnings", name, Row(NOW, None, "440303", "", "red", label="暴雨", shows=shows))
    found = [(finding.subject, finding.whole, about.label, about.who) for finding, about in
             matters(redis_client, "live", NOW)]  # fmt: skip
    assert found == [("YJ2", True, "暴雨", "气象台")]


def test_a_row_of_another_version_is_left_out(redis_client: redis.Redis) -> None:
    redis_client.hset(keys.engine("live", "where:emergency/incidents"), "SJ3", msgpack.packb([9, 1]))
    assert list(matters(redis_client, "live", NOW)) == []
