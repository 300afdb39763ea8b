"""Passwords: rules of level 3, age, and what is stored."""

from __future__ import annotations

import pytest

from ioc.security import identity, password

DAY_MS = 86_400_000


@pytest.mark.parametrize("good", ["Sunny-42", "abcDEF123", "罗湖abcDE12"])
def test_eight_characters_of_three_classes_are_accepted(good: str):
    assert password.faults(good, "zhang") == []


def test_seven_characters_are_too_few():
    assert [en for _, en in password.faults("Sunn-42", "zhang")] == ["at least 8 characters"]


def test_two_classes_are_too_few():
    assert len(password.faults("sunnydays42", "zhang")) == 1


def test_the_account_name_in_the_password_is_refused():
    assert [en for _, en in password.faults("Zhang-2026", "zhang")] == ["must not contain the account name"]


def test_a_password_too_long_to_hash_in_time_is_refused():
    assert [en for _, en in password.faults("Aa1" * 100, "zhang")] == ["at most 256 characters"]


def test_a_password_must_be_changed_after_six_months():
    assert not password.expired(0, 183 * DAY_MS - 1)
    assert password.expired(0, 183 * DAY_MS)
    assert password.expired(None, 0)


def test_a_password_is_stored_as_argon2id_with_a_salt_of_its_own():
    first, second = identity.hash_password("Sunny-42"), identity.hash_password("Sunny-42")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,")
    assert first != second
    assert identity.verify_password("Sunny-42", first)
    assert not identity.verify_password("sunny-42", first)


def test_an_account_without_a_password_is_opened_by_none():
    assert not identity.verify_password("", None)
    assert not identity.verify_password("Sunny-42", "")
    assert not identity.verify_password("Sunny-42", "not a hash")


def test_a_token_is_kept_as_its_digest_only():
    token = identity.new_token()
    assert len(token) >= 43
    assert identity.digest(token) != token
    assert identity.digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_name_of_two_letters_may_turn_up_in_a_password_by_chance():
    assert password.faults("Quality-2026", "li") == []


@pytest.mark.parametrize("name", ["li", "aa7", "zhang"])
def test_a_password_drawn_for_a_name_has_no_fault(name: str):
    drawn = {password.drawn(name) for _ in range(50)}
    assert len(drawn) == 50
    assert all(password.faults(each, name) == [] for each in drawn)
