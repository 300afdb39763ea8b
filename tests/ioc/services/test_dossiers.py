"""A dossier goes as its life cycle says, whatever is tried, with clocks, notices and audit; one claim wins of many."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select, text

from ioc.domain.life_cycle import BACK, STAYS, MoveRefused
from ioc.packs.content import load
from ioc.packs.life_cycles import life_cycles
from ioc.queries.audit import newest, verify
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.services.refusals import DossierRefused, DossierTaken, OutdatedDossier, UnknownDossier
from ioc.store import schema
from ioc.store.dossier_tables import DossierSegmentRow, NoticeRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000
CYCLES = life_cycles(load())
INCIDENT, CASE = CYCLES["incident"], CYCLES["case"]
HANDLE = ["incident.handle"]
SAID: dict[str, Any] = {
    "class": "natural", "level": 2, "units": ["u1"], "unit": "u1", "report": "好", "reason": "因", "org": "水务局",
    "minutes": 30, "kind": "part", "passed": True, "score": 90,
}  # fmt: skip


def opened(store: Store, **more: Any) -> dossiers.Dossier:
    what = Received("incident", "东门积水", T0, class_="natural", **more)
    return dossiers.receive(store, INCIDENT, what, by="li", now_ms=T0)


def act(store: Store, found: dossiers.Dossier, move: str, now_ms: int = T0, **said: Any) -> dossiers.Dossier:
    return dossiers.act(
        store, INCIDENT, found.id, move, said, version=found.version, permissions=HANDLE, by="li", now_ms=now_ms
    )


def test_an_incident_goes_from_its_report_to_its_review(store: Store):
    found = opened(store)
    for minute, (move, said) in enumerate(
        [("verify", {"class": "natural", "level": 2}), ("dispatch", {"units": ["u1"]}), ("arrive", {"unit": "u1"}),
         ("control", {"report": "水退"}), ("close", {"report": "完"}), ("review", {"report": "改"})], 1,
    ):  # fmt: skip
        found = act(store, found, move, T0 + minute * MINUTE, **said)
    assert (found.stage, found.version, found.ended_ms) == ("reviewed", 7, T0 + 6 * MINUTE)
    assert [step[:3] for step in dossiers.steps(store, found.id)][:3] == [
        ("receive", "", "reported"), ("verify", "reported", "verified"), ("dispatch", "verified", "dispatched"),
    ]  # fmt: skip
    assert [entry.action for entry in reversed(newest(store, subject=found.id))][:2] == [
        "incident.receive", "incident.verify",
    ]  # fmt: skip


def test_of_two_who_looked_at_the_same_version_the_second_is_told_who_was_faster(store: Store):
    found = opened(store)
    act(store, found, "verify", **{"class": "natural", "level": 2})
    with pytest.raises(OutdatedDossier) as late:
        act(store, found, "void", reason="误报")
    assert (late.value.version, late.value.by) == (2, "li")


def test_a_row_that_the_unit_had_looked_at_is_as_new_after_a_move(store: Store):
    found = opened(store)
    with store.write() as unit:
        row = dossiers.row_of(unit, found.id)
        dossiers.act_in(
            unit, INCIDENT, found.id, "verify", {"class": "natural", "level": 2}, version=1, permissions=HANDLE,
            by="li", now_ms=T0,
        )  # fmt: skip
        assert (row.version, row.stage, row.level, row.class_) == (2, "verified", 2, "natural")
        assert dossiers.row_of(unit, found.id) is row


def test_a_hold_stops_the_clock_of_the_stage_and_an_extension_gives_it_time(store: Store):
    found = act(store, opened(store), "hold", T0 + MINUTE, reason="等核实")
    assert (found.held, [(each.running, each.why) for each in found.clock]) == (True, [(True, ""), (False, "等核实")])
    with pytest.raises(MoveRefused, match="held"):
        act(store, found, "verify", **{"class": "natural", "level": 2})
    found = act(store, found, "resume", T0 + 3 * MINUTE)
    found = act(store, found, "extend", T0 + 3 * MINUTE, minutes=10, reason="路远")
    assert (found.held, len(found.clock), found.owed_ms) == (False, 3, 15 * MINUTE)


def test_going_back_twice_goes_two_stages_back(store: Store):
    found = act(store, opened(store), "verify", **{"class": "natural", "level": 2})
    found = act(store, found, "dispatch", units=["u1"])
    found = act(store, found, "return", reason="错派")
    assert found.stage == "verified"
    found = act(store, found, "return", reason="未核实")
    assert found.stage == "reported"
    with pytest.raises(MoveRefused, match="stage"):
        act(store, found, "return", reason="再退")


def test_one_of_a_hundred_who_claim_at_once_has_it_and_the_others_are_told_who(store: Store):
    found = opened(store)
    outcomes: list[str] = []

    def take(name: str) -> None:
        try:
            dossiers.claim(store, found.id, by=name, now_ms=T0)
            outcomes.append("won")
        except DossierTaken as taken:
            outcomes.append(taken.owner)

    threads = [threading.Thread(target=take, args=(f"p{number}",)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owner = dossiers.find(store, found.id).owner
    assert sorted(set(outcomes)) == sorted({"won", owner})
    assert outcomes.count("won") == 1
    assert [step[0] for step in dossiers.steps(store, found.id)] == ["receive", "claim"]
    assert verify(store) == (2, [])


def test_whoever_has_it_may_claim_it_again_and_nothing_is_written(store: Store):
    found = dossiers.claim(store, opened(store).id, by="li", now_ms=T0)
    assert dossiers.claim(store, found.id, by="li", now_ms=T0 + 1) == found


def test_a_move_that_cannot_be_recorded_is_not_made(store: Store):
    found = opened(store)
    with store.write() as unit:
        unit.execute(text("ALTER TABLE audit RENAME TO elsewhere"))
    with pytest.raises(Exception, match="audit"):
        act(store, found, "void", reason="误报")
    assert dossiers.find(store, found.id) == found


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "party"}, "kind"), ({"kind": "case"}, "kind"),
        ({"title": " "}, "title"), ({"title": "a\x00"}, "title"), ({"level": 5}, "level"),
        ({"received_ms": T0 + 1}, "received_ms"), ({"lon": float("nan")}, "lon"), ({"lat": 91.0}, "lat"),
        ({"facts": {"a": float("inf")}}, "said"), ({"facts": {"a": "x" * 8_000}}, "said"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_report_is_named(sqlite_store: Store, change: dict[str, Any], field: str):
    what = Received(**({"kind": "incident", "title": "积水", "received_ms": T0} | change))
    with pytest.raises(DossierRefused) as refused:
        dossiers.receive(sqlite_store, INCIDENT, what, by="li", now_ms=T0)
    assert refused.value.field == field


@pytest.mark.parametrize("said", [{"minutes": 0}, {"minutes": True}, {"minutes": 1e9}, {"level": 7}, {"level": True}])
def test_what_is_wrong_with_a_move_is_named(sqlite_store: Store, said: dict[str, Any]):
    found = opened(sqlite_store)
    with pytest.raises(DossierRefused) as refused:
        act(sqlite_store, found, "extend", **({"minutes": 5, "reason": "x"} | said))
    assert refused.value.field == next(iter(said))
    assert dossiers.find(sqlite_store, found.id) == found


def test_a_dossier_that_there_is_not(sqlite_store: Store):
    with pytest.raises(UnknownDossier):
        dossiers.find(sqlite_store, "none")
    with pytest.raises(UnknownDossier):
        dossiers.claim(sqlite_store, "none", by="li", now_ms=T0)


class Walk(RuleBasedStateMachine):
    """Every move is tried at every stage of both life cycles; a model says what must come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory(prefix="ioc-")
        self.store = Store(f"sqlite:///{Path(self.home.name)}/ioc.sqlite3")
        schema.upgrade(self.store)
        self.now, self.notices, self.path = T0, 0, [""]

    @initialize(name=st.sampled_from(["incident", "case"]))
    def begin(self, name: str) -> None:
        self.cycle = CYCLES[name]
        self.path.append(self.cycle.first.id)
        self.found = dossiers.receive(
            self.store, self.cycle, Received(name, "走一遍", T0), by="li", now_ms=self.now
        )  # fmt: skip
        self.entries, self.held = 1, False

    @rule(data=st.data(), whole=st.booleans(), minutes=st.integers(0, 600))
    def move(self, data: st.DataObject, whole: bool, minutes: int) -> None:
        self.now += minutes * MINUTE
        move = self.cycle.moves[data.draw(st.sampled_from(sorted(self.cycle.moves)))]
        said = {name: SAID[name] for name in move.needs} if whole else {}
        if whole and move.id in {"raise", "lower"}:
            said["level"] = self.found.level + (1 if move.id == "raise" else -1)
        stage = self.cycle.stages[self.path[-1]]
        allowed = 0 <= said.get("level", 0) <= 4 and (
            (stage.id in move.sources if move.sources else not stage.final)
            and (move.held or not self.held) and (whole or not move.needs)
            and (move.id != "resume" or self.held) and (move.to != BACK or self.path[-2] != "")
        )  # fmt: skip
        try:
            self.found = dossiers.act(
                self.store, self.cycle, self.found.id, move.id, said, version=self.found.version, permissions=HANDLE,
                by="li", now_ms=self.now,
            )  # fmt: skip
        except (MoveRefused, ValueError, DossierRefused):
            assert not allowed, f"{move.id} at {stage.id}"
            return
        assert allowed, f"{move.id} at {stage.id}"
        self.entries += 1
        self.notices += len(move.tells)
        if move.id in {"hold", "resume"}:
            self.held = move.id == "hold"
        if move.to == BACK:
            self.path.pop()
            self.held = False
        elif move.to not in {STAYS, stage.id}:
            self.path.append(move.to)
            self.held = False

    @invariant()
    def all_of_it_holds(self) -> None:
        if not hasattr(self, "found"):
            return
        stage = self.cycle.stages[self.path[-1]]
        found = dossiers.find(self.store, self.found.id)
        assert found == self.found
        assert (found.stage, found.held, found.version) == (stage.id, self.held, self.entries)
        assert (found.ended_ms is not None) == stage.final
        # what becomes of a proposed office has an entry of its own
        decided = [entry for entry in newest(self.store, most=500) if entry.action.startswith("proposal.")]
        assert verify(self.store) == (self.entries + len(decided), [])
        with self.store.read() as unit:
            open_ = unit.scalar(
                select(func.count()).select_from(DossierSegmentRow).where(DossierSegmentRow.end_ms.is_(None))
            )
            assert open_ == (1 if stage.calendar else 0)
            assert unit.scalar(select(func.count()).select_from(NoticeRow)) == self.notices
        if stage.calendar:
            assert found.clock[-1].running != self.held

    def teardown(self) -> None:
        self.store.close()
        self.home.cleanup()


TestWalk = pytest.mark.long(Walk.TestCase)
TestWalk.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
