"""An order by hand goes to whom it names, once for each key, and is carried out by the duty process."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.packs.handling import handling
from ioc.queries import messages as told
from ioc.queries.audit import newest
from ioc.services import deliveries, dossiers
from ioc.services.dossiers import Received
from ioc.services.orders import Order, send
from ioc.services.refusals import MessageRefused, UnknownDossier
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000


def order(store: Store, **more: Any) -> tuple[str, ...]:
    given: dict[str, Any] = {"title": "转移群众", "body": "30 分钟内", "to": ["unit:u1", "leaders"], "key": "abcdefgh"}
    return send(store, handling(), Order(**(given | more)), by="li", now_ms=T0)


def test_an_order_is_written_once_and_its_first_round_is_begun_by_the_duty_process(store: Store):
    assert (len(order(store)), len(order(store))) == (2, 0)
    assert {(each.recipient, each.kind) for each in told.newest(store)} == {
        ("unit:u1", "order"),
        ("role:leader", "order"),
    }
    assert [entry.action for entry in newest(store)] == ["message.send"]
    reminded = [deliveries.remind(store, lambda *_: ("im",), 5 * MINUTE, 1, T0 + m * MINUTE) for m in (0, 1, 5, 10, 15)]
    assert reminded == [2, 0, 2, 0, 0]
    assert [way.round for way in told.newest(store)[0].ways] == [0, 1]


def test_a_broadcast_asks_nobody_and_goes_out_once(store: Store):
    order(store, asks=False)
    assert [deliveries.remind(store, lambda *_: ("im",), MINUTE, 3, T0 + m * MINUTE) for m in (0, 1, 2)] == [2, 0, 0]
    assert {each.state for each in told.newest(store)} == {"told"}


def test_the_audiences_of_a_dossier_are_meant_by_their_names(store: Store):
    what = Received("incident", "积水", T0, region="440303003")
    found = dossiers.receive(store, handling().cycles["incident"], what, by="li", now_ms=T0)
    dossiers.claim(store, found.id, by="wang", now_ms=T0)
    order(store, to=["owner", "subdistrict"], dossier_id=found.id)
    rows = told.of_dossier(store, found.id)
    assert {each.recipient for each in rows} == {"person:wang", "post:subdistrict:440303003"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"), ({"title": "a\x00"}, "title"), ({"body": "x" * 2001}, "body"), ({"to": []}, "to"),
        ({"to": ["nobody"]}, "to"), ({"to": ["owner"]}, "to"), ({"to": ["unit:*"]}, "to"), ({"key": "short"}, "key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nobody_is_told(sqlite_store: Store, change: dict[str, Any], field: str):
    with pytest.raises(MessageRefused) as refused:
        order(sqlite_store, **change)
    assert refused.value.field == field
    assert told.newest(sqlite_store) == ()


def test_a_dossier_that_there_is_not(sqlite_store: Store):
    with pytest.raises(UnknownDossier):
        order(sqlite_store, dossier_id="none")
