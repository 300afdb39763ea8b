"""Tokens of programs: shown once, kept as a digest, limited in what and how long."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ioc.services.api_tokens import DAY_MS, add_token, all_tokens, find_token, note_use, revoke_token
from ioc.services.refusals import TokenRefused, UnknownToken
from ioc.store.unit import Store

NOW = 1_790_000_000_000


def test_a_token_is_found_by_its_text_with_what_it_may(store: Store):
    made, said = add_token(store, " water bureau ", NOW, feeds=["rain", "gauge"], reads=["safety"], origin="real")
    found = find_token(store, said, NOW)
    assert found == made
    assert (made.name, made.origin, made.per_minute) == ("water bureau", "real", 600)
    assert made.expires_ms == NOW + 180 * DAY_MS
    assert [made.may_feed(one) for one in ("rain", "gauge", "traffic")] == [True, True, False]
    assert [made.may_read(one) for one in ("safety", "traffic")] == [True, False]
    assert [made.may_enter(one) for one in ("live", "drill")] == [True, False]


def test_a_star_is_everything_and_named_worlds_are_those_alone(store: Store):
    made, _ = add_token(store, "x", NOW, reads=["*"], worlds=["drill"])
    assert made.may_read("anything")
    assert not made.may_feed("traffic")
    assert [made.may_enter(one) for one in ("live", "drill")] == [False, True]


def test_the_secret_is_stored_nowhere(store: Store):
    _, said = add_token(store, "x", NOW, reads=["*"])
    secret = said.split("_", 2)[2]
    with store.read() as unit:
        rows = unit.execute(text("SELECT * FROM api_token")).all()
    assert secret not in repr(rows)
    assert secret not in repr(all_tokens(store))


def test_another_secret_another_id_and_another_form_find_nothing(store: Store):
    made, said = add_token(store, "x", NOW, reads=["*"])
    _, other = add_token(store, "y", NOW, reads=["*"])
    wrong = [said[:-1] + ("A" if said[-1] != "A" else "B"), f"ioc_{made.id}_{other.split('_', 2)[2]}",
             said.replace(made.id, "0" * 16), said.upper(), said + "A", "", "ioc__", f"ioc_{made.id}_", "x" * 10_000,
             f"{said}\n"]  # fmt: skip
    assert [find_token(store, one, NOW) for one in wrong] == [None] * len(wrong)


def test_a_token_ends_by_its_date_and_by_revocation(store: Store):
    made, said = add_token(store, "x", NOW, reads=["*"], days=1)
    assert find_token(store, said, NOW + DAY_MS - 1) is not None
    assert find_token(store, said, NOW + DAY_MS) is None
    assert revoke_token(store, made.id, NOW + 5).state(NOW) == "revoked"
    assert revoke_token(store, made.id, NOW + 9).revoked_ms == NOW + 5
    assert find_token(store, said, NOW + 6) is None
    with pytest.raises(UnknownToken):
        revoke_token(store, "0" * 16, NOW)


def test_use_is_written_down(store: Store):
    made, _ = add_token(store, "x", NOW, reads=["*"])
    note_use(store, made.id, NOW + 7)
    assert [one.used_ms for one in all_tokens(store)] == [NOW + 7]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 65}, "name"), ({"name": "a\nb"}, "name"), ({"reads": []}, "feed"),
        ({"reads": ["a b"]}, "read"), ({"worlds": ["../x"]}, "world"), ({"feeds": ["rain"]}, "origin"),
        ({"origin": "real"}, "origin"), ({"days": 0}, "days"), ({"days": 367}, "days"),
        ({"per_minute": 0}, "per-minute"), ({"per_minute": 60_001}, "per-minute"),
    ],
)  # fmt: skip
def test_a_token_that_breaks_a_rule_is_not_made(sqlite_store: Store, given: dict[str, Any], field: str):
    asked = {"name": "x", "reads": ["*"]} | given
    with pytest.raises(TokenRefused) as refused:
        add_token(sqlite_store, asked.pop("name"), NOW, **asked)
    assert refused.value.field == field
    assert all_tokens(sqlite_store) == []


def test_the_database_refuses_an_origin_or_a_kind_that_does_not_exist(store: Store):
    made, _ = add_token(store, "x", NOW, reads=["*"])
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.execute(text("UPDATE api_token SET origin = 'guessed'"))
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.execute(text("UPDATE api_scope SET kind = 'rule' WHERE token_id = :id"), {"id": made.id})
