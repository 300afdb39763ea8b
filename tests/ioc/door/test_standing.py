"""What stands is told to whoever may see the coverage, and its values only to whoever may see indicators."""

from __future__ import annotations

import pytest

from metrics import keys
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
