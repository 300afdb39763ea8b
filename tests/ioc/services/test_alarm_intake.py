"""Alarm events come from the streams of all worlds into the duty room: each once, and what went by unread is told."""

from __future__ import annotations

import pytest
import redis
from sqlalchemy import func, select

from ioc.queries.alarm_desk import desk
from ioc.services.alarm_intake import AlarmIntake
from ioc.services.audit import record
from ioc.services.desk_news import Change
from ioc.store.alarm_tables import AlarmRow, AlarmStepRow
from ioc.store.unit import Store
from metrics import keys
from metrics.alarm_event import AlarmEvent
from metrics.clock import WorldClock
from metrics.world import World
from tests.ioc.services.alarming import MINUTE, RULES, T0, event, taken

pytestmark = pytest.mark.service


def say(client: redis.Redis, *events: AlarmEvent) -> None:
    for one in events:
        client.xadd(keys.engine(one.world, "alarms"), {"v": 1, "e": one.to_json()})


def count(store: Store, table: type[AlarmRow | AlarmStepRow]) -> int:
    with store.read() as unit:
        return unit.scalar(select(func.count()).select_from(table)) or 0


def test_each_event_is_taken_once_by_however_many_processes(sqlite_store: Store, redis_client: redis.Redis):
    one, other = (AlarmIntake(sqlite_store, redis_client, RULES) for _ in range(2))
    say(redis_client, *[event(dims=(("点", str(at)),)) for at in range(5)])
    assert [one.turn(T0), other.turn(T0), one.turn(T0)] == [5, 0, 0]
    say(redis_client, event(None, T0 + MINUTE, 1, dims=(("点", "0"),)))
    assert [other.turn(T0), one.turn(T0)] == [1, 0]
    assert (count(sqlite_store, AlarmRow), count(sqlite_store, AlarmStepRow)) == (5, 6)


def test_a_process_that_is_started_again_goes_on_behind_what_it_stored(sqlite_store: Store, redis_client: redis.Redis):
    say(redis_client, event())
    AlarmIntake(sqlite_store, redis_client, RULES).turn(T0)
    say(redis_client, event("red", T0 + MINUTE, 1))
    assert AlarmIntake(sqlite_store, redis_client, RULES).turn(T0) == 1
    (card,) = desk(sqlite_store, "live", T0, RULES).cards
    assert card.level == 4


def test_worlds_are_taken_apart_by_their_own_clocks_and_playbacks_call_nobody(
    sqlite_store: Store, redis_client: redis.Redis
):
    clock = WorldClock(event_ms=T0 - 1000 * MINUTE, real_ms=T0, speed=60.0)
    for world in (World("drill", "exercise", clock, started_ms=7), World("film", "playback", clock, started_ms=8)):
        redis_client.hset(keys.WORLDS, world.id, world.to_json())
        say(redis_client, event(world=world.id))
    say(redis_client, event())
    assert AlarmIntake(sqlite_store, redis_client, RULES).turn(T0 + MINUTE) == 2
    assert desk(sqlite_store, "drill", T0, RULES).taken_ms == T0 - 940 * MINUTE
    assert [len(desk(sqlite_store, name, T0, RULES).cards) for name in ("live", "drill", "film")] == [1, 1, 0]


def test_a_world_that_is_begun_anew_under_its_name_begins_anew_here(sqlite_store: Store, redis_client: redis.Redis):
    intake = AlarmIntake(sqlite_store, redis_client, RULES)
    for life in (7, 8):
        redis_client.delete(keys.engine("drill", "alarms"))
        redis_client.hset(keys.WORLDS, "drill", World("drill", "exercise", started_ms=life).to_json())
        say(redis_client, event(world="drill"))
        assert intake.turn(T0) == 1
        assert [card.count for card in desk(sqlite_store, "drill", T0, RULES).cards] == [1]
    assert count(sqlite_store, AlarmRow) == 2


def test_an_emptied_stream_is_told_as_missing_and_what_comes_then_is_taken(
    sqlite_store: Store, redis_client: redis.Redis
):
    intake = AlarmIntake(sqlite_store, redis_client, RULES)
    say(redis_client, event())
    intake.turn(T0)
    say(redis_client, event("red", T0 + MINUTE, 1))
    redis_client.xtrim(keys.engine("live", "alarms"), maxlen=0)
    say(redis_client, event(region="440303002"))
    assert intake.turn(T0) == 1
    assert desk(sqlite_store, "live", T0, RULES).missing == 1


def test_open_desks_hear_which_cards_changed_once_it_holds(sqlite_store: Store, redis_client: redis.Redis):
    heard: list[Change] = []
    sqlite_store.held.append(lambda info: heard.extend(info.get("news", ())))
    say(redis_client, event())
    AlarmIntake(sqlite_store, redis_client, RULES).turn(T0)
    (card,) = desk(sqlite_store, "live", T0, RULES).cards
    assert heard == [Change("live", "alarm", card.id, 0, "440303001")]


def test_what_was_over_before_the_duty_room_began_is_acknowledged_by_rule_and_told_so(sqlite_store: Store):
    with sqlite_store.write() as unit:
        record(unit, "link.add", "duty", T0)
    old = [event(at=T0 - 60 * MINUTE), event(None, T0 - 50 * MINUTE, 1)]
    lasting = [event(at=T0 - 60 * MINUTE, region="440303002"), event(None, T0 + MINUTE, 1, region="440303002")]
    taken(sqlite_store, [*old, *lasting], T0 + 2 * MINUTE)
    with sqlite_store.read() as unit:
        states = dict(unit.execute(select(AlarmRow.region, AlarmRow.state)).all())
        by_rule = unit.scalars(select(AlarmStepRow).where(AlarmStepRow.signal == "acknowledge")).all()
    assert states == {"440303001": "NORM", "440303002": "RTNUN"}
    assert [(step.by_name, step.why) for step in by_rule] == [("system", "it was over before this duty room began")]


def test_without_an_audit_and_in_other_worlds_what_is_over_waits_for_a_person(sqlite_store: Store):
    taken(sqlite_store, [event(at=T0), event(None, T0 + MINUTE, 1)], T0 + 2 * MINUTE)
    with sqlite_store.write() as unit:
        record(unit, "link.add", "duty", T0 + 60 * MINUTE)
    drill = [event(at=T0, world="drill"), event(None, T0 + MINUTE, 1, world="drill")]
    taken(sqlite_store, drill, T0 + 2 * MINUTE, "drill")
    with sqlite_store.read() as unit:
        assert set(unit.scalars(select(AlarmRow.state))) == {"RTNUN"}
