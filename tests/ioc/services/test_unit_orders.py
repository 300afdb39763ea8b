"""Units are sent in one transaction: the move, an order to each, what was proposed; once for a key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from ioc.packs.handling import handling
from ioc.queries import messages as told
from ioc.queries.audit import newest
from ioc.queries.unit_pool import tasks
from ioc.services import dossiers, unit_orders
from ioc.services.dossiers import Dossier, Received
from ioc.services.refusals import DossierRefused, OutdatedDossier
from ioc.services.telling import Teller
from ioc.services.unit_orders import Sent
from ioc.store.outbox_table import OutboxRow
from ioc.store.proposal_table import ProposalRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
TABLES = handling()
HANDLE = ["incident.handle"]
KINDS = {"u1": "fire", "u2": "police"}


def opened(store: Store) -> Dossier:
    what = Received("incident", "高层起火", T0, region="440303003", class_="accident", level=1)
    return dossiers.receive(store, TABLES.cycles["incident"], what, by="li", now_ms=T0)


def send(store: Store, of: Dossier, units: list[str], proposed: list[str], key: str = "") -> Dossier:
    what = Sent(units, proposed, {"type": "fire"}, KINDS, {}, key)
    return unit_orders.send(store, TABLES, of.id, what, version=1, permissions=HANDLE, by="li", now_ms=T0 + 1000)


def rows(store: Store, source: str) -> list[dict[str, Any]]:
    with store.read() as unit:
        found = unit.scalars(select(OutboxRow).where(OutboxRow.source == source).order_by(OutboxRow.seq))
        return [json.loads(row.fields) for row in found]


def test_each_unit_has_its_order_once_though_the_notice_of_the_move_tells_them_too(store: Store):
    found = send(store, opened(store), ["u1", "u2"], ["u1", "u2"])
    assert (found.stage, found.version) == ("dispatched", 2)
    orders = told.of_dossier(store, found.id)
    assert {(each.recipient, each.kind, each.asks) for each in orders} == {
        ("unit:u1", "order", True), ("unit:u2", "order", True),
    }  # fmt: skip
    teller = Teller(store, TABLES, lambda: lambda *_: ("im",))
    assert teller.turn(T0 + 2000) == 2
    assert sorted(each.recipient for each in told.of_dossier(store, found.id)) == ["role:duty", "unit:u1", "unit:u2"]
    assert sorted({row["org"] for row in rows(store, "order")}) == ["u1", "u2"]
    assert "proposal.accepted" in [entry.action for entry in newest(store)]


@pytest.mark.parametrize(
    ("proposed", "state"), [(["u1"], "accepted"), (["u1", "u2"], "changed"), (["u2"], "refused"), ([], "refused")]
)
def test_what_was_proposed_is_kept_beside_what_was_sent(sqlite_store: Store, proposed: list[str], state: str):
    found = send(sqlite_store, opened(sqlite_store), ["u1"], proposed)
    with sqlite_store.read() as unit:
        row = unit.scalars(
            select(ProposalRow).where(ProposalRow.dossier_id == found.id, ProposalRow.kind == "units")
        ).one()
    assert (row.state, json.loads(row.proposed), json.loads(row.decided)["units"]) == (
        state, {"units": proposed}, ["u1"],
    )  # fmt: skip


def test_a_form_that_is_sent_twice_sends_once_and_without_a_key_it_is_outdated(store: Store):
    of = opened(store)
    first = send(store, of, ["u1"], ["u1"], key="abcdefgh")
    assert send(store, of, ["u1"], ["u1"], key="abcdefgh") == first
    with pytest.raises(OutdatedDossier):
        send(store, of, ["u1"], ["u1"])
    with pytest.raises(DossierRefused, match="另一卷宗"):
        send(store, opened(store), ["u1"], ["u1"], key="abcdefgh")
    assert len(told.newest(store)) == 1


@pytest.mark.parametrize(
    ("units", "key", "field"), [([], "", "units"), (["a b"], "", "units"), (["u1"] * 1 + [f"u{n}" for n in range(60)],
    "", "units"), (["u1"], "short", "key")]
)  # fmt: skip
def test_what_is_sent_wrongly_changes_nothing(sqlite_store: Store, units: list[str], key: str, field: str):
    of = opened(sqlite_store)
    with pytest.raises(DossierRefused) as refused:
        send(sqlite_store, of, units, [], key)
    assert refused.value.field == field
    assert dossiers.find(sqlite_store, of.id) == of
    assert told.newest(sqlite_store) == ()


def test_each_dispatch_is_a_record_and_says_when_the_unit_came(store: Store):
    found = send(store, opened(store), ["u1", "u2"], ["u1"])
    dossiers.act(store, TABLES.cycles["incident"], found.id, "arrive", {"unit": "u2"}, version=2, permissions=HANDLE,
                 by="li", now_ms=T0 + 301_000)  # fmt: skip
    assert rows(store, "dispatch") == [
        {"dispatch_id": f"{found.id}-u1", "changed_at": str(T0 + 1000), "incident": found.id, "unit_kind": "fire",
         "dispatched_at": str(T0 + 1000), "priority": "false", "community": "440303003"},
        {"dispatch_id": f"{found.id}-u2", "changed_at": str(T0 + 1000), "incident": found.id, "unit_kind": "police",
         "dispatched_at": str(T0 + 1000), "priority": "false", "community": "440303003"},
        {"dispatch_id": f"{found.id}-u2", "changed_at": str(T0 + 301_000), "incident": found.id, "unit_kind": "police",
         "dispatched_at": str(T0 + 1000), "arrived_at": str(T0 + 301_000), "priority": "false",
         "community": "440303003"},
    ]  # fmt: skip


def test_a_unit_is_on_the_incident_that_it_was_sent_to_until_that_is_under_control(store: Store):
    one = send(store, opened(store), ["u1", "u2"], [])
    send(store, opened(store), ["u2"], [])
    with store.read() as unit:
        assert tasks(unit, "live") == {"u1": 1, "u2": 2}
        assert tasks(unit, "live", but=one.id) == {"u2": 1}
        assert tasks(unit, "drill") == {}
    for version, (move, said) in enumerate([("arrive", {"unit": "u1"}), ("control", {"report": "灭"})], 2):
        dossiers.act(store, TABLES.cycles["incident"], one.id, move, said, version=version, permissions=HANDLE,
                     by="li", now_ms=T0 + 2000 + version)  # fmt: skip
    with store.read() as unit:
        assert tasks(unit, "live") == {"u2": 1}
