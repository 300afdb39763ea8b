"""The audit is written with the change or neither is, by one chain whoever writes, and cannot be changed."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ioc.domain.audit_chain import Fault
from ioc.queries.audit import head, newest, verify
from ioc.security.actor import Actor, acting
from ioc.security.role import Role
from ioc.services import api_tokens, links, people, sign_in
from ioc.services.audit import record
from ioc.services.refusals import NameTaken, RolesExclude
from ioc.store.unit import Store

T0 = 1_790_000_000_000


def said(store: Store) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.subject) for entry in reversed(newest(store))]


def test_a_change_says_who_made_it_from_where_and_with_which_roles(store: Store):
    with acting(Actor("sun", ["sysadmin"], "10.0.0.7")):
        people.add_person(store, "li", [Role.DUTY], None, T0)
    granted, added = newest(store)[:2]
    assert (added.actor, added.roles, added.address, added.action) == ("sun", "sysadmin", "10.0.0.7", "person.add")
    assert (granted.action, granted.subject, json.loads(granted.detail)) == ("role.grant", "li", {"role": "duty"})
    assert verify(store)[1] == []


def test_every_way_in_and_out_is_recorded(store: Store):
    people.add_person(store, "li", [Role.DUTY], "Sunny-Day-42", T0)
    sign_in.sign_in(store, "li", "wrong", "::1", T0)
    opened = sign_in.sign_in(store, "li", "Sunny-Day-42", "::1", T0)
    assert isinstance(opened, sign_in.SignedIn)
    sign_in.sign_out(store, opened.token, T0)
    link = links.add_link(store, Role.LEADER, T0)
    sign_in.use_link(store, link, "::1", T0, here=True)
    assert [entry for entry in said(store) if entry[1].startswith(("session", "link"))] == [
        ("li", "session.refuse", "li"),
        ("li", "session.open", "li"),
        ("li", "session.close", "li"),
        ("system", "link.add", "leader"),
        ("leader", "session.open", "leader"),
    ]


def test_a_secret_is_in_no_entry(store: Store):
    people.add_person(store, "li", [Role.DUTY], "Sunny-Day-42", T0)
    people.set_password(store, "li", "Rainy-Night-43", T0)
    _, token = api_tokens.add_token(store, "feeder", T0, reads=["traffic"])
    link = links.add_link(store, Role.LEADER, T0)
    kept = " ".join(entry.detail + entry.subject for entry in newest(store))
    for secret in ("Sunny-Day-42", "Rainy-Night-43", token.split("_")[2], link):
        assert secret not in kept


def test_what_is_refused_leaves_neither_change_nor_entry(store: Store):
    people.add_person(store, "sun", [Role.SYSADMIN], None, T0)
    before = head(store)
    with pytest.raises(RolesExclude):
        people.grant_role(store, "sun", Role.AUDITOR, T0)
    with pytest.raises(NameTaken):
        people.add_person(store, "sun", [], None, T0)
    assert head(store) == before


def test_a_change_that_cannot_be_recorded_is_not_made(store: Store):
    with store.write() as unit:
        unit.execute(text("ALTER TABLE audit RENAME TO elsewhere"))
    with pytest.raises(DBAPIError):
        people.add_person(store, "li", [], None, T0)
    assert people.everyone(store) == []


def test_entries_can_only_be_added(store: Store):
    people.add_person(store, "li", [], None, T0)
    for statement in (
        "UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "DELETE FROM audit_head",
        *(() if store.sqlite else ("TRUNCATE audit", "TRUNCATE audit_head")),
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="audit"), store.write() as unit:
            unit.execute(text(statement))
    assert verify(store) == (1, [])


def test_many_who_record_at_once_make_one_chain(store: Store):
    def act(number: int) -> None:
        with acting(Actor(f"p{number}")):
            for turn in range(10):
                with store.write() as unit:
                    record(unit, "case.note", f"{number}.{turn}", T0)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(store) == (60, [])
    assert {entry.actor for entry in newest(store)} == {f"p{number}" for number in range(6)}


def test_whoever_gets_round_the_triggers_is_found_out(store: Store):
    for number in range(5):
        people.add_person(store, f"p{number}", [], None, T0)
    with store.write() as unit:
        drop = "DROP TRIGGER audit_no_update" if store.sqlite else "ALTER TABLE audit DISABLE TRIGGER ALL"
        unit.execute(text(drop))
        unit.execute(text("UPDATE audit SET subject = 'somebody else' WHERE seq = 3"))
    assert verify(store) == (5, [Fault(3, "edited")])


def test_the_newest_come_first_and_are_asked_for_by_subject_and_actor(store: Store):
    for number in range(5):
        with acting(Actor(f"a{number % 2}")), store.write() as unit:
            record(unit, "case.note", f"case:{number}", T0 + number)
    assert [entry.seq for entry in newest(store, most=2)] == [5, 4]
    assert [entry.seq for entry in newest(store, before=3)] == [2, 1]
    assert [entry.subject for entry in newest(store, actor="a1")] == ["case:3", "case:1"]
    assert [entry.seq for entry in newest(store, subject="case:2")] == [3]
