"""What matters now in a world: the alarms that stand, by the names of the definitions in force."""

from __future__ import annotations

import pytest
import redis

from ioc.queries.attention import attention_view, subjects
from ioc.queries.standing_alarms import StandingAlarms
from tests.ioc.queries.test_standing import NOW, tell


def test_the_health_of_the_centre_itself_and_what_has_a_place_of_its_own_are_left_out() -> None:
    known = subjects(None)
    assert "E3" in known
    assert "O1" not in known  # of the scene that watches the centre
    assert "E1" not in known  # the block of the response says it


@pytest.mark.service
def test_standing_alarms_become_entries_worst_first_and_go_when_they_are_cleared(redis_client: redis.Redis) -> None:
    alarms = StandingAlarms(redis_client)
    tell(redis_client, "yellow")
    tell(redis_client, "red", indicator="E3", value=27.0, limit=25.0)
    tell(redis_client, "red", indicator="E1")
    found = attention_view(redis_client, alarms, "live", NOW)
    assert found.answers
    assert [(entry.head.subject, entry.head.level) for entry in found.entries] == [("E3", "red"), ("G1", "yellow")]
    assert (found.entries[0].head.value, found.entries[0].head.limit) == (27.0, 25.0)
    tell(redis_client, None, indicator="E3", number=1, level_before="red")
    assert [entry.head.subject for entry in attention_view(redis_client, alarms, "live", NOW).entries] == ["G1"]


@pytest.mark.service
def test_an_escalation_is_a_change_for_the_worse_and_a_fall_is_none(redis_client: redis.Redis) -> None:
    alarms = StandingAlarms(redis_client)
    tell(redis_client, "yellow", begun=NOW - 600_000, at=NOW - 600_000)
    tell(redis_client, "red", number=1, level_before="yellow", begun=NOW - 600_000)
    entry = attention_view(redis_client, alarms, "live", NOW).entries[0]
    assert (entry.worse_ms, entry.head.begun_ms) == (NOW, NOW - 600_000)
    tell(redis_client, "orange", number=2, level_before="red", begun=NOW - 600_000)
    assert attention_view(redis_client, alarms, "live", NOW).entries[0].worse_ms is None


@pytest.mark.service
def test_an_anomaly_stands_in_the_list_but_is_no_level_of_the_indicator(redis_client: redis.Redis) -> None:
    alarms = StandingAlarms(redis_client)
    tell(redis_client, "blue", condition="anomaly")
    assert [entry.head.level for entry in attention_view(redis_client, alarms, "live", NOW).entries] == ["blue"]
    assert alarms.of("live") == {}


def test_a_bus_that_is_away_says_that_nothing_is_known() -> None:
    nowhere = redis.Redis(port=1)
    found = attention_view(nowhere, StandingAlarms(nowhere), "live", NOW)
    assert (found.answers, found.entries) == (False, ())
