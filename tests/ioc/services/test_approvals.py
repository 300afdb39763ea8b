"""Approvals in the database: two people, one transaction, and rules that bare SQL cannot walk around."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from ioc.queries.audit import newest
from ioc.security.role import Role
from ioc.services import approvals, people
from ioc.services.refusals import ApprovalRefused, BadPayload, RolesExclude, UnknownApproval
from ioc.store.unit import Store

T0 = 1_790_000_000_000
DAY = 24 * 3_600_000
GRANT = {"name": "li", "role": "duty"}


@pytest.fixture
def staffed(store: Store) -> Store:
    for name, role in (("wang", Role.SECADMIN), ("chen", Role.SECADMIN), ("zhao", Role.AUDITOR), ("sun", Role.DUTY)):
        people.add_person(store, name, [role], None, T0)
    known(store)
    people.add_person(store, "li", [], None, T0)
    return store


def known(store: Store) -> None:
    """Whoever is there now has a password of their own; none is asked for here."""
    with store.write() as unit:
        unit.execute(text("UPDATE person SET password_hash = 'argon2id'"))


def roles(store: Store, name: str) -> frozenset[Role]:
    return people.account(store, name).roles


def asked(store: Store, **other: str) -> str:
    return approvals.ask(store, "role.grant", GRANT | other, "night shift", by="wang", now_ms=T0).id


def test_what_is_asked_for_happens_once_a_second_person_lets_it_with_both_in_the_audit(staffed: Store):
    waiting = asked(staffed)
    assert roles(staffed, "li") == frozenset()
    approvals.approve(staffed, waiting, by="chen", now_ms=T0 + 1)
    assert roles(staffed, "li") == {Role.DUTY}
    told = newest(staffed, most=3)[::-1]
    assert [(entry.action, entry.actor) for entry in told] == [
        ("approval.ask", "system"), ("approval.approve", "chen"), ("role.grant", "system"),
    ]  # fmt: skip


def why(store: Store, waiting: str, by: str, at: int = T0 + 1) -> str:
    with pytest.raises(ApprovalRefused) as refused:
        approvals.approve(store, waiting, by=by, now_ms=at)
    assert newest(store, most=1)[0].action == "approval.deny"
    return refused.value.why


def test_nobody_lets_happen_what_they_asked_for_themselves(staffed: Store):
    assert why(staffed, asked(staffed), "wang") == "self"
    assert roles(staffed, "li") == frozenset()


def test_who_is_no_second_person_for_it_decides_nothing(staffed: Store):
    waiting = asked(staffed)
    assert why(staffed, waiting, "sun") == "permission"
    assert why(staffed, waiting, "nobody") == "permission"
    people.add_person(staffed, "link", [Role.SECADMIN], None, T0)  # comes by a one-time link: nobody in particular
    assert why(staffed, waiting, "link") == "permission"
    approvals.approve(staffed, waiting, by="zhao", now_ms=T0 + 2)


def test_what_is_decided_is_never_decided_again(staffed: Store):
    waiting = asked(staffed)
    approvals.approve(staffed, waiting, by="chen", now_ms=T0 + 1)
    people.revoke_role(staffed, "li", Role.DUTY, T0 + 2)
    assert why(staffed, waiting, "zhao") == "over"
    assert roles(staffed, "li") == frozenset()


def test_what_has_waited_for_a_day_is_void(staffed: Store):
    waiting = asked(staffed)
    assert why(staffed, waiting, "chen", T0 + DAY) == "expired"
    assert why(staffed, waiting, "chen", T0 + 1) == "over"


def test_what_changed_meanwhile_must_be_asked_for_anew(staffed: Store):
    waiting = asked(staffed)
    people.grant_role(staffed, "li", Role.ANALYST, T0 + 1)
    assert why(staffed, waiting, "chen") == "stale"
    assert roles(staffed, "li") == {Role.ANALYST}


def test_what_the_database_refuses_leaves_the_approval_waiting_and_no_trace(staffed: Store):
    waiting = approvals.ask(
        staffed, "role.grant", {"name": "sun", "role": "auditor"}, "r", by="wang", now_ms=T0
    ).id  # fmt: skip
    with staffed.write() as unit:
        unit.execute(text("UPDATE role_grant SET role = 'sysadmin' WHERE role = 'duty'"))
    assert why(staffed, waiting, "chen") == "stale"
    waiting = approvals.ask(staffed, "role.grant", {"name": "sun", "role": "auditor"}, "r", by="wang", now_ms=T0).id
    with pytest.raises(RolesExclude):
        approvals.approve(staffed, waiting, by="chen", now_ms=T0 + 1)
    assert approvals.newest(staffed)[0].verdict == "" or approvals.newest(staffed)[1].verdict == ""
    assert roles(staffed, "sun") == {Role.SYSADMIN}


def test_of_many_who_let_it_at_once_one_does(staffed: Store):
    waiting, came = asked(staffed), []

    def decide(by: str) -> None:
        try:
            approvals.approve(staffed, waiting, by=by, now_ms=T0 + 1)
            came.append(by)
        except ApprovalRefused as refused:
            came.append(refused.why)

    workers = [threading.Thread(target=decide, args=(by,)) for by in ("chen", "zhao", "chen", "zhao")]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(came)[1:] == ["over"] * 3 or sorted(came)[:3] == ["over"] * 3


def test_who_asked_may_take_it_back(staffed: Store):
    waiting = asked(staffed)
    assert approvals.refuse(staffed, waiting, by="wang", now_ms=T0 + 1).verdict == "refused"
    assert why(staffed, waiting, "chen") == "over"


@pytest.mark.parametrize(
    "payload", [{"name": "li"}, GRANT | {"more": "x"}, {"name": "li", "role": 7}, {"name": "li", "role": "king"}]
)
def test_only_what_the_operation_has_can_be_asked_for(staffed: Store, payload):
    with pytest.raises(BadPayload):
        approvals.ask(staffed, "role.grant", payload, "r", by="wang", now_ms=T0)


def test_the_first_system_begins_at_the_command_line_and_the_audit_says_that_it_was_alone(store: Store):
    people.add_person(store, "wang", [], None, T0)
    known(store)
    first = {"name": "wang", "role": "secadmin"}
    assert approvals.ask_from_the_server(store, "role.grant", first, by="console:root", now_ms=T0) is None
    assert roles(store, "wang") == {Role.SECADMIN}
    assert "approval.alone" in [entry.action for entry in newest(store, most=2)]
    people.add_person(store, "li", [], None, T0)
    waits = approvals.ask_from_the_server(store, "role.grant", GRANT, by="console:root", now_ms=T0)
    assert waits is not None
    assert roles(store, "li") == frozenset()
    approvals.approve(store, waits.id, by="wang", now_ms=T0 + 1)
    assert roles(store, "li") == {Role.DUTY}


def test_a_page_never_begins_alone(store: Store):
    people.add_person(store, "wang", [Role.SECADMIN], None, T0)
    known(store)
    assert approvals.ask_from_the_server(store, "role.grant", {"name": "wang", "role": "duty"}, by="wang", now_ms=T0)


def test_what_was_let_is_fetched_by_who_asked_and_by_nobody_else(staffed: Store):
    payload = {"actor": "", "action": "", "subject": "", "since": 0, "until": 0, "upto": 9}
    waiting = approvals.ask(staffed, "audit.export", payload, "inspection", by="zhao", now_ms=T0).id
    with pytest.raises(ApprovalRefused, match="second person"):
        approvals.let(staffed, waiting, "audit.export", by="zhao", now_ms=T0)
    approvals.approve(staffed, waiting, by="wang", now_ms=T0)
    assert approvals.let(staffed, waiting, "audit.export", by="zhao", now_ms=T0 + 1) == payload
    with pytest.raises(UnknownApproval):
        approvals.let(staffed, waiting, "audit.export", by="wang", now_ms=T0 + 1)
    with pytest.raises(ApprovalRefused, match="anew"):
        approvals.let(staffed, waiting, "audit.export", by="zhao", now_ms=T0 + DAY)


def test_an_account_that_is_removed_has_nothing_left(staffed: Store):
    waiting = approvals.ask(staffed, "person.remove", {"name": "sun"}, "left", by="wang", now_ms=T0).id
    approvals.approve(staffed, waiting, by="chen", now_ms=T0 + 1)
    gone = people.account(staffed, "sun")
    assert (gone.roles, gone.disabled, gone.has_password) == (frozenset(), True, False)


@pytest.mark.parametrize(
    "sentence",
    [
        "UPDATE approval SET payload = '{}'",
        "UPDATE approval SET asked_by = 'someone'",
        "UPDATE approval SET verdict = 'approved', decided_by = asked_by",
        "DELETE FROM approval",
    ],
)
def test_bare_sql_changes_no_approval(staffed: Store, sentence: str):
    asked(staffed)
    with pytest.raises((DatabaseError, IntegrityError)), staffed.write() as unit:
        unit.execute(text(sentence))


def test_bare_sql_opens_no_decision_again(staffed: Store):
    approvals.approve(staffed, asked(staffed), by="chen", now_ms=T0 + 1)
    with pytest.raises(DatabaseError), staffed.write() as unit:
        unit.execute(text("UPDATE approval SET verdict = ''"))


@pytest.mark.parametrize(("has", "other"), [("secadmin", "auditor"), ("secadmin", "sysadmin"), ("auditor", "sysadmin")])
@pytest.mark.parametrize("way", ["INSERT", "UPDATE"])
def test_bare_sql_makes_nobody_two_administrators(store: Store, has: str, other: str, way: str):
    people.add_person(store, "wu", [Role(has), Role.DUTY], None, T0)
    sentence = {
        "INSERT": "INSERT INTO role_grant (person_id, role, granted_ms) SELECT id, :role, 0 FROM person",
        "UPDATE": "UPDATE role_grant SET role = :role WHERE role = 'duty'",
    }[way]
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.execute(text(sentence), {"role": other})
    assert roles(store, "wu") == {Role(has), Role.DUTY}
