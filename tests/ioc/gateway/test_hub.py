import json
from dataclasses import dataclass, field

import pytest

from ioc.gateway.catalog import Catalog
from ioc.gateway.hub import Hub, Room
from ioc.gateway.tally import Tally
from ioc.gateway.vitals import Vitals
from ioc.live.frame import encode
from ioc.live.topic import Topic
from metrics.world import LIVE_WORLD
from tests.ioc.gateway.scenery import BUNDLE, MINUTES_5, value

TRAFFIC = Topic("live", "traffic")


@dataclass(eq=False)
class Screen:
    """Takes a snapshot as soon as it is owed one."""

    hub: Hub
    regions: frozenset[str] = frozenset({"440303"})
    frames: list[dict] = field(default_factory=list)
    wires: list[bytes] = field(default_factory=list)

    def deliver(self, topic: str, wire: bytes) -> None:
        self.wires.append(wire)
        self.frames.append(json.loads(wire))

    def owe(self, topic: str) -> None:
        wire = self.hub.snapshot(self, topic, 5)
        if wire is not None:
            self.deliver(topic, wire)

    def pulse(self, wire: bytes) -> None:
        self.deliver("", wire)


@pytest.fixture
def hub() -> Hub:
    made = Hub(encode, Tally(), Vitals(True, worlds={"live": LIVE_WORLD}), Catalog.from_bundle(json.dumps(BUNDLE)))
    made.install("live", room(made, value(1, 4.0)))
    return made


def room(hub: Hub, *values) -> Room:
    filled = Room(hub.catalog, hub.tally)
    filled.publish(values)
    return filled


def screen(hub: Hub, *regions: str) -> Screen:
    made = Screen(hub, frozenset(regions or ("440303",)))
    hub.enter(made)
    hub.join(made, TRAFFIC)
    return made


def test_a_listener_gets_one_snapshot_and_then_numbered_deltas(hub):
    seen = screen(hub)
    hub.publish("live", [value(2, 5.0)])
    hub.flush(7)
    hub.flush(8)
    snapshot, delta = seen.frames
    assert (snapshot["op"], snapshot["seq"], snapshot["world"]["id"]) == ("snapshot", 1, "live")
    assert [cell["x"] for cell in snapshot["cells"]] == [4.0]
    assert (delta["op"], delta["seq"], delta["at"]) == ("delta", 2, 7)
    assert [cell["x"] for cell in delta["cells"]] == [5.0]


def test_all_listeners_of_a_topic_share_the_same_bytes(hub):
    one, two = screen(hub), screen(hub)
    hub.publish("live", [value(2, 5.0)])
    hub.flush(7)
    assert one.wires[0] is two.wires[0]
    assert one.wires[1] is two.wires[1]


def test_who_joins_between_flushes_sees_the_flushed_state_and_the_rest_as_a_delta(hub):
    hub.publish("live", [value(2, 5.0)])
    late = screen(hub)
    hub.flush(7)
    assert [(sent["op"], sent["seq"], sent["cells"][0]["x"]) for sent in late.frames] == [
        ("snapshot", 1, 4.0),
        ("delta", 2, 5.0),
    ]


def test_who_may_see_a_subdistrict_only_gets_nothing_of_the_others(hub):
    hub.install("live", room(hub, value(1, 4.0), value(1, 1.0, "440303001"), value(1, 2.0, "440303002")))
    mine = screen(hub, "440303001")
    hub.publish("live", [value(2, 9.0, "440303002"), value(2, 3.0, "440303001")])
    hub.complete("live", [value(2, 9.0, quality="complete")])
    hub.flush(7)
    hub.publish("live", [value(3, 9.5, "440303002")])
    hub.flush(8)
    assert [[cell["r"] for cell in sent["cells"]] for sent in mine.frames] == [["440303001"], ["440303001"]]
    assert not any(sent.get("series") for sent in mine.frames)


