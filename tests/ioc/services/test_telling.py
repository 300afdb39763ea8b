"""What a move tells becomes a message to each of its audiences, once; an order is a record with its receipt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from ioc.packs.handling import handling
from ioc.queries import messages as told
from ioc.services import dossiers, messages
from ioc.services.dossiers import Dossier, Received
from ioc.services.telling import Teller
from ioc.store.outbox_table import OutboxRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000
TABLES = handling()
INCIDENT = TABLES.cycles["incident"]


def ways(_recipient: str, kinds: Sequence[str], _world: str) -> Sequence[str]:
    return tuple(kinds)


def dispatched(store: Store) -> Dossier:
    what = Received("incident", "东门积水", T0, class_="natural", level=2, region="440303003")
    found = dossiers.receive(store, INCIDENT, what, by="li", now_ms=T0)
    found = dossiers.claim(store, found.id, by="li", now_ms=T0)
    said: dict[str, Any] = {"units": ["u1", "u2"]}
    return dossiers.act(
        store, INCIDENT, found.id, "dispatch", said, version=found.version, permissions=["incident.handle"], by="li",
        now_ms=T0 + MINUTE,
    )  # fmt: skip


def test_a_dispatch_orders_its_units_and_tells_who_handles_it_once(store: Store):
    found = dispatched(store)
    assert [Teller(store, TABLES, lambda: ways).turn(T0 + MINUTE) for _ in range(2)] == [2, 0]
    rows = sorted(told.of_dossier(store, found.id), key=lambda each: each.recipient)
    assert [(each.recipient, each.kind, each.asks) for each in rows] == [
        ("person:li", "notice", False), ("unit:u1", "order", True), ("unit:u2", "order", True),
    ]  # fmt: skip
    assert rows[1].title == "派遣：东门积水"
    assert rows[1].body.splitlines()[0] == "阶段：派遣；级别：Ⅲ；接报：2026-09-21 22:13；经办：li"
    assert [way.channel for way in rows[1].ways] == ["im", "sms", "call"]


def test_a_notice_that_two_processes_saw_is_sent_by_one(store: Store):
    found = dispatched(store)
    first, second = (Teller(store, TABLES, lambda: ways) for _ in range(2))
    first.turn(T0 + MINUTE)
    second.turn(T0 + MINUTE)
    assert len(told.of_dossier(store, found.id)) == 3


def test_an_order_is_on_the_stream_of_orders_when_it_is_given_and_when_its_receipt_comes(store: Store):
    found = dispatched(store)
    Teller(store, TABLES, lambda: ways).turn(T0 + MINUTE)
    order = next(each for each in told.of_dossier(store, found.id) if each.recipient == "unit:u1")
    messages.answer(store, order.id, by="wang", now_ms=T0 + 3 * MINUTE)
    with store.read() as unit:
        rows = unit.scalars(
            select(OutboxRow).where(OutboxRow.source == "order", OutboxRow.entity == order.id).order_by(OutboxRow.seq)
        ).all()
    assert [json.loads(row.fields) for row in rows] == [
        {"order_id": order.id, "changed_at": str(T0 + MINUTE), "sent_at": str(T0 + MINUTE), "org": "u1"},
        {"order_id": order.id, "changed_at": str(T0 + 3 * MINUTE), "sent_at": str(T0 + MINUTE), "org": "u1",
         "receipt_at": str(T0 + 3 * MINUTE)},
    ]  # fmt: skip
