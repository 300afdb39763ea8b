"""Rungs are told once each when their time comes, over restarts, by however many processes, until somebody answers."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from ioc.packs.handling import handling
from ioc.queries import ladder
from ioc.queries.audit import newest, verify
from ioc.services import dossier_merge, dossiers, messages
from ioc.services.dossiers import Dossier, Received
from ioc.services.escalations import Escalator
from ioc.services.refusals import MessageStopped, UnknownMessage
from ioc.store import schema
from ioc.store.message_tables import DeliveryRow, EscalationStepRow, MessageRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000
TABLES = handling()
INCIDENT = TABLES.cycles["incident"]


def ways(_recipient: str, _kinds: Sequence[str], _world: str) -> Sequence[str]:
    return ("phone", "mail")


def keeper(store: Store) -> Escalator:
    return Escalator(store, TABLES, lambda: ways)


def opened(store: Store, level: int = 0) -> Dossier:
    what = Received("incident", "东门积水", T0, class_="natural", level=level, region="440303003")
    return dossiers.receive(store, INCIDENT, what, by="zhao", now_ms=T0)


def act(store: Store, found: Dossier, move: str, now_ms: int, **said: Any) -> Dossier:
    return dossiers.act(
        store, INCIDENT, found.id, move, said, version=found.version, permissions=["incident.handle"], by="li",
        now_ms=now_ms,
    )  # fmt: skip


def told(store: Store) -> list[tuple[str, int, bool]]:
    with store.read() as unit:
        rows = unit.scalars(select(EscalationStepRow).order_by(EscalationStepRow.at_ms, EscalationStepRow.due_ms))
        return [(row.rung, row.at_ms, row.late) for row in rows]


def written(store: Store) -> list[MessageRow]:
    with store.read() as unit:
        return list(
            unit.scalars(select(MessageRow).order_by(MessageRow.made_ms, MessageRow.cause, MessageRow.recipient))
        )


def test_each_rung_is_told_at_its_age_with_its_messages_and_its_entry_in_the_audit(store: Store):
    found, look = opened(store), keeper(store)
    assert [look.turn(T0 + minute * MINUTE) for minute in range(8)] == [0, 0, 1, 0, 1, 0, 1, 0]
    assert told(store) == [
        ("duty", T0 + 2 * MINUTE, False), ("leaders", T0 + 4 * MINUTE, False), ("district", T0 + 6 * MINUTE, False),
    ]  # fmt: skip
    assert [row.recipient for row in written(store)] == [
        "role:duty", "post:subdistrict:440303003", "role:leader", "post:district:440303", "role:leader",
    ]  # fmt: skip
    assert [entry.action for entry in newest(store, subject=found.id)][:3] == ["escalation.fire"] * 3
    assert verify(store)[1] == []


def test_an_hour_without_the_process_tells_what_was_missed_once_and_marks_it_late(store: Store):
    opened(store)
    keeper(store).turn(T0 + MINUTE)
    back = T0 + 61 * MINUTE
    assert keeper(store).turn(back) == 3
    assert keeper(store).turn(back + MINUTE) == 0
    assert told(store) == [("duty", back, True), ("leaders", back, True), ("district", back, True)]
    assert all("迟发" in row.body for row in written(store))


def test_a_turn_tells_so_many_and_goes_on_at_the_next_so_that_other_chores_are_not_held_up(sqlite_store: Store):
    for _ in range(12):
        opened(sqlite_store)
    look = keeper(sqlite_store)
    assert [look.turn(T0 + 10 * MINUTE) for _ in range(3)] == [21, 15, 0]


def test_two_processes_at_once_tell_each_rung_once(store: Store):
    for _ in range(5):
        opened(store)
    start = threading.Barrier(2)
    done: list[int] = []

    def run() -> None:
        look = keeper(store)
        start.wait()
        done.append(look.turn(T0 + 5 * MINUTE))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 10
    assert len(told(store)) == 10
    assert len(written(store)) == 5 * 3


def test_an_answer_cancels_what_follows_and_what_is_on_its_way_in_one_transaction(store: Store):
    opened(store)
    look = keeper(store)
    look.turn(T0 + 4 * MINUTE)
    first = written(store)[0]
    messages.answer(store, first.id, by="li", now_ms=T0 + 4 * MINUTE + 1)
    with store.read() as unit:
        assert set(unit.scalars(select(DeliveryRow.state))) == {"dropped"}
    assert [row.stopped_why for row in written(store) if row.id != first.id] == ["answered"] * 2
    assert look.turn(T0 + 60 * MINUTE) == 0
    assert keeper(store).turn(T0 + 60 * MINUTE) == 0
    assert newest(store, subject=first.id)[0].action == "message.answer"


def test_an_answer_that_cannot_be_recorded_cancels_nothing(store: Store):
    opened(store)
    keeper(store).turn(T0 + 2 * MINUTE)
    with store.write() as unit:
        unit.connection().exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(Exception, match="audit"):
        messages.answer(store, written(store)[0].id, by="li", now_ms=T0 + 3 * MINUTE)
    with store.write() as unit:
        unit.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO audit")
    assert written(store)[0].answered_ms is None
    assert keeper(store).turn(T0 + 4 * MINUTE) == 1


def test_who_takes_the_dossier_answers_its_ladder(store: Store):
    found, look = opened(store), keeper(store)
    look.turn(T0 + 2 * MINUTE)
    dossiers.claim(store, found.id, by="li", now_ms=T0 + 3 * MINUTE)
    assert [row.stopped_why for row in written(store)] == ["claimed"]
    assert look.turn(T0 + 60 * MINUTE) == 0
    with pytest.raises(MessageStopped):
        messages.answer(store, written(store)[0].id, by="li", now_ms=T0 + 61 * MINUTE)


def test_a_stage_that_is_left_needs_no_answers_any_more_and_the_next_has_its_own_ladder(store: Store):
    found, look = opened(store), keeper(store)
    look.turn(T0 + 2 * MINUTE)
    act(store, found, "verify", T0 + 3 * MINUTE, **{"class": "natural", "level": 1})
    assert [row.stopped_why for row in written(store)] == ["left"]
    assert look.turn(T0 + 7 * MINUTE) == 1
    assert told(store)[-1] == ("owner", T0 + 7 * MINUTE, False)


def test_a_hold_stops_the_ladder(store: Store):
    found, look = opened(store), keeper(store)
    found = act(store, found, "hold", T0 + MINUTE, reason="等核实")
    assert look.turn(T0 + 60 * MINUTE) == 0
    act(store, found, "resume", T0 + 60 * MINUTE)
    assert look.turn(T0 + 60 * MINUTE + 1) == 0
    assert look.turn(T0 + 61 * MINUTE) == 1


def test_a_raised_level_brings_rungs_nearer_and_an_answer_at_a_lower_level_does_not_hold_for_it(store: Store):
    found, look = opened(store), keeper(store)
    look.turn(T0 + 2 * MINUTE)
    messages.answer(store, written(store)[0].id, by="li", now_ms=T0 + 2 * MINUTE)
    assert look.turn(T0 + 3 * MINUTE) == 0
    act(store, found, "raise", T0 + 3 * MINUTE, level=4, reason="水涨")
    assert look.turn(T0 + 3 * MINUTE) == 2  # 80 % and 120 % of two minutes


def test_what_was_merged_into_another_is_told_of_no_more_and_goes_on_once_it_is_parted(store: Store):
    kept, merged = opened(store), opened(store)
    look = keeper(store)
    dossiers.claim(store, kept.id, by="li", now_ms=T0)
    _, merged = dossier_merge.merge(store, kept.id, 2, merged.id, 1, by="li", now_ms=T0 + MINUTE)
    assert look.turn(T0 + 60 * MINUTE) == 0
    dossier_merge.split(store, merged.id, merged.version, by="li", now_ms=T0 + 60 * MINUTE)
    assert [look.turn(T0 + minute * MINUTE) for minute in (60, 61)] == [0, 1]


def test_the_ladder_says_what_comes_when_and_why(sqlite_store: Store):
    found, look = opened(sqlite_store), keeper(sqlite_store)
    look.turn(T0 + 2 * MINUTE)
    coming = ladder.coming(sqlite_store, TABLES, found.id, T0 + 2 * MINUTE)
    assert [(each.rung, each.due_ms, each.silent) for each in coming] == [
        ("leaders", T0 + 4 * MINUTE, False), ("district", T0 + 6 * MINUTE, False),
    ]  # fmt: skip
    assert [words.zh for words in coming[0].tells] == ["值班领导", "街道"]
    assert coming[0].why.zh == "无人受理：无人应答则于 2026-09-21 22:17（计满 4 分）"
    assert [(each.rung, each.late) for each in ladder.told(sqlite_store, TABLES, found.id)] == [("duty", False)]
    dossiers.claim(sqlite_store, found.id, by="li", now_ms=T0 + 3 * MINUTE)
    assert all(each.silent for each in ladder.coming(sqlite_store, TABLES, found.id, T0 + 3 * MINUTE))


def test_a_link_answers_once_and_not_for_ever(store: Store):
    opened(store)
    keeper(store).turn(T0 + 2 * MINUTE)
    with store.write() as unit:
        token = messages.link(unit, written(store)[0].id, T0)
    with pytest.raises(UnknownMessage):
        messages.answer_by_link(store, token + "x", T0 + 3 * MINUTE)
    row = messages.answer_by_link(store, token, T0 + 3 * MINUTE)
    assert (row.answered_by, row.answered_how, row.answered_ms) == ("role:duty", "link", T0 + 3 * MINUTE)
    assert messages.answer_by_link(store, token, T0 + 9 * MINUTE).answered_ms == T0 + 3 * MINUTE
    with pytest.raises(UnknownMessage):
        messages.of_link(store, token, T0 + messages.LINK_MS)


class Climb(RuleBasedStateMachine):
    """Any order of ticks, answers, holds, raised levels, claims, moves and restarts; a model says what must be told."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory(prefix="ioc-")
        self.store = Store(f"sqlite:///{Path(self.home.name)}/ioc.sqlite3")
        schema.upgrade(self.store)
        self.now, self.visit, self.running, self.told = T0, 1, 0, set[tuple[int, str, str]]()
        self.answered: dict[tuple[int, str], int] = {}
        self.found = opened(self.store)
        self.look = keeper(self.store)

    def ended(self) -> bool:
        return self.found.ended_ms is not None

    def expect(self) -> None:
        """What a turn of the keeper tells now."""
        stage = INCIDENT.stages[self.found.stage]
        if not stage.calendar or self.ended():
            return
        for each in TABLES.ladders.values():
            if not each.concerns("incident", stage.id, self.found.level):
                continue
            if each.silent(self.found.owner, self.answered.get((self.visit, each.id)), self.found.level):
                continue
            for rung in each.rungs:
                if rung.age_ms(stage.owed_ms(self.found.level)) <= self.running:
                    self.told.add((self.visit, each.id, rung.id))

    @rule(minutes=st.integers(0, 20), look=st.booleans())
    def tick(self, minutes: int, look: bool) -> None:
        self.now += minutes * MINUTE
        if not self.found.held:
            self.running += minutes * MINUTE
        if look:
            self.expect()
            self.look.turn(self.now)

    @rule()
    def restart(self) -> None:
        self.look = keeper(self.store)

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        open_ = [row for row in written(self.store) if row.answered_ms is None and row.stopped_ms is None]
        if not open_:
            return
        row = data.draw(st.sampled_from(open_))
        messages.answer(self.store, row.id, by="li", now_ms=self.now)
        key = (row.visit, row.ladder)
        self.answered[key] = max(self.answered.get(key, 0), self.found.level)

    @rule()
    def claim(self) -> None:
        if not self.ended() and not self.found.owner:
            self.found = dossiers.claim(self.store, self.found.id, by="li", now_ms=self.now)

    @rule(level=st.integers(0, 4))
    def change_level(self, level: int) -> None:
        if not self.ended() and level != self.found.level:
            move = "raise" if level > self.found.level else "lower"
            self.found = act(self.store, self.found, move, self.now, level=level, reason="因")

    @rule()
    def hold_or_resume(self) -> None:
        if not self.ended():
            move = "resume" if self.found.held else "hold"
            self.found = act(self.store, self.found, move, self.now, reason="因")

    @rule()
    def go_on(self) -> None:
        following = {
            "reported": ("verify", {"class": "natural", "level": 1}), "verified": ("dispatch", {"units": ["u1"]}),
            "dispatched": ("arrive", {"unit": "u1"}), "responding": ("return", {"reason": "因"}),
        }.get(self.found.stage)  # fmt: skip
        if following is not None and not self.found.held:
            self.found = act(self.store, self.found, following[0], self.now, **following[1])
            self.visit, self.running = self.visit + 1, 0

    @invariant()
    def each_rung_once(self) -> None:
        with self.store.read() as unit:
            rows = unit.scalars(select(EscalationStepRow)).all()
        assert {(row.visit, row.ladder, row.rung) for row in rows} == self.told
        assert all(row.late == (row.at_ms - row.due_ms > MINUTE) for row in rows)
        causes = {(row.cause, row.recipient) for row in written(self.store)}
        assert len(causes) == len(written(self.store))
        assert {cause for cause, _ in causes} == {
            f"rung:{self.found.id}:{visit}:{name}:{each}" for visit, name, each in self.told
        }

    def teardown(self) -> None:
        assert verify(self.store)[1] == []
        self.store.close()
        self.home.cleanup()


TestClimb = pytest.mark.long(Climb.TestCase)
TestClimb.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
