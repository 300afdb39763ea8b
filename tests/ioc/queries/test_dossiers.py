"""The list of dossiers: in the order of what matters, narrowed, in pages, and of one's own regions only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ioc.packs.handling import handling
from ioc.queries.dossier_page import dossier_view
from ioc.queries.dossiers import Wish, dossiers
from ioc.services import dossiers as service
from ioc.services.dossiers import Received
from ioc.services.refusals import UnknownDossier
from ioc.store import schema
from ioc.store.unit import Store

pytestmark = pytest.mark.service

T0 = 1_790_000_000_000
MINUTE = 60_000
FLOW = handling()
HANDLE = ["incident.handle"]


@pytest.fixture
def desk(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/ioc.db")
    schema.upgrade(store)
    return store


def opened(store: Store, title: str, at_ms: int = T0, kind: str = "incident", **more: Any) -> service.Dossier:
    return service.receive(store, FLOW.cycles[kind], Received(kind, title, at_ms, **more), by="li", now_ms=at_ms)


def act(store: Store, found: service.Dossier, move: str, now_ms: int, **said: Any) -> service.Dossier:
    cycle = FLOW.cycles[found.kind]
    return service.act(
        store, cycle, found.id, move, said, version=found.version, permissions=HANDLE, by="li", now_ms=now_ms
    )


def titles(store: Store, now_ms: int = T0 + MINUTE, **wish: Any) -> list[str]:
    return [line.title for line in dossiers(store, FLOW, Wish("live", **wish), now_ms).lines]


def test_the_worst_come_first_and_of_one_level_what_is_due_first(desk: Store):
    opened(desk, "later", T0 + 30_000, level=3)
    opened(desk, "ordinary", T0 - 4 * MINUTE, level=1)
    opened(desk, "sooner", T0, level=3)
    assert titles(desk) == ["sooner", "later", "ordinary"]
    assert titles(desk, sort="due") == ["ordinary", "sooner", "later"]


def test_what_is_on_hold_is_due_at_no_time_and_what_is_late_says_so(desk: Store):
    held = act(desk, opened(desk, "held"), "hold", T0 + MINUTE, reason="等回电")
    opened(desk, "late", T0 + 1)
    lines = dossiers(desk, FLOW, Wish("live", sort="due"), T0 + 6 * MINUTE).lines
    assert [(line.title, line.due_ms, line.clock) for line in lines] == [
        ("late", T0 + 1 + 5 * MINUTE, "overdue"), ("held", None, "held"),
    ]  # fmt: skip
    act(desk, held, "resume", T0 + 10 * MINUTE)
    [resumed] = dossiers(desk, FLOW, Wish("live", ids=[held.id]), T0 + 10 * MINUTE).lines
    assert (resumed.due_ms, resumed.clock) == (T0 + 14 * MINUTE, "running")


def test_an_office_and_what_is_overdue_narrow_too(desk: Store):
    opened(desk, "late")
    moved = act(desk, opened(desk, "late of the bureau"), "transfer", T0, org="区水务局", reason="积水")
    act(desk, moved, "extend", T0, minutes=60, reason="等待")
    opened(desk, "in time", T0 + 10 * MINUTE)
    later = T0 + 11 * MINUTE
    assert titles(desk, later, org="区水务局") == ["late of the bureau"]
    assert titles(desk, later, overdue=True) == ["late"]
    assert titles(desk, later, overdue=True, org="区水务局") == []


def test_filters_narrow_and_what_ended_is_apart(desk: Store):
    opened(desk, "东门 50% 积水", region="440303003001", level=2)
    opened(desk, "a case", kind="case", region="440303001")
    void = opened(desk, "false alarm")
    act(desk, void, "void", T0 + MINUTE, reason="误报")
    mine = opened(desk, "mine")
    service.claim(desk, mine.id, by="wang", now_ms=T0 + MINUTE)
    assert titles(desk, kind="case") == ["a case"]
    assert titles(desk, region="440303003") == ["东门 50% 积水"]
    assert titles(desk, text="50%") == ["东门 50% 积水"]
    assert titles(desk, text="%积") == []
    assert titles(desk, owner="wang") == ["mine"]
    assert titles(desk, text=mine.id[:8]) == ["mine"]
    assert titles(desk, level=2) == ["东门 50% 积水"]
    assert titles(desk, state="ended") == ["false alarm"]
    assert dossiers(desk, FLOW, Wish("live"), T0).stages == {"incident": {"reported": 2}, "case": {"reported": 1}}


def test_pages_follow_each_other_without_gap(desk: Store):
    for number in range(7):
        opened(desk, f"no {number}", T0 + number)
    assert titles(desk, limit=3, start=3) == ["no 3", "no 4", "no 5"]
    assert dossiers(desk, FLOW, Wish("live", limit=3), T0).total == 7


def test_who_is_there_for_a_region_sees_nothing_of_others(desk: Store):
    here = opened(desk, "here", region="440303003001")
    there = opened(desk, "there", region="440303001")
    whole = opened(desk, "whole")
    mine = frozenset({"440303003"})
    assert titles(desk, within=mine) == ["here"]
    assert titles(desk, ids=[here.id, there.id, whole.id], within=mine) == ["here"]
    assert dossiers(desk, FLOW, Wish("live", within=mine), T0).levels == {0: 1}
    with pytest.raises(UnknownDossier):
        dossier_view(desk, FLOW, there.id, permissions=HANDLE, within=mine, now_ms=T0)


def test_another_world_is_another_list(desk: Store):
    opened(desk, "drill", world="drill-1")
    assert titles(desk) == []
    assert [line.title for line in dossiers(desk, FLOW, Wish("drill-1"), T0).lines] == ["drill"]


def test_a_dossier_offers_exactly_what_its_life_cycle_lets_this_person_do(desk: Store):
    found = opened(desk, "东门积水", facts={"caller": "张三", "phone": "13812348000"})
    view = dossier_view(desk, FLOW, found.id, permissions=HANDLE, now_ms=T0 + MINUTE)
    assert [(move.id, to) for move, to in view.moves] == [
        ("verify", "verified"), ("dispatch", "dispatched"), ("void", "void"), ("raise", "reported"),
        ("lower", "reported"), ("transfer", "reported"), ("hold", "reported"), ("extend", "reported"),
    ]  # fmt: skip
    assert view.facts == {"caller": "张**", "phone": "138****8000"}
    assert view.may_claim
    assert view.clock is not None
    assert (view.clock.due_ms, view.clock.used_ms) == (T0 + 5 * MINUTE, MINUTE)
    assert [(rung.id, rung.since_ms, rung.now) for rung in view.ladder][:2] == [
        ("reported", T0, True), ("verified", None, False),
    ]  # fmt: skip
    reading = dossier_view(desk, FLOW, found.id, permissions=["duty.view"], now_ms=T0)
    assert (reading.moves, reading.may_claim) == ((), False)


def test_going_back_names_the_stage_it_goes_to_and_only_what_is_held_can_be_resumed(desk: Store):
    found = act(desk, opened(desk, "x"), "verify", T0 + 1, level=2, **{"class": "natural"})
    offered = {move.id: to for move, to in view_of(desk, found).moves}
    assert offered["return"] == "reported"
    assert "resume" not in offered
    held = act(desk, found, "hold", T0 + 2, reason="等")
    assert [move.id for move, _ in view_of(desk, held).moves] == [
        "void",
        "raise",
        "lower",
        "transfer",
        "resume",
        "extend",
    ]


def view_of(store: Store, found: service.Dossier) -> Any:
    return dossier_view(store, FLOW, found.id, permissions=HANDLE, now_ms=T0 + 3)
