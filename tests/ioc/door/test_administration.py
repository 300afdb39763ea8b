"""Administration over HTTP: each part and act by its permission, two people, secrets told once, exports by approval."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from ioc.queries.administration import plain
from ioc.security import identity
from ioc.security.role import Role
from ioc.services import people
from tests.ioc.door.conftest import Site, post

GOOD = "Sunny-Day-42"
PARTS = ("people", "roles", "devices", "approvals", "audit")
MAY = {
    "sysadmin": {"people", "roles", "devices", "approvals"},
    "secadmin": {"roles", "approvals"},
    "auditor": {"roles", "approvals", "audit"},
    "duty": {"roles", "approvals"},
    "leader": {"roles", "approvals"},
    "analyst": set(),
    "wall": set(),
}


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password weighs is tried elsewhere."""
    monkeypatch.setattr(identity, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def read(client: FlaskClient, path: str):
    return client.get(path, headers={"Content-Type": "application/json"})


def person(site: Site, name: str, role: Role) -> FlaskClient:
    """A browser of somebody with an account of their own."""
    people.add_person(site.desk.store, name, [role], GOOD, site.clock())
    client = site.anonymous()
    assert post(client, "/sign-in", {"name": name, "password": GOOD}).json["home"]
    return client


@pytest.mark.parametrize("role", list(MAY))
def test_each_role_reads_its_parts_and_no_other(site: Site, role: str):
    client = site.signed_in(role)
    told = {part for part in PARTS if read(client, f"/admin/data/{part}").status_code == 200}
    assert told == MAY[role]


@pytest.mark.parametrize("role", [role for role in MAY if role != "sysadmin"])
def test_only_the_system_administrator_changes_accounts(site: Site, role: str):
    assert post(site.signed_in(role), "/admin/people/add", {"name": "li"}).status_code == 403


def test_a_new_account_has_a_secret_that_is_told_once_and_changed_at_the_first_sign_in(site: Site):
    told = post(site.signed_in("sysadmin"), "/admin/people/add", {"name": "li", "title": "李"}).json
    people.grant_role(site.desk.store, "li", Role.DUTY, site.clock())
    client = site.anonymous()
    step = post(client, "/sign-in", {"name": "li", "password": told["secret"]}).json
    assert step["owes"] == "change"
    assert post(client, "/sign-in/step", {"step": step["step"], "given": GOOD}).json == {"home": "/"}
    assert told["secret"] not in read(site.signed_in("auditor"), "/admin/data/audit").text


def test_the_form_of_a_step_is_a_page_without_script(site: Site):
    post(site.signed_in("sysadmin"), "/admin/people/add", {"name": "li"})
    secret = post(site.signed_in("sysadmin"), "/admin/people/reset", {"name": "li"}).json["secret"]
    page = site.anonymous().post(
        "/sign-in", data={"name": "li", "password": secret}, headers={"Origin": "http://127.0.0.1:8050"}
    )
    assert "新口令" in page.text and "<script" not in page.text  # noqa: PT018


def test_a_role_waits_for_a_second_person_and_then_it_is_there(site: Site):
    wang, chen = person(site, "wang", Role.SECADMIN), person(site, "chen", Role.AUDITOR)
    people.add_person(site.desk.store, "li", [], None, site.clock())
    asked = {"kind": "role.grant", "payload": {"name": "li", "role": "duty"}, "reason": "night shift"}
    id_ = post(wang, "/admin/approvals/ask", asked).json["id"]
    assert post(wang, "/admin/approvals/approve", {"id": id_}).json["error"]["message_en"].startswith("A different")
    line = read(chen, "/admin/data/approvals").json["approvals"][0]
    assert (line["words"]["en"], line["mine"], line["second"], line["state"]) == (
        "Give the account li the role Duty officer", False, True, "waiting",
    )  # fmt: skip
    assert post(chen, "/admin/approvals/approve", {"id": id_}).json["verdict"] == "approved"
    assert people.account(site.desk.store, "li").roles == {Role.DUTY}
    assert post(chen, "/admin/approvals/approve", {"id": id_}).status_code == 409


def test_who_may_not_ask_for_it_asks_for_nothing(site: Site):
    asked = {"kind": "role.grant", "payload": {"name": "duty", "role": "secadmin"}, "reason": "r"}
    assert post(site.signed_in("duty"), "/admin/approvals/ask", asked).status_code == 403


def test_the_system_administrator_cannot_become_another_administrator_by_a_new_password(site: Site):
    person(site, "zhao", Role.AUDITOR)
    for act in ("reset", "factor-reset"):
        answer = post(site.signed_in("sysadmin"), f"/admin/people/{act}", {"name": "zhao"})
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "administrator_secret")


def test_sessions_that_are_ended_are_over_at_once_for_their_sockets_and_in_two_seconds_for_their_pages(site: Site):
    li = person(site, "li", Role.DUTY)
    assert post(site.signed_in("sysadmin"), "/admin/people/sessions", {"name": "li"}).json == {"ended": 1}
    site.clock.advance(seconds=2)
    assert read(li, "/api/v1/session").status_code == 401


def test_the_audit_is_searched_verified_and_exported_only_once_let(site: Site):
    zhao, wang = person(site, "zhao", Role.AUDITOR), person(site, "wang", Role.SECADMIN)
    people.add_person(site.desk.store, "formula", [], None, site.clock(), title="=1+1")
    found = read(zhao, "/admin/data/audit?action=person.add&subject=formula").json["entries"]
    assert [each["detail"]["title"] for each in found] == ["=1+1"]
    assert post(zhao, "/admin/audit/verify").json["faults"] == []
    payload = {"actor": "", "action": "person", "subject": "", "since": 0, "until": 0}
    id_ = post(zhao, "/admin/approvals/ask", {"kind": "audit.export", "payload": payload, "reason": "check"}).json["id"]
    assert read(zhao, f"/admin/audit/export/{id_}").status_code == 409
    post(wang, "/admin/approvals/approve", {"id": id_})
    people.add_person(site.desk.store, "later", [], None, site.clock())
    told = read(zhao, f"/admin/audit/export/{id_}")
    assert "formula" in told.text and "later" not in told.text and "session.open" not in told.text  # noqa: PT018
    other = person(site, "chen", Role.AUDITOR)
    assert read(other, f"/admin/audit/export/{id_}").status_code == 404


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_cell_that_a_table_program_would_reckon_with_is_text(cell: str):
    assert plain(cell) == f"'{cell}"
