"""Accounts and their roles, on each database engine."""

from __future__ import annotations

import pytest

from ioc.security.role import Role
from ioc.services.people import add_person, disable_person, enable_person, everyone, grant_role, set_password
from ioc.services.refusals import BadName, NameTaken, RolesExclude, UnknownPerson, WeakPassword
from ioc.store.unit import Store

T0 = 1_790_000_000_000
GOOD = "Sunny-Day-42"


def test_an_account_is_listed_with_its_roles(store: Store):
    add_person(store, "Zhang", [Role.DUTY, Role.ANALYST], GOOD, T0, title="张三")
    account = everyone(store)[0]
    assert (account.name, account.title, account.roles) == ("zhang", "张三", {Role.DUTY, Role.ANALYST})
    assert account.has_password
    assert not account.disabled


def test_a_fresh_database_has_no_account_at_all(store: Store):
    assert everyone(store) == []


def test_a_name_is_taken_whatever_its_case(store: Store):
    add_person(store, "zhang", [], None, T0)
    with pytest.raises(NameTaken):
        add_person(store, "ZHANG", [], None, T0)


@pytest.mark.parametrize("name", ["", "a b", "<b>", "a/b", "a'b"])
def test_a_name_that_is_no_name_is_refused(store: Store, name: str):
    with pytest.raises(BadName):
        add_person(store, name, [], None, T0)


def test_a_weak_password_opens_no_account(store: Store):
    with pytest.raises(WeakPassword):
        add_person(store, "zhang", [], "12345678", T0)
    assert everyone(store) == []


def test_administrators_exclude_each_other_and_nothing_of_the_attempt_remains(store: Store):
    with pytest.raises(RolesExclude):
        add_person(store, "zhang", [Role.SYSADMIN, Role.AUDITOR], GOOD, T0)
    assert everyone(store) == []
    add_person(store, "zhang", [Role.SYSADMIN], GOOD, T0)
    with pytest.raises(RolesExclude):
        grant_role(store, "zhang", Role.SECADMIN, T0)
    assert everyone(store)[0].roles == {Role.SYSADMIN}


def test_granting_a_role_twice_changes_nothing(store: Store):
    add_person(store, "zhang", [Role.DUTY], GOOD, T0)
    assert grant_role(store, "zhang", Role.DUTY, T0).roles == {Role.DUTY}


def test_a_closed_account_can_be_opened_again(store: Store):
    add_person(store, "zhang", [Role.DUTY], GOOD, T0)
    assert disable_person(store, "zhang", T0)[0].disabled
    assert not enable_person(store, "zhang", T0).disabled


def test_an_unknown_person_is_named(store: Store):
    with pytest.raises(UnknownPerson, match="nobody"):
        set_password(store, "nobody", GOOD, T0)
