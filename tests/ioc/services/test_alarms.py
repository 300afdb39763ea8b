"""Alarms in the duty room: acknowledged by one, laid aside for a while, sorted onto cards, read in a flood."""

from __future__ import annotations

import threading

import pytest

from ioc.domain.alarm import Signal, State
from ioc.queries.alarm_desk import AlarmDesk, AlarmLine, desk
from ioc.queries.audit import newest, verify
from ioc.services import alarms
from ioc.services.alarm_cards import end_flood
from ioc.services.alarm_times import _act, _Due
from ioc.services.refusals import AlarmActRefused, UnknownAlarms
from ioc.store.unit import Store
from tests.ioc.services.alarming import MINUTE, RULES, T0, event, taken

FEED_OF_ALL = ("operations", "traffic", "emergency", "governance", "livelihood", "renewal", "safety", "services")


def look(store: Store, now_ms: int = T0) -> AlarmDesk:
    return desk(store, "live", now_ms, RULES)


def lines(store: Store, now_ms: int = T0) -> list[AlarmLine]:
    return [line for card in look(store, now_ms).cards for line in card.alarms]


def only(store: Store, now_ms: int = T0) -> AlarmLine:
    (line,) = lines(store, now_ms)
    return line


def pass_time(store: Store, now_ms: int) -> None:
    with store.write() as unit:
        _act(unit, RULES, "live", 0, now_ms, _Due(cards=True, covers=True, flood=True, slot=True))


def test_an_alarm_stands_on_a_card_of_its_place_and_cause_with_what_may_be_done(store: Store):
    taken(store, [event()])
    (card,) = look(store, T0 + MINUTE).cards
    assert (card.cause_name, card.family, card.place_name) == (
        ("内涝与水位", "flooding and water levels"), "natural", ("桂园街道", "Guiyuan"),
    )  # fmt: skip
    assert (card.level, card.waiting, card.age_ms, card.locked) == (2, 1, MINUTE, False)
    (line,) = card.alarms
    assert (line.state, line.level, line.value, line.limit) == (State.UNACK, 2, 12.5, 10.0)
    assert line.can == (Signal.ACKNOWLEDGE, Signal.SHELVE, Signal.SUPPRESS, Signal.RETIRE)


def test_an_event_that_comes_again_changes_nothing(store: Store):
    assert taken(store, [event(), event()]) == 1
    assert taken(store, [event()]) == 0
    assert taken(store, [event("orange", T0 + MINUTE, 1)]) == 1
    assert taken(store, [event()]) == 0
    assert (only(store).level, only(store).version) == (3, 2)


def test_an_alarm_that_is_acknowledged_and_over_leaves_the_desk(store: Store):
    taken(store, [event()])
    alarms.acknowledge(store, [only(store).id], by="li", now_ms=T0 + MINUTE)
    assert (only(store).state, only(store).acked_by) == (State.ACKED, "li")
    taken(store, [event(None, T0 + 2 * MINUTE, 1)])
    assert look(store).cards == ()


def test_what_is_over_and_was_not_seen_stays_until_it_is(store: Store):
    taken(store, [event(), event(None, T0 + MINUTE, 1)])
    assert only(store).state is State.RTNUN
    alarms.acknowledge(store, [only(store).id], by="li", now_ms=T0 + MINUTE)
    assert look(store).cards == ()


def test_an_acknowledgement_is_taken_back_within_five_minutes_and_no_later(store: Store):
    taken(store, [event()])
    (name,) = alarms.acknowledge(store, [only(store).id], by="li", now_ms=T0).done
    assert Signal.UNDO in only(store, T0 + 5 * MINUTE).can
    assert alarms.take_back(store, RULES, [name], by="wang", now_ms=T0 + 5 * MINUTE).done == (name,)
    assert (only(store).state, only(store).acked_by) == (State.UNACK, "")
    alarms.acknowledge(store, [name], by="li", now_ms=T0)
    late = alarms.take_back(store, RULES, [name], by="wang", now_ms=T0 + 5 * MINUTE + 1)
    assert (late.done, late.refused[name].why) == ((), "late")
    assert Signal.UNDO not in only(store, T0 + 5 * MINUTE + 1).can


