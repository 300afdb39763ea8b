"""The player: the keys of a playback's world say what the archive says, step by step, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.playback.order import Order
from ioc.playback.player import UNHEARD_MS, Player
from ioc.queries.standing_alarms import StandingAlarms
from metrics import keys
from metrics.archive_cells import values
from metrics.past import Past
from metrics.value_form import unpack_values
from metrics.world import LIVE_WORLD, World
from tests.ioc.gateway.scenery import BUNDLE
from tests.metrics.past_archive import DAY, HOUR, LIFE, MIDNIGHT, MINUTE, NOON, Archive, value

pytestmark = pytest.mark.service
NOW = NOON + 30 * DAY
TICK = 200


@dataclass
class Stage:
    """A player with a clock of its own over a real Valkey, and what it shows."""

    client: redis.Redis
    root: Path
    now: int = NOW
    player: Player = field(init=False)

    def __post_init__(self) -> None:
        self.restart()
        self.client.set(keys.BUNDLE, json.dumps(BUNDLE))
        self.client.hset(keys.WORLDS, "live", LIVE_WORLD.to_json())
        self.client.hset(keys.origins("live"), "traffic", "recorded")

    def restart(self) -> None:
        self.player = Player(self.client, self.root, lambda: self.now, lambda: self.now / 1000)

    def ask(self, at: int, speed: float = 0, known: str = "then", by: str = "张") -> Order:
        order = Order.of("live", at, speed, known, by=by, now_ms=self.now)
        self.put(order)
        return order

    def change(self, order: Order, **wishes: object) -> Order:
        changed = order.changed(wishes, self.shown(order), by="张", now_ms=self.now)
        self.put(changed)
        return changed

    def put(self, order: Order) -> None:
        self.client.hset(keys.PLAYBACKS, order.id, order.to_json())
        self.player.turn(True)

    def pass_s(self, seconds: float) -> None:
        for _ in range(int(seconds * 1000) // TICK):
            self.now += TICK
            self.player.turn(False)

    def shown(self, order: Order) -> int:
        told: Any = self.client.hget(keys.PLAYBACKS_SHOWN, order.id)
        return int(told)

    def latest(self, order: Order) -> dict[str, tuple[int, float | None]]:
        """Series -> window end as minutes after noon, value."""
        told: Any = self.client.hgetall(keys.engine(order.id, "latest"))
        found = {name.decode(): unpack_values(packed)[0] for name, packed in told.items()}
        return {name: ((one.window_end - NOON) // MINUTE, one.value) for name, one in found.items()}

    def stream(self, order: Order, part: str = "values") -> list[tuple[int, float | None]]:
        """What came since the world was begun anew last: window end in minutes after noon, value."""
        entries: Any = self.client.xrange(keys.engine(order.id, part))
        begins = [at for at, (_, entry) in enumerate(entries) if b"anew" in entry]
        since = entries[begins[-1] :] if begins else entries
        return [
            ((one.window_end - NOON) // MINUTE, one.value) for _, entry in since for one in unpack_values(entry[b"b"])
        ]

    def world(self, order: Order) -> World:
        told: Any = self.client.hget(keys.WORLDS, order.id)
        return World.from_json(told)

    def listen(self, **topics: int) -> None:
        beat = {"at": self.now, "topics": {f"{name}/traffic": count for name, count in topics.items()}}
        self.client.hset(keys.HEARTBEATS, "gateway", json.dumps(beat))


@pytest.fixture
def stage(redis_client: redis.Redis, tmp_path: Path) -> Stage:
    """Six hours over noon of one day; 12:05 was 10 when it was said and was corrected to 30 at 12:40."""
    archive = Archive(tmp_path)
    for minute in range(-180, 181, 5):
        end = NOON + minute * MINUTE
        archive.say(end + 30_000, value(end, 10.0 if minute == 5 else float(minute)), part=False)
        if minute == 40:
            archive.say(end + 31_000, value(NOON + 5 * MINUTE, 30.0, revision=1), part=False)
    archive.say(NOON + 6 * HOUR, value(NOON + 6 * HOUR, 99.0))
    archive.alarm(NOON + 2 * MINUTE, NOON, "one", 0, "red")
    archive.alarm(NOON + 62 * MINUTE, NOON + 60 * MINUTE, "one", 1, None)
    archive.standings()
    return Stage(redis_client, tmp_path)


def test_a_moment_is_what_was_known_then_or_what_is_known_now(stage: Stage) -> None:
    at = NOON + 7 * MINUTE
    then, now = stage.ask(at), stage.ask(at, known="now")
    assert stage.latest(then) == {"T1|440303|": (5, 10.0)}
    assert stage.latest(now) == {"T1|440303|": (5, 30.0)}
    assert stage.shown(then) == at
    world = stage.world(then)
    assert (world.kind, world.label["of"], world.label["known"]) == ("playback", "live", "then")
    assert world.clock.now_ms(stage.now + 60_000) == at  # it stands
    assert stage.client.hgetall(keys.origins(then.id)) == {b"traffic": b"recorded"}


def test_at_600_times_every_window_is_shown_once_in_order(stage: Stage) -> None:
    begin = NOON - 3 * HOUR + MINUTE
    for known in ("then", "now"):
        order = stage.ask(begin, 600, known)
        stage.pass_s(30)
        assert stage.shown(order) == begin + 300 * MINUTE
        told = values(Past(stage.root, LIFE).between(begin, begin + 300 * MINUTE, known)).each()  # type: ignore[arg-type]
        assert stage.stream(order) == [((one.window_end - NOON) // MINUTE, one.value) for one in told]
        assert len(told) > 55


def test_going_back_and_forth_and_over_midnight_begins_anew_each_time(stage: Stage) -> None:
    order = stage.ask(NOON + 2 * HOUR, 60)
    stage.pass_s(10)
    assert stage.latest(order) == {"T1|440303|": (125, 125.0)}
    order = stage.change(order, at=NOON - HOUR)
    assert stage.latest(order) == {"T1|440303|": (-65, -65.0)}
    assert stage.stream(order) == []
    order = stage.change(order, at=NOON + HOUR, speed=0)
    assert stage.latest(order) == {"T1|440303|": (55, 55.0)}
    stage.pass_s(2)
    assert stage.latest(order) == {"T1|440303|": (55, 55.0)}
    late = stage.change(order, at=MIDNIGHT + DAY + HOUR)
    assert stage.latest(late) == {"T1|440303|": (360, 99.0)}  # the archive ends at 18:00 of the day before
    assert stage.shown(late) == NOON + 6 * HOUR


def test_lines_come_behind_the_moment_and_go_on_with_it(stage: Stage) -> None:
    order = stage.ask(NOON + 11 * MINUTE, 60)
    stage.pass_s(0.2)
    ends = [end for end, _ in stage.stream(order, "completed")]
    assert ends[0] == -180
    assert ends[-2:] == [5, 10]
    stage.pass_s(10)
    assert [end for end, _ in stage.stream(order, "completed")][-4:] == [5, 10, 15, 20]


def test_another_speed_goes_on_from_where_it_stands(stage: Stage) -> None:
    order = stage.ask(NOON, 60)
    stage.pass_s(10)
    order = stage.change(order, speed=600)
    assert stage.shown(order) == NOON + 10 * MINUTE
    stage.pass_s(1)
    order = stage.change(order, speed=0)
    stage.pass_s(5)
    assert stage.shown(order) == NOON + 20 * MINUTE
    assert stage.world(order).clock.speed == 0


def test_alarms_that_stood_then_stand_again_and_are_told_while_it_plays(stage: Stage) -> None:
    order, alarms = stage.ask(NOON + MINUTE), StandingAlarms(stage.client)

    def stands() -> Mapping[str, object]:
        return alarms.of(order.id, stage.world(order).started_ms)

    assert stands() == {}
    stage.now += 1
    order = stage.change(order, at=NOON + 50 * MINUTE, speed=60)
    assert [one.level for one in stands().values()] == ["red"]  # type: ignore[attr-defined]
    stage.pass_s(20)
    assert stands() == {}
    stage.now += 1
    order = stage.change(order, at=NOON + 30 * MINUTE, speed=0)
    assert len(stands()) == 1


def test_after_a_restart_it_goes_on_where_it_stood_and_nothing_is_left_out(stage: Stage) -> None:
    order = stage.ask(NOON, 60)
    stage.pass_s(10)
    stage.restart()
    stage.now += 60_000  # nobody played meanwhile
    stage.player.turn(True)
    assert stage.shown(order) == NOON + 10 * MINUTE
    assert stage.latest(order) == {"T1|440303|": (5, 10.0)}
    stage.pass_s(20)
    assert stage.stream(order) == [(10, 10.0), (15, 15.0), (20, 20.0), (25, 25.0)]


def test_two_playbacks_are_apart_and_the_live_world_is_not_touched(stage: Stage) -> None:
    stage.client.hset(keys.engine("live", "latest"), "T1|440303|", b"untouched")
    stage.client.xadd(keys.engine("live", "values"), {"v": "1"})
    before = {key: stage.client.dump(key) for key in stage.client.keys("ioc:live:*")}
    one, two = stage.ask(NOON, 600), stage.ask(NOON - HOUR, 1, "now")
    stage.pass_s(5)
    assert (stage.shown(one), stage.shown(two)) == (NOON + 50 * MINUTE, NOON - HOUR + 5_000)
    assert {key: stage.client.dump(key) for key in stage.client.keys("ioc:live:*")} == before
    stage.client.hdel(keys.PLAYBACKS, one.id)
    stage.player.turn(True)
    assert stage.client.keys(keys.everything(one.id)) == []
    assert not stage.client.hexists(keys.WORLDS, one.id)
    assert stage.latest(two)


def test_at_the_end_of_the_archive_it_follows_the_live_edge_and_says_so(stage: Stage) -> None:
    order = stage.ask(NOON + 5 * HOUR + 50 * MINUTE, 600)
    stage.pass_s(3)
    assert stage.shown(order) == NOON + 6 * HOUR
    world = stage.world(order)
    assert (world.label["edge"], world.clock.speed) == ("live", 1.0)
    order = stage.change(order, at=NOON)
    assert "edge" not in stage.world(order).label


def test_a_playback_ends_when_nobody_listened_for_two_minutes_but_not_while_no_gateway_tells(stage: Stage) -> None:
    order = stage.ask(NOON)
    stage.now += 3 * UNHEARD_MS
    stage.player.turn(True)
    assert stage.client.hexists(keys.PLAYBACKS, order.id)
    stage.listen(**{order.id: 1})
    stage.player.turn(True)
    for _ in range(UNHEARD_MS // 1000):
        stage.now += 1000
        stage.listen(live=3)
        stage.player.turn(True)
    assert not stage.client.hexists(keys.PLAYBACKS, order.id)
    assert stage.client.keys(keys.everything(order.id)) == []


def test_an_archive_that_cannot_be_read_ends_that_playback_alone(stage: Stage) -> None:
    good = stage.ask(NOON)
    for path in (stage.root / "live" / "0" / "values").rglob("*.parquet"):
        path.write_bytes(b"no parquet")
    for path in (stage.root / "live" / "0" / "standing").glob("*.parquet"):
        path.write_bytes(b"no parquet")
    bad = stage.ask(NOON + MINUTE)
    assert not stage.client.hexists(keys.PLAYBACKS, bad.id)
    assert stage.latest(good) == {"T1|440303|": (-5, -5.0)}