def test_another_scene_and_another_world_are_not_heard(hub):
    hub.install("replay", room(hub, value(1, 7.0)))
    seen = screen(hub)
    hub.publish("live", [value(1, 50.0, "", "O1")])
    hub.publish("replay", [value(2, 8.0)])
    hub.flush(7)
    assert [sent["op"] for sent in seen.frames] == ["snapshot"]


def test_who_left_gets_nothing_more(hub):
    seen = screen(hub)
    hub.leave(seen, TRAFFIC)
    hub.publish("live", [value(2, 5.0)])
    hub.flush(7)
    assert len(seen.frames) == 1
    assert hub.topics() == {}


def test_a_topic_of_a_world_that_is_not_there_yet_comes_with_it(hub):
    early = Screen(hub)
    hub.enter(early)
    hub.join(early, Topic("replay", "traffic"))
    assert early.frames == []
    hub.install("replay", room(hub, value(1, 7.0)))
    assert [(sent["op"], sent["topic"]) for sent in early.frames] == [("snapshot", "replay/traffic")]


def test_a_world_read_anew_sends_a_snapshot_with_a_higher_number(hub):
    seen = screen(hub)
    hub.install("live", room(hub, value(9, 1.0)))
    hub.publish("live", [value(10, 2.0)])
    hub.flush(7)
    assert [(sent["op"], sent["seq"], sent["cells"][0]["x"]) for sent in seen.frames] == [
        ("snapshot", 1, 4.0),
        ("snapshot", 2, 1.0),
        ("delta", 3, 2.0),
    ]


def test_a_world_that_ended_is_silent_until_it_comes_back(hub):
    seen = screen(hub)
    hub.remove("live")
    hub.flush(7)
    assert hub.snapshot(seen, "live/traffic", 8) is None
    hub.install("live", room(hub, value(1, 4.5)))
    assert seen.frames[-1]["cells"][0]["x"] == 4.5


def test_completed_windows_travel_as_points_of_the_series(hub):
    seen = screen(hub)
    hub.publish("live", [value(2, 5.0)])
    hub.complete("live", [value(1, 4.2, quality="complete")])
    hub.flush(7)
    assert seen.frames[-1]["series"] == {"T1|440303|": [[MINUTES_5, 4.2]]}
    assert screen(hub).frames[0]["series"] == {"T1|440303|": [[MINUTES_5, 4.2]]}


def test_a_series_that_was_given_up_leaves_every_audience_and_is_counted_once(hub):
    hub.install("live", room(hub, value(1, 4.0), value(1, 1.0, "440303001")))
    whole, part = screen(hub), screen(hub, "440303001")
    hub.drop("live", ["T1|440303001|", "X9|440303001|", "O1||"])
    hub.flush(7)
    assert [(sent["op"], sent["gone"], sent["cells"]) for sent in (whole.frames[-1], part.frames[-1])] == [
        ("delta", ["T1|440303001|"], []),
        ("delta", ["T1|440303001|"], []),
    ]
    assert hub.tally.dropped == 1
    assert [cell["r"] for cell in screen(hub).frames[0]["cells"]] == ["440303"]


def test_values_of_an_unknown_indicator_are_counted_and_dropped(hub):
    hub.publish("live", [value(1, 1.0, indicator="X9")])
    assert hub.tally.unplaced == 1


def test_a_heartbeat_is_made_once_for_all_who_look_at_the_same_worlds(hub):
    one, two = screen(hub), screen(hub)
    tell = hub.heartbeat(9)
    tell(one)
    tell(two)
    assert one.wires[-1] is two.wires[-1]
    assert list(one.frames[-1]["worlds"]) == ["live"]


def test_who_left_before_its_turn_is_told_no_heartbeat(hub):
    gone = screen(hub)
    tell = hub.heartbeat(9)
    hub.exit(gone)
    tell(gone)
    assert [sent["op"] for sent in gone.frames] == ["snapshot"]