@pytest.mark.service
def test_of_a_hundred_who_acknowledge_an_alarm_at_once_one_has_done_it(store: Store):
    taken(store, [event()])
    name = only(store).id
    won: list[str] = []
    lost: list[str] = []

    def try_it(who: str) -> None:
        acted = alarms.acknowledge(store, [name], by=who, now_ms=T0)
        (won if acted.done else lost).append(who if acted.done else acted.refused[name].by)

    people = [threading.Thread(target=try_it, args=(f"p{at}",)) for at in range(100)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(won) == 1
    assert lost == won * 99
    assert [entry.action for entry in newest(store, subject=name)] == ["alarm.acknowledge"]
    assert verify(store)[1] == []


def test_what_changed_since_it_was_looked_at_is_not_acknowledged_unseen(store: Store):
    taken(store, [event()])
    seen = only(store)
    taken(store, [event("red", T0 + MINUTE, 1)])
    acted = alarms.acknowledge(store, [seen.id], by="li", now_ms=T0, looked_at={seen.id: seen.version})
    assert acted.refused[seen.id].why == "outdated"
    assert only(store).state is State.UNACK


def test_an_alarm_that_is_laid_aside_comes_back_by_itself_as_it_is_then(store: Store):
    taken(store, [event()])
    acted = alarms.lay_over(store, RULES, [only(store).id], State.SHLVD, reason="检修", until_ms=T0 + 30 * MINUTE,
                            by="li", now_ms=T0)  # fmt: skip
    (card,) = look(store).cards
    assert (card.alarms[0].state, card.alarms[0].cover, card.hidden) == (
        State.SHLVD, ("检修", "li", T0 + 30 * MINUTE), 1,
    )  # fmt: skip
    pass_time(store, T0 + 30 * MINUTE - 1)
    assert only(store).state is State.SHLVD
    pass_time(store, T0 + 30 * MINUTE)
    assert (only(store).state, only(store).cover) == (State.UNACK, None)
    assert [entry.action for entry in newest(store, subject=acted.cover_id)] == ["alarm.uncover", "alarm.shelve"]


def test_later_alarms_of_a_shelved_point_lie_on_the_shelf_too_and_others_do_not(store: Store):
    taken(store, [event()])
    alarms.lay_over(store, RULES, [only(store).id], State.SHLVD, reason="检修", until_ms=T0 + 30 * MINUTE, by="li",
                    now_ms=T0)  # fmt: skip
    taken(store, [event(None, T0 + MINUTE, 1), event(at=T0 + 5 * MINUTE, begun=T0 + 5 * MINUTE),
                  event(region="440303002")])  # fmt: skip
    found = {(line.region, line.raised_ms): line.state for line in lines(store)}
    assert found == {
        ("440303001", T0): State.SHLVD, ("440303001", T0 + 5 * MINUTE): State.SHLVD, ("440303002", T0): State.UNACK,
    }  # fmt: skip


def test_what_becomes_red_comes_off_its_shelf_and_a_red_one_is_never_laid_aside(store: Store):
    taken(store, [event()])
    name = only(store).id
    alarms.lay_over(store, RULES, [name], State.SHLVD, reason="检修", until_ms=T0 + 30 * MINUTE, by="li", now_ms=T0)
    taken(store, [event("red", T0 + MINUTE, 1)])
    assert (only(store).state, only(store).cover) == (State.UNACK, None)
    acted = alarms.lay_over(store, RULES, [name], State.SHLVD, reason="检修", until_ms=T0 + 30 * MINUTE, by="li",
                            now_ms=T0)  # fmt: skip
    assert (acted.done, acted.refused[name].why, acted.cover_id) == ((), "critical", "")


def test_maintenance_covers_a_subdistrict_with_what_is_to_come_and_is_taken_away_by_hand(store: Store):
    taken(store, [event(), event(region="440303002")])
    acted = alarms.suppress(store, RULES, "live", kind=State.DSUPR, indicator="", region="440303001", reason="停电检修",
                            until_ms=None, by="li", now_ms=T0)  # fmt: skip
    taken(store, [event("red", region="440303001001", indicator="E4")])
    states = {line.region: line.state for line in lines(store)}
    assert states == {"440303001": State.DSUPR, "440303001001": State.DSUPR, "440303002": State.UNACK}
    assert len(acted.done) == 1
    critical = next(line for line in lines(store) if line.level == 4)
    assert not critical.hidden
    alarms.lift(store, RULES, [acted.cover_id], by="li", now_ms=T0 + MINUTE)
    assert {line.state for line in lines(store)} == {State.UNACK}


def test_a_shelf_below_another_cover_counts_again_when_that_is_taken_away(store: Store):
    taken(store, [event()])
    name = only(store).id
    alarms.lay_over(store, RULES, [name], State.SHLVD, reason="甲", until_ms=T0 + 60 * MINUTE, by="li", now_ms=T0)
    over = alarms.lay_over(store, RULES, [name], State.OOSRV, reason="乙", until_ms=None, by="li", now_ms=T0)
    assert only(store).state is State.OOSRV
    alarms.lift(store, RULES, [over.cover_id], by="li", now_ms=T0 + MINUTE)
    line = only(store)
    assert (line.state, line.cover and line.cover[0]) == (State.SHLVD, "甲")


@pytest.mark.parametrize(
    ("kind", "reason", "until", "field"),
    [(State.SHLVD, " ", T0 + MINUTE, "reason"), (State.SHLVD, "x", None, "until"), (State.SHLVD, "x", T0, "until"),
     (State.SHLVD, "x", T0 + 481 * MINUTE, "until"), (State.UNACK, "x", T0 + MINUTE, "kind")],
)  # fmt: skip
def test_what_is_wrong_with_a_cover_is_told_by_its_field(
    sqlite_store: Store, kind: State, reason: str, until: int | None, field: str
):
    taken(sqlite_store, [event()])
    with pytest.raises(AlarmActRefused) as refused:
        alarms.lay_over(sqlite_store, RULES, [only(sqlite_store).id], kind, reason=reason, until_ms=until, by="li",
                        now_ms=T0)  # fmt: skip
    assert refused.value.field == field


def test_an_alarm_that_is_not_there_is_told(sqlite_store: Store):
    assert alarms.acknowledge(sqlite_store, ["a"], by="li", now_ms=T0).refused["a"].why == "unknown"
    with pytest.raises(UnknownAlarms):
        alarms.lift(sqlite_store, RULES, ["a"], by="li", now_ms=T0)


def test_a_feed_that_is_lost_is_a_condition_of_its_own_and_marks_what_lies_beneath(store: Store):
    taken(store, [event(region="440303001001")])
    taken(store, [event(region="440303", condition="no_data", at=T0 + MINUTE, begun=T0 + MINUTE)])
    level, lost = sorted(lines(store), key=lambda line: line.condition)
    assert (level.condition, level.feed_lost, level.state) == ("level", True, State.UNACK)
    assert (lost.condition, lost.feed_lost) == ("no_data", False)
    assert {card.cause for card in look(store).cards} == {"flooding", "feed"}
    alarms.acknowledge(store, [lost.id], by="li", now_ms=T0)
    taken(store, [event(None, T0 + 2 * MINUTE, 1, region="440303", condition="no_data", begun=T0 + MINUTE)])
    assert (only(store).feed_lost, only(store).state) == (False, State.UNACK)


def test_a_card_whose_window_is_over_takes_nothing_more_not_even_what_comes_late(store: Store):
    taken(store, [event()])
    taken(store, [event(indicator="E4", at=T0 + 9 * MINUTE)], T0 + 9 * MINUTE)
    assert [card.count for card in look(store).cards] == [2]
    pass_time(store, T0 + 10 * MINUTE)
    taken(store, [event(indicator="E5", at=T0 + 5 * MINUTE)], T0 + 11 * MINUTE)
    assert [(card.locked, card.count) for card in look(store).cards] == [(False, 1), (True, 2)]


@pytest.mark.service
def test_ten_thousand_alarms_in_a_minute_are_at_most_ten_cards_and_no_critical_one_is_hidden(sqlite_store: Store):
    indicators = sorted(RULES.indicators)
    storm = [
        event(
            ("blue", "yellow", "orange", "red")[at % 4 if at % 50 == 3 else at % 3],
            T0 + at * 6, region=f"4403030{1 + at % 10:02d}", indicator=indicators[at % len(indicators)],
            dims=(("点", str(at)),), condition="stale" if at % 97 == 0 else "level",
        )
        for at in range(10_000)
    ]  # fmt: skip
    for start in range(0, 10_000, 2_000):
        taken(sqlite_store, storm[start : start + 2_000], T0 + (start + 2_000) * 6)
    now = look(sqlite_store, T0 + MINUTE)
    assert len(now.cards) <= 10
    assert sum(card.count for card in now.cards) == 10_000
    critical = sum(one.level_after == "red" for one in storm)
    shown = [line for card in now.cards for line in card.alarms if line.level == 4]
    assert critical > 0
    assert len(shown) == sum(card.critical for card in now.cards) == critical
    assert {(line.state, line.hidden) for line in shown} == {(State.UNACK, False)}
    assert now.flood is not None
    assert (
        now.flood.laid_aside == now.counts[State.SHLVD] == sum(one.level_after in {"blue", "yellow"} for one in storm)
    )
    (entry,) = [one for one in newest(sqlite_store) if one.action == "alarm.flood"]
    assert '"new":2000' in entry.detail


def test_a_flood_takes_up_what_lay_on_narrow_cards_and_gives_all_back_when_it_is_over(store: Store):
    taken(store, [event(dims=(("点", str(at)),)) for at in range(6)])
    narrow = look(store).cards
    taken(
        store, [event("orange" if at % 2 else "blue", dims=(("点", str(at)),), indicator="T1") for at in range(10, 16)]
    )
    now = look(store)
    assert [(card.wide, card.cause) for card in now.cards] == [(True, "traffic"), (True, "emergency")]
    assert narrow[0].id not in {card.id for card in now.cards}
    assert now.counts == {State.SHLVD: 9, State.UNACK: 3}
    with store.write() as unit:
        assert end_flood(unit, RULES, "live", 0, T0 + 9 * MINUTE) == []
    with store.write() as unit:
        assert len(end_flood(unit, RULES, "live", 0, T0 + 11 * MINUTE)) == 9
    now = look(store, T0 + 11 * MINUTE)
    assert (now.counts, now.flood) == ({State.UNACK: 12}, None)
    assert [card.locked for card in now.cards] == [True, True]


def test_the_load_is_told_by_ten_minutes_with_those_in_which_nothing_came(store: Store):
    taken(store, [event(dims=(("点", str(at)),)) for at in range(4)])
    for later in (10, 20, 30):
        pass_time(store, T0 + later * MINUTE)
    told = look(store, T0 + 30 * MINUTE)
    assert (told.load.spans, told.load.most, told.load.median) == (4, 4.0, 0.0)
    assert told.load.shares == (0.75, 0.0, 0.25, 0.0)


def test_bad_actors_chattering_and_stale_points_are_listed(store: Store):
    for at in range(3):
        begun = T0 + at * 5 * MINUTE
        taken(store, [event(at=begun, begun=begun), event(None, begun + MINUTE, 1, begun=begun)], begun)
    taken(store, [event("orange", T0 - 1500 * MINUTE, region="440303002", begun=0)])
    now = look(store, T0 + 20 * MINUTE)
    assert [(point.region, point.count, point.share) for point in now.bad_actors] == [("440303001", 3, 1.0)]
    assert [(point.region, point.count) for point in now.chattering] == [("440303001", 3)]
    assert [(line.region, line.age_ms) for line in now.stale] == [("440303002", 1520 * MINUTE)]


def test_a_world_that_was_begun_anew_has_alarms_of_its_own(sqlite_store: Store):
    taken(sqlite_store, [event(world="drill")], world="drill", life=7)
    assert [card.count for card in desk(sqlite_store, "drill", T0, RULES).cards] == [1]
    assert look(sqlite_store).cards == ()


def test_alarms_of_a_history_are_counted_when_they_began_and_are_no_flood(store: Store):
    told = [event(at=T0 - (at + 1) * 60 * MINUTE, dims=(("点", str(at)),)) for at in range(186)]
    taken(store, told, T0)
    now = look(store)
    assert (now.flood, now.now, sum(card.count for card in now.cards)) == (None, 0.0, 186)
    assert (now.load.spans, now.load.most) == (24, 1.0)  # of the last day, one in each hour, and the ten minutes of now
    taken(store, [event(dims=(("新", str(at)),)) for at in range(11)])
    assert (look(store).now, look(store).flood is not None) == (11.0, True)


def test_what_is_over_stands_behind_what_still_stands_however_grave_it_was(store: Store):
    red = event("red", region="440303002")
    taken(store, [red, event(None, T0 + 1, 1, region="440303002"), event("yellow", region="440303003")])
    taken(store, [event("orange", region="440303004")])
    assert [(card.place, card.standing) for card in look(store).cards] == [
        ("440303004", 1), ("440303003", 1), ("440303002", 0),
    ]  # fmt: skip
