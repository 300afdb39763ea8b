"""What stands is told to whoever may see the coverage, and its values only to whoever may see indicators."""

from __future__ import annotations

import json

import pytest

from metrics import keys
from metrics.alarm_event import AlarmEvent
from metrics.value import Value
from metrics.value_form import pack_values
from tests.ioc.door.conftest import T0, Site

pytestmark = pytest.mark.service


@pytest.fixture
def valued(site: Site) -> Site:
    value = Value("G1", 1, "440303", (), T0 - 3_600_000, T0, 12.0, "complete", 3)
    site.desk.client.hset(keys.engine("live", "latest"), value.series, pack_values([value]))
    return site


def test_a_leader_reads_states_and_values(valued: Site) -> None:
    said = valued.signed_in("leader").get("/api/v1/standing").get_json()
    assert said["world"]["id"] == "live"
    assert said["values"]["G1"]["x"] == 12.0
    assert said["tasks"]["19"] == {"state": "none"}
    assert said["counts"]["tasks"] == {"none": 28}


def test_an_administrator_reads_states_and_no_value(valued: Site) -> None:
    said = valued.signed_in("sysadmin").get("/api/v1/standing").get_json()
    assert said["answers"] is True
    assert "values" not in said
    assert "alarms" not in said


def test_a_wall_reads_values_as_the_page_of_an_indicator_needs_them_and_a_stranger_nothing(valued: Site) -> None:
    assert valued.signed_in("wall").get("/api/v1/standing").get_json()["values"]["G1"]["x"] == 12.0
    assert valued.anonymous().get("/api/v1/standing").status_code == 401


@pytest.mark.parametrize("world", ["a b", "x" * 65, "live/traffic", "%7Bx%7D"])
def test_what_is_no_name_of_a_world_is_refused(valued: Site, world: str) -> None:
    assert valued.signed_in("leader").get(f"/api/v1/standing?world={world}").status_code == 400


def test_asking_again_and_again_is_no_activity(site: Site) -> None:
    client = site.signed_in("leader")
    for _ in range(3):
        site.clock.advance(minutes=6)
        client.get("/api/v1/standing")
    assert client.get("/api/v1/standing").status_code == 401


def test_connectors_are_listed_for_who_may_see_the_coverage_and_for_nobody_else(site: Site) -> None:
    told = {"kind": "drop", "state": "live", "accepted": 5, "rejected": {}, "unread": 0, "error": "", "last_at": T0}
    beat = {"at": T0, "origin": "real", "newest": T0, "connectors": {"gauges": told}}
    site.desk.client.hset(keys.HEARTBEATS, "feed:live:rain", json.dumps(beat))
    listed = site.signed_in("leader").get("/api/v1/standing").get_json()["connectors"]
    assert [(one["name"], one["source"], one["accepted"]) for one in listed] == [("gauges", "rain", 5)]
    assert site.signed_in("leader").get("/api/v1/standing?world=drill").get_json()["connectors"] == []
    assert "connectors" not in site.signed_in("wall").get("/api/v1/standing").get_json()


def test_whose_alarm_is_the_worst_is_told_and_of_the_indicator_asked_for_all_of_them(site: Site) -> None:
    for level, region, dims in (("yellow", "440303", ()), ("red", "440303001", (("org", "区城管局"),))):
        event = AlarmEvent(
            "live", "G5", 1, region, dims, "level", "raised", None, level, 60.0, None, 85.0, T0 - 60_000, T0, T0, T0, 0,
            9, 0, "complete", "real",
        )  # fmt: skip
        entry = {"v": "1", "id": event.id, "fingerprint": event.fingerprint, "e": event.to_json()}
        site.desk.client.xadd(keys.engine("live", "alarms"), entry)  # type: ignore[arg-type]
    said = site.signed_in("leader").get("/api/v1/standing?indicator=G5").get_json()
    worst = {"r": "440303001", "zh": "桂园街道", "en": "Guiyuan", "d": {"org": "区城管局"}, "lv": "red", "x": 60.0,
             "at": T0, "begun": T0}  # fmt: skip
    assert said["alarms"]["G5"] == {"lv": "red", "n": 2, "whole": "yellow", "worst": worst}
    assert [stand["r"] for stand in said["stands"]] == ["440303001", "440303"]
    assert "stands" not in site.signed_in("leader").get("/api/v1/standing").get_json()
