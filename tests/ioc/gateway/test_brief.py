"""The topic of the overview: the same values as the topics of the scenes, and of those only what the overview shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ioc.gateway.catalog import Catalog
from ioc.gateway.hub import Hub, Room
from ioc.gateway.tally import Tally
from ioc.gateway.vitals import Vitals
from ioc.live.diff import Delta as Change
from ioc.live.diff import Snapshot, apply
from ioc.live.frame import encode
from ioc.live.topic import Topic
from ioc.packs.bundle import build
from metrics.value import Value
from metrics.world import LIVE_WORLD
from tests.ioc.gateway.scenery import BUNDLE, value
from tests.ioc.gateway.test_hub import Screen

BRIEF = {"whole": ["T1", "O1"], "parts": ["T1"], "groups": ["T2r"], "lines": ["T1"]}
BRIEFED = {**BUNDLE, "overview": BRIEF}
ROAD = (("road", "LH001"),)


def hub_of(bundle: dict[str, Any]) -> Hub:
    return Hub(encode, Tally(), Vitals(True, worlds={"live": LIVE_WORLD}), Catalog.from_bundle(json.dumps(bundle)))


def seen_by(hub: Hub, *topics: str, regions: frozenset[str] = frozenset({"440303"})) -> Screen:
    made = Screen(hub, regions)
    hub.enter(made)
    for topic in topics:
        hub.join(made, Topic.parse(topic))
    return made


def held(frames: list[dict[str, Any]], topic: str) -> Snapshot:
    """What a client holds of a topic after all frames."""
    state = None
    for each in frames:
        if each.get("topic") != topic:
            continue
        cells, series = {cell["s"]: cell for cell in each["cells"]}, each.get("series", {})
        if each["op"] == "snapshot":
            state = Snapshot(each["seq"], cells, series)
        else:
            state = apply(state, Change(each["seq"], cells, series, tuple(each.get("gone", ()))))
    assert state is not None
    return state


@pytest.fixture
def hub() -> Hub:
    made = hub_of(BRIEFED)
    room = Room(made.catalog, made.tally)
    room.publish([value(1, 4.0), value(1, 7.0, "", "O1"), value(1, 30.0, "440303", "T2r", dims=ROAD)])
    made.install("live", room)
    return made


def test_what_it_holds_equals_what_the_scenes_say(hub: Hub) -> None:
    seen = seen_by(hub, "live/overview", "live/traffic", "live/operations")
    for end in range(2, 9):
        own = [value(end, float(end)), value(end, float(end), "440303001"), value(end, 1.0, "", "O1")]
        hub.publish("live", [*own, value(end, 20.0 + end, "440303", "T2r", dims=ROAD)])
        hub.complete("live", [value(end - 1, end - 0.5, quality="complete", level="red")])
        hub.flush(end)
    brief, scenes = held(seen.frames, "live/overview"), {}
    for topic in ("live/traffic", "live/operations"):
        scenes |= held(seen.frames, topic).cells
    assert len(brief.cells) == 4
    assert brief.cells == {name: scenes[name] for name in brief.cells}
    assert brief.series == {"T1|440303|": held(seen.frames, "live/traffic").series["T1|440303|"]}


def test_what_the_overview_does_not_show_is_not_in_it(hub: Hub) -> None:
    narrow = hub_of({**BUNDLE, "overview": {**BRIEF, "whole": ["T1"], "parts": [], "groups": []}})
    room = Room(narrow.catalog, narrow.tally)
    room.publish([value(1, 4.0), value(1, 7.0, "", "O1"), value(1, 3.0, "440303001"),
                  value(1, 30.0, "440303", "T2r", dims=ROAD)])  # fmt: skip
    narrow.install("live", room)
    assert list(held(seen_by(narrow, "live/overview").frames, "live/overview").cells) == ["T1|440303|"]


def test_a_history_that_is_not_drawn_is_not_sent(hub: Hub) -> None:
    seen = seen_by(hub, "live/overview", "live/operations")
    hub.publish("live", [value(2, 8.0, "", "O1")])
    hub.complete("live", [value(1, 7.5, "", "O1", quality="complete")])
    hub.flush(7)
    assert held(seen.frames, "live/operations").series == {"O1||": [[300_000, 7.5]]}
    assert held(seen.frames, "live/overview").series == {}


def test_series_that_were_given_up_leave_it(hub: Hub) -> None:
    seen = seen_by(hub, "live/overview")
    hub.drop("live", ["T2r|440303|road=LH001"])
    hub.flush(7)
    assert set(held(seen.frames, "live/overview").cells) == {"T1|440303|", "O1||"}
    assert hub.tally.dropped == 1


def test_who_may_see_a_part_only_gets_nothing_of_the_rest(hub: Hub) -> None:
    part = seen_by(hub, "live/overview", regions=frozenset({"440303001"}))
    hub.publish("live", [value(2, 5.0), value(2, 3.0, "440303001"), value(2, 2.0, "440303002")])
    hub.flush(7)
    assert [cell["r"] for cell in part.frames[-1]["cells"]] == ["440303001"]


def test_where_the_packs_compose_no_overview_its_topic_is_empty() -> None:
    bare = hub_of(BUNDLE)
    room = Room(bare.catalog, bare.tally)
    room.publish([value(1, 4.0)])
    bare.install("live", room)
    assert held(seen_by(bare, "live/overview").frames, "live/overview").cells == {}


def test_of_the_shipped_definitions_it_is_a_tenth_of_the_scenes_or_less() -> None:
    bundle = build()
    hub = hub_of({key: bundle[key] for key in ("v", "hash", "sources", "indicators", "regions", "scenes", "overview")})
    parts = [row["code"] for row in bundle["regions"] if row["level"] == "subdistrict"]
    scenes = {each["id"] for each in bundle["scenes"] if not each.get("platform")}
    told = [one for table in bundle["indicators"] if table["scene"] in scenes for one in _values(table, parts)]
    room = Room(hub.catalog, hub.tally)
    room.publish(told)
    for end in range(90, 100):
        room.complete(
            [one for one in _ended(told, end) if not one.region.startswith("440303") or one.region == "440303"]
        )
    hub.install("live", room)
    brief = sum(map(len, seen_by(hub, "live/overview").wires))
    whole = sum(map(len, seen_by(hub, *(f"live/{scene}" for scene in scenes)).wires))
    assert brief < whole / 10


def _values(table: dict[str, Any], parts: list[str]) -> list[Value]:
    regions = ["440303", *(parts if "subdistrict" in table.get("levels", ()) else [])]
    names = table.get("dimensions", [])
    groups = [tuple((name, f"{at}") for name in names) for at in range(20)] if names else []
    return [value(100, 1.0, region, table["id"]) for region in regions] + [
        value(100, 1.0, "440303", table["id"], dims=group) for group in groups
    ]


def _ended(told: list[Value], end: int) -> list[Value]:
    return [value(end, float(end), one.region, one.indicator, dims=one.dims, quality="complete") for one in told]
