"""Stock is the sum of its movements and never below nothing; edits are undone; CSV faults are told by line."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import select

from ioc.queries.audit import verify
from ioc.queries.means_page import means_page, movements
from ioc.services import means
from ioc.services.means import Means, Moved
from ioc.services.refusals import BadEntry, MeansRefused, NothingToUndo, OutdatedEntry
from ioc.store.means_tables import MeansRow
from ioc.store.outbox_table import OutboxRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
BAGS = Means("", "supply", "沙袋", "sandbags", "沙袋", "个", "440303003", "东门仓", None, None, 500, 200)
HALL = Means("", "shelter", "东门体育馆", "", "", "人", "440303003", "", 114.12, 22.55, 100, 0)


def put(store: Store, item: Means, amount: int = 0) -> str:
    (made,) = means.put(store, [item], by="li", now_ms=T0, amounts={0: amount} if amount else None)
    return made


def move(store: Store, item: str, movement: str, amount: int, key: str) -> int:
    return means.move(store, Moved(item, movement, amount, key), by="li", now_ms=T0 + 1)


@pytest.mark.service
def test_of_fifty_who_issue_at_once_none_takes_what_is_not_there(store: Store):
    bags, done, refused = put(store, BAGS, 30), [], []

    def issue(number: int) -> None:
        try:
            done.append(move(store, bags, "issue", 1, f"issue-{number:04d}"))
        except MeansRefused as error:
            refused.append(error.zh)

    takers = [threading.Thread(target=issue, args=(number,)) for number in range(50)]
    for one in takers:
        one.start()
    for one in takers:
        one.join()
    assert (sorted(done), refused) == (list(range(30)), ["只有 0。"] * 20)
    assert means_page(store, T0)["items"][0]["amount"] == 0
    assert len(movements(store, bags)) == 31
    assert verify(store)[1] == []


def test_a_form_that_is_sent_twice_moves_once_and_low_stock_is_told(sqlite_store: Store):
    bags = put(sqlite_store, BAGS, 210)
    assert not means_page(sqlite_store, T0)["items"][0]["low"]
    assert [move(sqlite_store, bags, "issue", 20, "issue-0001") for _ in range(2)] == [190, 190]
    assert means_page(sqlite_store, T0)["items"][0]["low"]
    assert move(sqlite_store, bags, "return", 15, "return-001") == 205
    assert move(sqlite_store, bags, "correct", 180, "count-0001") == 180
    assert [(each["movement"], each["delta"]) for each in movements(sqlite_store, bags)] == [
        ("correct", -25), ("return", 15), ("issue", -20), ("correct", 210),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("movement", "amount", "field"),
    [("issue", 31, "amount"), ("issue", 0, "amount"), ("admit", 1, "amount"), ("correct", -1, "amount")],
)
def test_what_cannot_be_moved_changes_nothing(sqlite_store: Store, movement: str, amount: int, field: str):
    bags = put(sqlite_store, BAGS, 30)
    with pytest.raises(MeansRefused) as refused:
        move(sqlite_store, bags, movement, amount, "issue-0001")
    assert refused.value.field == field
    assert len(movements(sqlite_store, bags)) == 1


def test_a_shelter_takes_no_more_than_there_is_room_and_is_never_made_smaller_than_it_is_full(sqlite_store: Store):
    hall = put(sqlite_store, HALL)
    assert move(sqlite_store, hall, "admit", 90, "admit-0001") == 90
    with pytest.raises(MeansRefused, match="只能容纳 100"):
        move(sqlite_store, hall, "admit", 11, "admit-0002")
    with pytest.raises(BadEntry, match="现有 90 人"):
        means.put(sqlite_store, [_with(HALL, id=hall, planned=80)], by="li", now_ms=T0)
    assert move(sqlite_store, hall, "leave", 90, "leave-0001") == 0
    with pytest.raises(MeansRefused, match="只有 0"):
        move(sqlite_store, hall, "leave", 1, "leave-0002")


def test_edits_are_undone_one_after_the_other_and_a_removed_one_comes_back_with_its_stock(sqlite_store: Store):
    bags = put(sqlite_store, BAGS, 30)
    means.put(sqlite_store, [_with(BAGS, id=bags, least=10)], by="li", now_ms=T0 + 1)
    means.remove(sqlite_store, bags, by="li", now_ms=T0 + 2)
    with pytest.raises(MeansRefused, match="没有这一项"):
        move(sqlite_store, bags, "issue", 1, "issue-0001")
    seen = []
    for _ in range(3):
        assert means.undo(sqlite_store, by="li", now_ms=T0 + 3) == 1
        seen.append([(each["least"], each["amount"]) for each in means_page(sqlite_store, T0)["items"]])
    assert seen == [[(10, 30)], [(200, 30)], []]
    with pytest.raises(NothingToUndo):
        means.undo(sqlite_store, by="li", now_ms=T0 + 4)


def test_what_was_changed_otherwise_since_is_not_undone(sqlite_store: Store):
    bags = put(sqlite_store, BAGS)
    with sqlite_store.write() as unit:
        row = unit.get(MeansRow, bags)
        assert row is not None
        row.least = 7
    with pytest.raises(OutdatedEntry):
        means.undo(sqlite_store, by="li", now_ms=T0 + 1)


def test_each_change_is_a_row_of_its_source(sqlite_store: Store):
    bags, hall = put(sqlite_store, BAGS, 30), put(sqlite_store, HALL)
    move(sqlite_store, hall, "admit", 5, "admit-0001")
    means.remove(sqlite_store, bags, by="li", now_ms=T0 + 2)
    with sqlite_store.read() as unit:
        rows = [(row.source, row.entity, json.loads(row.fields))
                for row in unit.scalars(select(OutboxRow).order_by(OutboxRow.seq))]  # fmt: skip
    told = {(source, entity): fields for source, entity, fields in rows}
    assert told["shelter", hall] == {
        "shelter": hall, "changed_at": str(T0 + 1), "capacity": "100", "occupied": "5", "zh": "东门体育馆",
        "community": "440303003", "point": "114.1200000 22.5500000",
    }  # fmt: skip
    stocks = [fields["stock"] for source, entity, fields in rows if entity == bags]
    assert stocks == ["0", "30", "0"]


def test_a_table_is_read_whole_or_not_at_all_and_each_fault_has_its_line(sqlite_store: Store):
    table = "kind,zh,unit,planned,least,amount\nsupply,帐篷,顶,60,20,45\nshelter,翠竹小学,人,300,,\n"
    items, counted = means.read_csv(table)
    means.put(sqlite_store, items, by="li", now_ms=T0, amounts=counted)
    assert [(each["zh"], each["planned"], each["amount"]) for each in means_page(sqlite_store, T0)["items"]] == [
        ("翠竹小学", 300, 0), ("帐篷", 60, 45),
    ]  # fmt: skip
    with pytest.raises(BadEntry) as refused:
        means.read_csv("kind,zh,planned\nsupply,a,x\nsupply,b,1\n")
    assert refused.value.faults == ("1.planned: 须为数值 a number is needed",)
    with pytest.raises(BadEntry) as refused:
        means.put(sqlite_store, means.read_csv("kind,zh,planned\nboat,a,1\nshelter,,0\n")[0], by="li", now_ms=T0)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == ["1.kind", "2.zh", "2.planned"]
    with pytest.raises(BadEntry, match="未知列"):
        means.read_csv("kind,zh,planned,colour\n")
    assert len(means_page(sqlite_store, T0)["items"]) == 2


def _with(item: Means, **change: object) -> Means:
    from dataclasses import replace

    return replace(item, **change)  # type: ignore[arg-type]
