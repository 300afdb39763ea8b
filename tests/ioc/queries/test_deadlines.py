"""The deadline of a dossier follows its level, its holds and its calendar, and every clock of it is explained."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.packs.handling import handling
from ioc.queries import deadlines
from ioc.services import dossiers
from ioc.services.dossiers import Dossier, Received
from ioc.services.refusals import UnknownDossier
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000
INCIDENT = handling().cycles["incident"]


def opened(store: Store, level: int = 0) -> Dossier:
    what = Received("incident", "东门积水", T0, class_="natural", level=level)
    return dossiers.receive(store, INCIDENT, what, by="li", now_ms=T0)


def act(store: Store, found: Dossier, move: str, now_ms: int, **said: Any) -> Dossier:
    return dossiers.act(
        store, INCIDENT, found.id, move, said, version=found.version, permissions=["incident.handle"], by="li",
        now_ms=now_ms,
    )  # fmt: skip


def due(store: Store, found: Dossier, now_ms: int) -> int | None:
    return deadlines.of_dossier(store, handling(), found.id, now_ms)[-1].deadline.due_ms


def test_a_dossier_of_a_high_level_has_less_time(sqlite_store: Store):
    assert due(sqlite_store, opened(sqlite_store), T0) == T0 + 5 * MINUTE
    assert due(sqlite_store, opened(sqlite_store, 3), T0) == T0 + 3 * MINUTE
    assert due(sqlite_store, opened(sqlite_store, 4), T0) == T0 + 2 * MINUTE


def test_raising_and_lowering_the_level_plans_the_clock_anew_and_keeps_what_was_granted(sqlite_store: Store):
    found = act(sqlite_store, opened(sqlite_store), "extend", T0 + MINUTE, minutes=10, reason="路远")
    assert due(sqlite_store, found, T0 + MINUTE) == T0 + 15 * MINUTE
    found = act(sqlite_store, found, "raise", T0 + 2 * MINUTE, level=4, reason="水涨")
    assert due(sqlite_store, found, T0 + 2 * MINUTE) == T0 + 12 * MINUTE
    found = act(sqlite_store, found, "lower", T0 + 3 * MINUTE, level=1, reason="水退")
    assert due(sqlite_store, found, T0 + 3 * MINUTE) == T0 + 15 * MINUTE


def test_a_level_that_is_raised_while_the_clock_is_held_shortens_what_is_left(sqlite_store: Store):
    found = act(sqlite_store, opened(sqlite_store), "hold", T0 + MINUTE, reason="等核实")
    found = act(sqlite_store, found, "raise", T0 + 2 * MINUTE, level=3, reason="水涨")
    found = act(sqlite_store, found, "resume", T0 + 9 * MINUTE)
    assert due(sqlite_store, found, T0 + 9 * MINUTE) == T0 + 11 * MINUTE


def test_a_stage_begins_with_the_time_of_the_level_that_is_said_with_the_move(sqlite_store: Store):
    found = act(sqlite_store, opened(sqlite_store), "verify", T0 + MINUTE, **{"class": "natural", "level": 4})
    clocks = deadlines.of_dossier(sqlite_store, handling(), found.id, T0 + MINUTE)
    assert [(clock.stage, clock.until_ms, clock.deadline.owed_ms) for clock in clocks] == [
        ("reported", T0 + MINUTE, 5 * MINUTE), ("verified", None, 2 * MINUTE),
    ]  # fmt: skip
    assert clocks[0].words[-1].zh.endswith("完成，按时")


def test_the_open_dossiers_of_a_world_have_their_deadlines_at_once(store: Store):
    one, two = opened(store), opened(store, 4)
    void = act(store, opened(store), "void", T0 + MINUTE, reason="误报")
    found = deadlines.running(store, handling(), "live", T0 + 3 * MINUTE)
    assert {name: each.state for name, each in found.items()} == {one.id: "running", two.id: "overdue"}
    assert deadlines.running(store, handling(), "drill", T0) == {}
    assert void.id not in found


def test_a_dossier_that_there_is_not(sqlite_store: Store):
    with pytest.raises(UnknownDossier):
        deadlines.of_dossier(sqlite_store, handling(), "none", T0)
