"""Connectors as a page lists them: what they say of themselves in heartbeats, and that nothing is heard of them."""

from __future__ import annotations

from typing import Any

from ioc.queries.connectors import ConnectorLine, connectors

NOW = 1_000_000_000
TOLD: dict[str, Any] = {
    "kind": "mqtt", "state": "live", "accepted": 12, "rejected": {"range": 2, "missing": 1}, "unread": 3,
    "error": "no JSON", "error_at": NOW - 9_000, "last_at": NOW - 2_000, "ignored": [],
}  # fmt: skip
LINE = ConnectorLine(
    "sensors", "mqtt", "iot", "real", "live", 12, 3, 3, "no JSON", NOW - 9_000, NOW - 2_000, NOW - 5_000
)


def beat(at_ms: int, **told: Any) -> dict[str, Any]:
    return {"at": at_ms, "origin": "real", "newest": NOW - 5_000, "connectors": told}


def test_a_connector_says_how_it_is_and_what_has_come() -> None:
    assert connectors({"feed:live:iot": beat(NOW, sensors=TOLD), "engine": {"at": NOW}}, NOW) == [LINE]


def test_of_which_nothing_was_heard_for_four_seconds_is_lost() -> None:
    assert connectors({"feed:live:iot": beat(NOW - 4_001, sensors=TOLD)}, NOW)[0].state == "lost"
    assert connectors({"feed:live:iot": beat(NOW, sensors=TOLD | {"state": "failed"})}, NOW)[0].state == "failed"


def test_several_of_one_source_stand_beside_each_other_and_what_a_simulation_feeds_is_none() -> None:
    beats = {"feed:live:rain": beat(NOW, b=TOLD, a=TOLD), "feed:live:iot": beat(NOW, z=TOLD),
             "feed:live:traffic": {"at": NOW}, "feed:drill:rain": beat(NOW, c=TOLD)}  # fmt: skip
    assert [(one.source, one.name) for one in connectors(beats, NOW)] == [("iot", "z"), ("rain", "a"), ("rain", "b")]


def test_a_heartbeat_of_an_older_version_says_less() -> None:
    found = connectors({"feed:live:iot": {"at": NOW, "connectors": {"old": {"state": "live"}}}}, NOW)
    assert found == [ConnectorLine("old", "", "iot", "real", "live", 0, 0, 0, "", None, None, None)]
