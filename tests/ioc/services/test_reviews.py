"""Reviews: actions with owner and due time, rows of the record that E18 counts, reminders once each, what is told."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from ioc.packs.handling import handling
from ioc.queries.desk_page import desk_names
from ioc.queries.review import review
from ioc.report import docx, pdf
from ioc.report.review import review_report
from ioc.security.role import Role
from ioc.services import dossiers, people, reviews
from ioc.services.dossiers import Received
from ioc.services.refusals import DossierRefused, UnknownDossier
from ioc.store.message_tables import MessageRow
from ioc.store.outbox_table import OutboxRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
def incident(store: Store) -> str:
    people.add_person(store, "li", [Role.DUTY], None, T0, title="示例李")
    what = Received("incident", "布吉河水位", T0, level=2, region="440303003", facts={"phone": "13800138000"})
    made = dossiers.receive(store, handling().cycles["incident"], what, by="li", now_ms=T0)
    dossiers.claim(store, made.id, by="li", now_ms=T0 + 60_000)
    return made.id


def add(store: Store, incident: str, **other) -> str:
    given = {"title": "补充沙袋", "owner": "li", "due_ms": T0 + 3 * DAY} | other
    return reviews.add_action(store, incident, given["title"], given["owner"], given["due_ms"], "li", T0)


def rows(store: Store) -> list[dict[str, str]]:
    with store.read() as unit:
        found = unit.scalars(select(OutboxRow).where(OutboxRow.source == "action").order_by(OutboxRow.seq)).all()
    return [json.loads(row.fields) for row in found]


def test_an_action_and_that_it_is_done_are_rows_of_the_record_that_e18_counts(store: Store, incident: str):
    action = add(store, incident)
    reviews.finish(store, incident, action, "li", T0 + DAY)
    reviews.finish(store, incident, action, "li", T0 + 9 * DAY)
    assert rows(store) == [
        {"action_id": action, "changed_at": str(T0), "due": str(T0 + 3 * DAY)},
        {"action_id": action, "changed_at": str(T0 + DAY), "due": str(T0 + 3 * DAY), "done_at": str(T0 + DAY)},
    ]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"title": " "}, "title"),
        ({"owner": "nobody"}, "owner"),
        ({"due_ms": T0}, "due"),
        ({"due_ms": T0 + 400 * DAY}, "due"),
    ],
)
def test_an_action_has_a_title_an_owner_who_is_there_and_a_time_to_come(store: Store, incident: str, other, field):
    with pytest.raises(DossierRefused) as refused:
        add(store, incident, **other)
    assert refused.value.field == field
    with pytest.raises(UnknownDossier):
        add(store, "nowhere")
    assert rows(store) == []


def test_the_owner_is_reminded_once_a_day_before_and_once_when_it_is_late(store: Store, incident: str):
    add(store, incident)
    keeper = reviews.Reminder(store, handling())
    told = [
        keeper.turn(at) for at in (T0, T0 + DAY, T0 + 2 * DAY + 1, T0 + 2 * DAY + 2, T0 + 3 * DAY + 1, T0 + 9 * DAY)
    ]
    assert told == [0, 0, 1, 0, 1, 0]
    with store.read() as unit:
        found = unit.scalars(select(MessageRow).order_by(MessageRow.made_ms)).all()
    assert [(row.recipient, row.body.split()[0]) for row in found] == [
        ("person:li", "复盘整改将到期"), ("person:li", "复盘整改已逾期"),
    ]  # fmt: skip


def test_nobody_is_reminded_of_what_is_done(store: Store, incident: str):
    reviews.finish(store, incident, add(store, incident), "li", T0 + HOUR)
    assert reviews.Reminder(store, handling()).turn(T0 + 9 * DAY) == 0


def test_a_review_tells_what_happened_which_clocks_were_missed_and_what_follows(store: Store, incident: str):
    add(store, incident)
    done = add(store, incident, title="更换水泵")
    reviews.finish(store, incident, done, "li", T0 + 4 * DAY)
    reviews.add_note(store, incident, "联系人 13800138000 未接", "li", T0 + HOUR)
    told = review(store, handling(), incident, now_ms=T0 + 5 * DAY)
    report = review_report(told, desk_names(), by="示例李", now_ms=T0 + 5 * DAY, english=True)
    timeline, _, clocks, actions, notes = report.sections
    assert [row[2] for row in timeline.rows[:2]] == ["示例李", "示例李"]
    assert clocks.rows[0][4].startswith("missed by")
    assert {(row[0], row[3]) for row in actions.rows} == {("补充沙袋", "late"), ("更换水泵", "done late")}
    assert notes.rows[0][1] == "联系人 138****8000 未接"
    assert "13800138000" not in repr(report)
    assert docx.docx(report)[:2] == b"PK"
    assert pdf.pdf(report)[:5] == b"%PDF-"
