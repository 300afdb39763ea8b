"""An office is proposed at intake and on the way to dispatch; what people make of it is kept, once, with its audit."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from ioc.domain.triage import Model, Triage
from ioc.packs.grading import shipped_grading
from ioc.packs.handling import handling
from ioc.queries.audit import newest, verify
from ioc.queries.proposals import office
from ioc.services import dossiers, intake, routing
from ioc.services.dossiers import Dossier
from ioc.services.intake import Report
from ioc.services.refusals import DossierRefused, UnknownDossier
from ioc.store import schema
from ioc.store.proposal_table import ProposalRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
CASE = handling().cycles["case"]
HANDLE = ["incident.handle"]


def opened(store: Store, title: str = "下水道堵塞，路面积水", triage: Triage | None = None, **more: Any) -> Dossier:
    given: dict[str, Any] = {"kind": "case", "region": "440303003001", "facts": {"kind": "event"}} | more
    report = Report("hotline", "", title, T0, **given)
    return intake.open_report(
        store, handling().cycles[given["kind"]], shipped_grading(), report, by="li", now_ms=T0, triage=triage
    ).dossier


def act(store: Store, of: Dossier, move: str, **said: Any) -> Dossier:
    return dossiers.act(store, handling().cycles[of.kind], of.id, move, said, version=of.version, permissions=HANDLE,
                        by="li", now_ms=T0 + of.version * 1000)  # fmt: skip


def proposals(store: Store, dossier_id: str) -> list[tuple[str, str, str]]:
    with store.read() as unit:
        asked = select(ProposalRow).where(ProposalRow.dossier_id == dossier_id).order_by(ProposalRow.made_ms)
        return [(json.loads(row.proposed)["zh"], row.made_by, row.state) for row in unit.scalars(asked)]


def test_a_proposal_that_is_dispatched_as_it_is_was_accepted_and_one_that_is_not_was_changed(store: Store):
    kept, other = opened(store), opened(store)
    assert proposals(store, kept.id) == [("区水务局", "rules", "open")]
    for of, org in ((kept, "water"), (other, "区城管局")):
        done = act(store, act(store, of, "file", kind="event"), "dispatch", org=org)
        assert done.org == ("区水务局" if org == "water" else "区城管局")
    assert proposals(store, kept.id) == [("区水务局", "rules", "accepted")]
    assert proposals(store, other.id) == [("区水务局", "rules", "changed")]
    assert [entry.action for entry in newest(store) if entry.action.startswith("proposal")] == [
        "proposal.changed", "proposal.accepted",
    ]  # fmt: skip
    assert verify(store)[1] == []


def test_a_person_refuses_a_proposal_with_the_reason_once(store: Store):
    found = opened(store)
    routing.refuse(store, found.id, "权属在街道", by="li", now_ms=T0 + 1)
    assert proposals(store, found.id) == [("区水务局", "rules", "refused")]
    with pytest.raises(DossierRefused, match="没有待定的建议"):
        routing.refuse(store, found.id, "权属在街道", by="li", now_ms=T0 + 2)
    with pytest.raises(DossierRefused):
        routing.refuse(store, found.id, " ", by="li", now_ms=T0 + 2)
    with pytest.raises(UnknownDossier):
        routing.refuse(store, "none", "x", by="li", now_ms=T0 + 2)


def test_what_is_learnt_later_asks_the_rules_again_and_an_end_drops_the_proposal(store: Store):
    found = opened(store, "有人反映", kind="case", facts={})
    assert proposals(store, found.id) == [("东门街道办", "rules", "open")]
    found = act(store, found, "file", kind="part")
    assert proposals(store, found.id) == [("东门街道办", "rules", "dropped"), ("区城管局", "rules", "open")]
    act(store, found, "void", reason="重复")
    assert [state for _, _, state in proposals(store, found.id)] == ["dropped", "dropped"]


def test_a_model_says_the_office_where_it_is_sure_and_rules_do_where_it_is_not(store: Store):
    weights = np.array([[8.0], [-8.0]])
    sure = Triage(Model(("劳动和社会保障", "城乡建设"), ("社保",), np.ones(1), weights, np.zeros(2), 1.0, 0.9, {}))
    unsure = Triage(
        Model(("劳动和社会保障", "城乡建设"), ("社保",), np.ones(1), weights / 80, np.zeros(2), 1.0, 0.9, {})
    )
    first, second = (opened(store, "补缴社保", facts={"text": "社保"}, triage=each) for each in (sure, unsure))
    assert proposals(store, first.id) == [("区人社局", "model", "open")]
    assert proposals(store, second.id) == [("东门街道办", "rules", "open")]
    with store.read() as unit:
        one, two = office(unit, first.id), office(unit, second.id)
    assert one is not None
    assert two is not None
    assert (one.confidence is not None and one.confidence > 0.99, one.why[-1][0]) == (
        True, "模型判为劳动和社会保障，把握 100%，依据社保",
    )  # fmt: skip
    assert two.confidence is None
    assert two.why[-1][0].startswith("模型没有把握")
    # rules that know less do not take it back on the way
    act(store, first, "file", kind="event")
    assert proposals(store, first.id) == [("区人社局", "model", "open")]


def test_an_office_is_known_by_its_id_and_its_names_and_any_other_is_written_as_it_is_said():
    said = ["water", "区水务局", "Water Bureau", "subdistrict:440303003", "subdistrict", "燃气集团", "subdistrict:999"]
    assert [routing.org_name(each) for each in said] == [
        "区水务局", "区水务局", "区水务局", "东门街道办", "subdistrict", "燃气集团", "subdistrict:999",
    ]  # fmt: skip


class Walk(RuleBasedStateMachine):
    """Every way through the life cycle of a case: at most one proposal is open, none is decided twice, and one is open
    exactly while no office has the case and it has not ended, or one was refused."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store("sqlite://")
        schema.upgrade(self.store)
        self.found = opened(self.store)
        self.refused = False
        self.decided: dict[str, str] = {}

    @rule(kind=st.sampled_from(["part", "event", "site"]))
    @precondition(lambda self: self.found.stage == "reported")
    def file(self, kind: str) -> None:
        self._go("file", kind=kind)

    @rule(org=st.sampled_from(["water", "区城管局", "燃气集团"]))
    @precondition(lambda self: self.found.stage in {"filed", "dispatched"} and not self.found.held)
    def dispatch(self, org: str) -> None:
        self._go("dispatch", org=org)

    @rule()
    @precondition(lambda self: self.found.stage in {"filed", "dispatched"} and not self.found.held)
    def send_back(self) -> None:
        self._go("return", reason="不符")

    @rule()
    @precondition(lambda self: self.found.stage in {"reported", "filed", "dispatched"})
    def void(self) -> None:
        self._go("void", reason="重复")

    @rule()
    @precondition(lambda self: self.found.stage == "void")
    def reopen(self) -> None:
        self._go("reopen", reason="又有")

    @rule()
    def refuse(self) -> None:
        try:
            routing.refuse(self.store, self.found.id, "不是", by="li", now_ms=T0 + self.found.version * 1000)
            self.refused = True
        except DossierRefused:
            assert not [state for _, _, state in proposals(self.store, self.found.id) if state == "open"]

    @invariant()
    def at_most_one_is_open_and_what_is_decided_stays(self) -> None:
        with self.store.read() as unit:
            rows = unit.scalars(select(ProposalRow).where(ProposalRow.dossier_id == self.found.id)).all()
            states = {row.id: row.state for row in rows}
            decided = [row for row in rows if row.state in {"accepted", "changed", "refused"}]
        told = [entry for entry in newest(self.store, most=500) if entry.action.startswith("proposal.")]
        assert list(states.values()).count("open") <= 1
        assert all(states[name] == state for name, state in self.decided.items() if state != "open")
        assert len(told) == len(decided)
        if not self.found.org and self.found.ended_ms is None and not self.refused:
            assert list(states.values()).count("open") == 1
        self.decided = states

    def _go(self, move: str, **said: Any) -> None:
        self.found = act(self.store, self.found, move, **said)


Walk.TestCase.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
test_every_way_of_a_case_keeps_its_proposals = pytest.mark.service(Walk.TestCase)
