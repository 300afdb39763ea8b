"""A response level is started, raised, lowered and ended by whoever may, with its record, step and audit together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from ioc.packs.handling import handling
from ioc.queries import messages as told
from ioc.queries.audit import newest, verify
from ioc.queries.responses import responses
from ioc.services.refusals import ResponseRefused
from ioc.services.response_telling import ResponseTeller
from ioc.services.responses import order
from ioc.store.outbox_table import OutboxRow
from ioc.store.response_tables import ResponseRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
PLANS = handling().plans
DESK, COMMAND = {"response.order"}, {"response.order", "response.command"}


def bring(store: Store, level: int, version: int, permissions: set[str] = COMMAND, **more: Any) -> ResponseRow:
    given: dict[str, Any] = {"why": "雨情", "by": "li", "now_ms": T0 + version, **more}
    return order(store, PLANS["flood"], level, version=version, permissions=permissions, **given)


def test_a_response_goes_through_its_levels_and_each_change_is_on_its_record(store: Store):
    for version, level in enumerate([1, 3, 2, 0]):
        bring(store, level, version)
    with store.read() as unit:
        rows = unit.scalars(select(OutboxRow).order_by(OutboxRow.seq)).all()
    assert [(row.source, row.entity, json.loads(row.fields)["level"]) for row in rows] == [
        ("response", "flood", "1"), ("response", "flood", "3"), ("response", "flood", "2"), ("response", "flood", "0"),
    ]  # fmt: skip
    assert [entry.action for entry in reversed(newest(store, subject="flood"))] == [
        "response.start", "response.raise", "response.lower", "response.end",
    ]  # fmt: skip
    assert verify(store)[1] == []
    flood = next(each for each in responses(store, PLANS, DESK, "live") if each.plan == "flood")
    assert (flood.level, flood.version, flood.may) == (0, 4, (("start", 1), ("start", 2)))
    assert [step.zh for step in flood.steps] == ["启动Ⅳ级响应", "提升Ⅱ级响应", "降低Ⅲ级响应", "终止Ⅲ级响应"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"level": 3, "permissions": DESK}, "permission"), ({"level": 0}, "level"), ({"level": 5}, "level"),
        ({"level": 1, "version": 1}, "version"), ({"level": 1, "why": " "}, "why"),
        ({"level": 1, "why": "a\x00"}, "why"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_changed(sqlite_store: Store, change: dict[str, Any], field: str):
    with pytest.raises(ResponseRefused) as refused:
        bring(sqlite_store, **({"version": 0} | change))
    assert refused.value.field == field
    assert responses(sqlite_store, PLANS, DESK, "live")[0].level == 0


def test_the_desk_cannot_take_back_what_the_command_declared(sqlite_store: Store):
    bring(sqlite_store, 4, 0)
    with pytest.raises(ResponseRefused) as refused:
        bring(sqlite_store, 1, 1, DESK)
    assert refused.value.field == "permission"


def test_who_is_named_is_told_of_a_change_once(store: Store):
    bring(store, 2, 0)
    keepers = [ResponseTeller(store, handling(), lambda: lambda *_: ("im",)) for _ in range(2)]
    assert [keeper.turn(T0 + 1) for keeper in keepers] == [1, 0]
    found = told.newest(store)
    assert {each.recipient for each in found} == {"role:duty", "role:leader", "post:district:440303"}
    assert {(each.title, each.asks) for each in found} == {("防汛启动Ⅲ级响应", True)}
    assert found[0].body == "2026-09-21 22:13，li：雨情\nflood: start response level Ⅲ"
