"""Exercises: scripts as they are shipped, and the worlds that they run in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import redis

from ioc.packs.bundle import build
from ioc.sources import exercise
from ioc.sources.city.conditions import Conditions
from ioc.sources.city.script import Script, ScriptError
from ioc.sources.exercise import ExerciseError, Order
from metrics import keys
from metrics.world import LIVE_WORLD, World
from tests.ioc.sources.city.whole import HOUR, MINUTE, SEED, town

SCRIPTS = exercise.shelf(Path("/nowhere"))
RAIN = SCRIPTS["rain-2023-09-07"]


def order(script: Script = RAIN, **changes: object) -> Order:
    return replace(Order(script, script.head.id, 60.0, 7, 3_000.0), **changes)


def test_six_scripts_are_shipped_and_name_only_what_there_is() -> None:
    assert list(SCRIPTS) == [
        "chemical-smell", "crowd-dongmen", "data-centre", "gas-leak", "rain-2023-09-07", "typhoon",
    ]  # fmt: skip
    bundle = build()
    assert [line for one in SCRIPTS.values() for line in exercise.faults(one, bundle)] == []
    assert all(one.note and one.inject and one.expect and one.head.note for one in SCRIPTS.values())


def test_everything_in_them_is_from_a_named_source_or_marked_as_assumed() -> None:
    unmarked = [
        (name, one) for name, script in SCRIPTS.items() for one in (*script.force, *script.note, *script.inject)
        if not (one.source or one.assumed)
    ]  # fmt: skip
    assert unmarked == []


def test_the_night_of_rain_has_the_sums_that_were_told() -> None:
    conditions = Conditions(town().codes, town().centres, SEED, RAIN)
    minutes = RAIN.begin_ms + np.arange(13 * 60, dtype=np.int64) * MINUTE  # 17:00 to 06:00
    rate = np.stack([conditions.rain(minutes, np.full(len(minutes), at, np.int32)) for at in range(10)])
    sums = dict(zip(town().codes, rate.sum(axis=1) / 60, strict=True))
    assert abs(np.mean(list(sums.values())) - 380.8) < 4
    assert abs(sums["440303007"] - 469.0) < 4
    assert max(sums, key=lambda code: sums[code]) == "440303007"
    hours = np.convolve(rate[town().codes.index("440303007")], np.ones(60) / 60, "valid")
    assert abs(hours.max() - 116.8) < 4


def test_what_nobody_knows_is_named() -> None:
    wrong = [
        "rain.places: '440304' is not known", "inject.into: 'incidents' is not known",
        "expect.indicator: 'E99' is not known",
    ]  # fmt: skip
    force = RAIN.force[4].model_copy(update={"places": ["440304"]})
    inject = RAIN.inject[0].model_copy(update={"into": "incidents"})
    expect = RAIN.expect[0].model_copy(update={"indicator": "E99"})
    changed = RAIN.model_copy(update={"force": [force], "inject": [inject], "expect": [expect]})
    assert list(exercise.faults(changed, build())) == wrong


def test_a_districts_own_scripts_lie_beside_its_data(tmp_path: Path) -> None:
    folder = tmp_path / "exercises"
    folder.mkdir()
    own = (
        '[script]\nid = "fire"\nzh = "火灾"\nen = "a fire"\nbegin = 2026-01-10T09:00:00+08:00\nhours = 2\n'
        '[[note]]\nat = "0:10"\nzh = "起火"\nen = "it burns"\n'
    )
    (folder / "fire.toml").write_text(own, encoding="utf-8")
    assert exercise.shelf(tmp_path)["fire"].head.zh == "火灾"
    (folder / "other.toml").write_text(own, encoding="utf-8")
    with pytest.raises(ScriptError, match=r"other\.toml: script\.id: 'fire' is not the file's name"):
        exercise.shelf(tmp_path)


def test_the_screens_say_the_line_of_the_timeline_that_holds() -> None:
    assert exercise.said(RAIN, RAIN.begin_ms - 1) == (RAIN.head.zh, RAIN.head.en)
    zh, en = exercise.said(RAIN, RAIN.begin_ms + 8 * HOUR)
    assert zh == "2023年9月7日暴雨之夜：00:15 深圳水库开始泄洪，流量 70 至 80 立方米/秒"
    assert en == "the night of rain of 7 September 2023: 00:15 Shenzhen Reservoir lets go 70 to 80 m3/s"


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"speed": 0.0}, "--speed 0"), ({"speed": 1e6}, "--speed"), ({"world": "a*"}, "small letters"),
     ({"world": "live"}, "never touches the world live")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ExerciseError, match=why):
        exercise.check(order(**changes))


@pytest.mark.service
def test_a_world_begins_with_its_script_runs_stands_and_is_gone(redis_client: redis.Redis) -> None:
    redis_client.hset(keys.WORLDS, "live", LIVE_WORLD.to_json())
    opened = exercise.open_world(redis_client, order(), 1_000_000)
    assert (opened.kind, opened.clock.speed) == ("exercise", 1.0)
    assert exercise.time_in(opened, 1_000_000) == RAIN.begin_ms - 2 * HOUR
    exercise.begin(redis_client, opened, 1_000_000)
    opened = exercise.named(redis_client, "")
    assert exercise.OPENING not in opened.label
    assert exercise.time_in(opened, 1_060_000) == RAIN.begin_ms + HOUR
    assert exercise.time_in(opened, 9_000_000) == RAIN.end_ms
    exercise.begin(redis_client, opened, 2_000_000)
    assert exercise.named(redis_client, "") == opened
    with pytest.raises(ExerciseError, match="there is a world rain-2023-09-07 already"):
        exercise.open_world(redis_client, order(), 1_000_001)
    assert [one.id for one in exercise.exercises(redis_client)] == ["rain-2023-09-07"]
    exercise.ask_to_stop(redis_client, opened)
    assert exercise.ASKED in exercise.named(redis_client, "").label
    exercise.stand(redis_client, opened, 1_060_000)
    stood = exercise.named(redis_client, "")
    assert exercise.stands(stood)
    assert exercise.ASKED not in stood.label
    assert exercise.time_in(stood, 5_000_000) == RAIN.begin_ms + HOUR
    redis_client.set(keys.engine(opened.id, "owner"), 1)
    redis_client.hset(keys.HEARTBEATS, mapping={f"feed:{opened.id}:rain": "{}", "feed:live:rain": "{}"})
    exercise.forget(redis_client, opened)
    assert set(redis_client.keys("ioc:*")) == {keys.WORLDS.encode(), keys.HEARTBEATS.encode()}
    assert redis_client.hkeys(keys.HEARTBEATS) == [b"feed:live:rain"]
    assert redis_client.hkeys(keys.WORLDS) == [b"live"]


@pytest.mark.service
def test_the_timeline_changes_nothing_but_the_words_and_never_brings_a_world_back(redis_client: redis.Redis) -> None:
    opened = exercise.open_world(redis_client, order(), 1_000_000)
    exercise.begin(redis_client, opened, 1_000_000)
    opened = exercise.named(redis_client, "")
    exercise.ask_to_stop(redis_client, opened)
    exercise.say(redis_client, opened, RAIN, 1_000_000 + 8 * 60_000)
    label = exercise.named(redis_client, "").label
    assert label["zh"].endswith("00:15 深圳水库开始泄洪，流量 70 至 80 立方米/秒")
    assert label[exercise.ASKED] == "asked"
    exercise.forget(redis_client, opened)
    exercise.say(redis_client, opened, RAIN, 1_000_000 + 11 * 60_000)
    assert exercise.exercises(redis_client) == []


@pytest.mark.service
def test_a_replay_is_no_exercise(redis_client: redis.Redis) -> None:
    redis_client.hset(keys.WORLDS, "replay", World("replay", "replay").to_json())
    with pytest.raises(ExerciseError, match="name one of: none"):
        exercise.named(redis_client, "")
