"""The theme link library is changed by versions: whole, checked, by one at a time, and always to be undone."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.queries.library import Key, history, library
from ioc.services.library import change, remove, undo
from ioc.services.refusals import BadEntry, EntryInUse, NothingToUndo, OutdatedEntry
from ioc.store.unit import Store

T0 = 1_790_000_000_000
CASES: Key = ("governance", "system", "unified_cases")
NEW: Key = ("governance", "system", "parks")
BODY: dict[str, Any] = {
    "zh": "智慧园林", "en": "parks", "owner": "区城管局", "entry": "https://parks.example/", "gives": ["case"],
    "takes": ["G9", "lamp_fault"], "sso": False, "permission": "indicator.view", "tasks": [25],
}  # fmt: skip


def put(store: Store, key: Key, version: int = 0, **changes: Any) -> None:
    change(store, key, BODY | changes, version, by="sysadmin", now_ms=T0)


def test_what_the_packs_ship_is_the_library_of_a_fresh_database(store: Store):
    found = library(store)
    assert (found[CASES].version, found[CASES].by) == (0, "")
    assert found["governance", "capability", "routing"].body == {
        "id": "routing", "zh": "智能分拨", "en": "automatic routing",
    }  # fmt: skip


def test_an_entry_is_added_and_says_who_did_it(store: Store):
    put(store, NEW)
    found = library(store)[NEW]
    assert found.body is not None
    assert (found.body["entry"], found.version, found.by, found.at_ms) == (
        "https://parks.example/", 1, "sysadmin", T0,
    )  # fmt: skip


def test_a_shipped_entry_is_changed_removed_and_brought_back_step_by_step(store: Store):
    shipped = library(store)[CASES].body
    put(store, CASES, owner="甲")
    put(store, CASES, 1, owner="乙")
    remove(store, CASES, 2, by="sysadmin", now_ms=T0)
    assert library(store)[CASES].body is None
    owners = []
    for version in (3, 4):
        body = undo(store, CASES, version, by="sysadmin", now_ms=T0).body
        assert body is not None
        owners.append(body["owner"])
    assert owners == ["乙", "甲"]
    back = undo(store, CASES, 5, by="sysadmin", now_ms=T0).body
    assert shipped is not None
    assert back is not None
    assert {key: back[key] for key in shipped} == shipped
    with pytest.raises(NothingToUndo):
        undo(store, CASES, 6, by="sysadmin", now_ms=T0)
    assert [entry.version for entry in history(store, CASES)] == [6, 5, 4, 3, 2, 1, 0]


def test_an_entry_that_was_added_is_gone_when_that_is_undone(store: Store):
    put(store, NEW)
    assert undo(store, NEW, 1, by="sysadmin", now_ms=T0).body is None


def test_nothing_is_to_be_undone_of_what_never_changed(store: Store):
    with pytest.raises(NothingToUndo):
        undo(store, CASES, 0, by="sysadmin", now_ms=T0)


def test_who_looked_at_an_older_version_changes_nothing(store: Store):
    put(store, CASES, owner="甲")
    with pytest.raises(OutdatedEntry, match="sysadmin"):
        put(store, CASES, owner="乙")
    found = library(store)[CASES].body
    assert found is not None
    assert found["owner"] == "甲"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entry": "javascript:alert(1)"}, "entry"),
        ({"entry": "https://a b"}, "entry"),
        ({"entry": 'https://x/"onclick=1'}, "entry"),
        ({"gives": ["no_such_source"]}, "gives"),
        ({"takes": ["no_such_thing"]}, "takes"),
        ({"permission": "no.such"}, "permission"),
        ({"tasks": [29]}, "tasks"),
        ({"zh": ""}, "zh"),
        ({"zh": "长" * 257}, "zh"),
        ({"unheard": 1}, "unheard"),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused_by_the_name_of_its_field(
    store: Store, changes: dict[str, Any], field: str
):
    with pytest.raises(BadEntry) as refused:
        put(store, NEW, **changes)
    assert any(fault.startswith(field) for fault in refused.value.faults)
    assert NEW not in library(store)


@pytest.mark.parametrize(
    "key", [("nowhere", "system", "x"), ("governance", "page", "x"), ("governance", "system", "a b"),
            ("governance", "system", "x" * 65)],
)  # fmt: skip
def test_an_entry_lies_in_a_scene_is_of_a_kind_and_has_an_id(store: Store, key: Key):
    with pytest.raises(BadEntry):
        put(store, key)


def test_a_capability_is_not_removed_while_a_situation_belongs_to_it(store: Store):
    with pytest.raises(EntryInUse) as refused:
        remove(store, ("governance", "capability", "routing"), 0, by="sysadmin", now_ms=T0)
    assert "dispatching" in refused.value.en


def test_a_situation_names_a_capability_of_its_scene_and_indicators_that_there_are(store: Store):
    key: Key = ("governance", "situation", "new")
    body = {"zh": "新态势", "en": "new", "capability": "policing", "indicators": ["G1", "X9"]}
    with pytest.raises(BadEntry) as refused:
        change(store, key, body, 0, by="sysadmin", now_ms=T0)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["capability", "indicators"]


def test_markup_in_a_name_is_kept_as_the_text_that_it_is(store: Store):
    put(store, NEW, zh="<img src=x onerror=alert(1)>")
    found = library(store)[NEW].body
    assert found is not None
    assert found["zh"] == "<img src=x onerror=alert(1)>"
