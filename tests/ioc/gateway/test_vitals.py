import json
from typing import Any

from ioc.gateway.catalog import Catalog
from ioc.gateway.vitals import Vitals
from metrics.clock import WorldClock
from metrics.world import LIVE_WORLD, World
from tests.ioc.gateway.scenery import BUNDLE

CATALOG = Catalog.from_bundle(json.dumps(BUNDLE))
NOW = 1_000_000_000
ENGINE = {"engine": {"at": NOW - 500}}


def state(vitals: Vitals, source: str = "traffic", now: int = NOW) -> str:
    return next(
        feed["state"] for feed in vitals.feeds_of(vitals.worlds["live"], CATALOG, now) if feed["source"] == source
    )


def live(heartbeats: dict, feeds: dict) -> Vitals:
    return Vitals(True, heartbeats, {"live": LIVE_WORLD}, {"live": feeds}, {"live": {"traffic": "simulated"}})


def test_a_process_is_alive_for_four_seconds_after_its_heartbeat():
    vitals = live({"engine": {"at": NOW - 4_000}, "web": {"at": NOW - 4_001}}, {})
    assert vitals.processes(NOW) == {
        "engine": {"age": 4_000, "ok": True},
        "source": {"age": None, "ok": False},
        "web": {"age": 4_001, "ok": False},
        "gateway": {"age": 0, "ok": True},
    }


def test_a_process_that_was_seen_to_end_is_not_alive():
    assert not live({"engine": {"at": NOW, "ended": True}}, {}).processes(NOW)["engine"]["ok"]


def test_a_feed_is_ok_late_lost_or_never_heard_of():
    beat = {"feed:live:traffic": {"at": NOW}}
    assert state(live(ENGINE | beat, {"traffic": {"newest_ms": NOW - 90_000}})) == "ok"
    assert state(live(ENGINE | beat, {"traffic": {"newest_ms": NOW - 90_001}})) == "late"
    assert state(live(ENGINE | beat, {})) == "late"  # it lives, and nothing has come yet
    assert state(live(ENGINE | {"feed:live:traffic": {"at": NOW - 4_001}}, {"traffic": {"newest_ms": NOW}})) == "lost"
    assert state(live({"engine": {"at": NOW - 4_001}} | beat, {"traffic": {"newest_ms": NOW}})) == "lost"
    assert state(live(ENGINE, {})) == "none"


def test_a_feed_that_another_program_writes_has_no_heartbeat_and_is_judged_by_its_data():
    assert state(live(ENGINE, {"traffic": {"newest_ms": NOW - 1_000}})) == "ok"
    assert state(live(ENGINE, {"traffic": {"newest_ms": NOW - 100_000}})) == "late"


def test_a_feed_says_its_counts_its_origin_and_the_sum_of_its_gaps():
    gaps = [{"at": 1, "missing": 6, "why": "trimmed"}, {"at": 2, "missing": 7, "why": "flushed"}]
    facts = {
        "newest_ms": NOW - 5, "watermark_ms": NOW - 10, "arrived_ms": NOW - 1, "rows": 7, "late": 1, "duplicate": 2,
        "unregistered": 3, "rejected": {"range": 4}, "lag": 5, "gaps": gaps,
    }  # fmt: skip
    feed = live(ENGINE, {"traffic": facts}).feeds_of(LIVE_WORLD, CATALOG, NOW)[1]
    assert feed == {
        "world": "live", "source": "traffic", "zh": "道路车速", "en": "road speeds", "origin": "simulated",
        "state": "ok", "newest": NOW - 5, "watermark": NOW - 10, "age": 5, "arrived": NOW - 1, "rows": 7, "late": 1,
        "duplicate": 2, "rejected": {"range": 4}, "unregistered": 3, "lag": 5, "gap": 13,
    }  # fmt: skip


def test_a_replay_is_measured_by_its_own_clock_and_variant():
    replay = World("replay", "replay", WorldClock(0, NOW, 60.0), {"traffic": "recorded"})
    vitals = Vitals(True, ENGINE, {"replay": replay}, {"replay": {"traffic": {"newest_ms": 0}}})
    assert vitals.feeds_of(replay, CATALOG, NOW + 1_000)[0]["age"] == 60_000
    assert vitals.feeds_of(replay, CATALOG, NOW + 1_000)[0]["state"] == "ok"
    stale = Vitals(
        True, {"engine": {"at": NOW + 46_000}}, {"replay": replay}, {"replay": {"traffic": {"newest_ms": 0}}}
    )
    assert stale.feeds_of(replay, CATALOG, NOW + 46_000)[0]["state"] == "late"


def test_a_frame_speaks_of_the_worlds_somebody_looks_at():
    replay = World("replay", "replay", WorldClock(0, NOW, 60.0))
    vitals = Vitals(
        False,
        ENGINE,
        {"live": LIVE_WORLD, "replay": replay},
        {"replay": {"traffic": {"newest_ms": 1}, "cloud": {"newest_ms": None}}},
        {},
    )
    sent = vitals.frame({"replay", "gone"}, CATALOG, NOW)
    assert (sent["op"], sent["valkey"], sent["at"]) == ("heartbeat", False, NOW)
    assert list(sent["worlds"]) == ["replay"]
    assert [(feed["world"], feed["source"]) for feed in sent["feeds"]] == [("replay", "traffic")]


def test_nobody_is_missed_in_a_world_whose_clock_stands():
    world = World("drill", "exercise", WorldClock(NOW, NOW, 60.0))
    beats = ENGINE | {"feed:drill:traffic": {"at": NOW - 60_000}}
    feeds = {"traffic": {"newest_ms": NOW - 1_000}}

    def told(one: World) -> str:
        vitals = Vitals(True, beats, {"drill": one}, {"drill": feeds}, {"drill": {"traffic": "simulated"}})
        return vitals.feeds_of(one, CATALOG, NOW)[0]["state"]

    assert told(world) == "lost"
    assert told(World("drill", "exercise", WorldClock(NOW, NOW, 0.0))) == "ok"


def test_a_world_that_the_engine_is_not_up_to_date_with_says_how_far_it_is() -> None:
    told = {"state": "catching up", "position_ms": NOW - 3_600_000, "goal_ms": NOW, "behind_ms": 3_600_000, "unread": 7}
    beats = {"engine": {"at": NOW, "state": "catching up", "progress": {"live": told, "rain": {"state": "live"}}}}
    vitals = live(beats, {})
    assert vitals.progress("live", NOW) == {
        "state": "catching up", "position": NOW - 3_600_000, "goal": NOW, "behind": 3_600_000, "unread": 7,
    }  # fmt: skip
    assert vitals.progress("rain", NOW) is None
    assert vitals.processes(NOW)["engine"] == {"age": 0, "ok": True, "state": "catching up"}
    assert vitals.progress("live", NOW + 4_001) is None  # what is lost says nothing
    said: Any = vitals.frame(["live"], None, NOW)
    assert said["worlds"]["live"]["progress"]["position"] == NOW - 3_600_000
