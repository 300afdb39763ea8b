"""What the district says of its regions changes by editions: whole, checked, by one at a time, always to be undone."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.geo.region import shipped
from ioc.queries.regions import Book, Key, book_facts, editions, entered_numbers
from ioc.services import region_csv
from ioc.services.refusals import BadEntry, NothingToUndo, OutdatedEntry
from ioc.services.region_book import change, compare, undo
from ioc.store.unit import Store

T0 = 1_790_000_000_000
GUIYUAN = "440303001"
FIRST, SECOND = "440303001001", "440303001002"


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


def put(store: Store, book: Book, bodies: dict[Key, Any], seen: int = 0, by: str = "li") -> Any:
    return change(store, book, bodies, seen, by=by, now_ms=T0, note="why")


def people(value: Any, year: Any = 2020, source: Any = "七普") -> dict[str, Any]:
    return {"value": value, "year": year, "source": source}


def community(zh: str, code: str = "") -> dict[str, str]:
    return {"code": code, "zh": zh, "en": ""}


def test_nothing_is_known_of_a_fresh_database_but_what_is_shipped_of_the_district(store: Store) -> None:
    assert book_facts(store, "communities") == (0, {})
    edition, found = book_facts(store, "numbers")
    assert edition == 0
    assert {key: fact.body["value"] for key, fact in found.items() if fact.body} == {
        ("440303", "population"): 1_143_801,
        ("440303", "area_km2"): 78.75,
    }
    assert entered_numbers(store) == (0, {})


def test_a_number_is_entered_with_year_source_who_when_and_why(store: Store) -> None:
    put(store, "numbers", {(GUIYUAN, "population"): people(91_000)})
    assert entered_numbers(store) == (
        1, {GUIYUAN: {"population": 91_000, "population_year": 2020, "population_source": "七普"}},
    )  # fmt: skip
    (made,) = editions(store, "numbers")
    assert (made.number, made.by, made.at_ms, made.note, made.facts) == (1, "li", T0, "why", 1)


def test_what_is_said_again_makes_no_edition(store: Store) -> None:
    put(store, "numbers", {(GUIYUAN, "population"): people(91_000)})
    assert put(store, "numbers", {(GUIYUAN, "population"): people(91_000)}, 1) is None
    assert len(editions(store, "numbers")) == 1


def test_a_shipped_number_is_changed_taken_away_and_brought_back_step_by_step(store: Store) -> None:
    key = ("440303", "population")
    put(store, "numbers", {key: people(1_200_000, 2025)})
    put(store, "numbers", {key: None}, 1)
    assert entered_numbers(store)[1]["440303"]["population"] is None
    values = []
    for seen in (2, 3):
        undo(store, "numbers", seen, by="wang", now_ms=T0)
        body = book_facts(store, "numbers")[1][key].body
        assert body is not None
        values.append(body["value"])
    assert values == [1_200_000, 1_143_801]
    with pytest.raises(NothingToUndo):
        undo(store, "numbers", 4, by="wang", now_ms=T0)
    assert [(each.number, each.restores) for each in editions(store, "numbers")] == [
        (4, 0), (3, 1), (2, None), (1, None),
    ]  # fmt: skip


def test_an_import_is_undone_whole_and_an_older_edition_can_still_be_read(store: Store) -> None:
    put(store, "communities", {(FIRST, "community"): community("甲"), (SECOND, "community"): community("乙")})
    put(store, "communities", {(FIRST, "community"): community("丙"), (SECOND, "community"): None}, 1)
    undo(store, "communities", 2, by="li", now_ms=T0)
    now = {key[0]: fact.body["zh"] for key, fact in book_facts(store, "communities")[1].items() if fact.body}
    assert now == {FIRST: "甲", SECOND: "乙"}
    then = book_facts(store, "communities", 2)[1]
    assert then[SECOND, "community"].body is None


def test_of_two_who_looked_at_the_same_edition_the_second_is_told_who_was_faster(store: Store) -> None:
    put(store, "numbers", {(GUIYUAN, "population"): people(91_000)}, by="wang")
    with pytest.raises(OutdatedEntry, match="wang"):
        put(store, "numbers", {(GUIYUAN, "population"): people(92_000)})
    assert put(store, "numbers", {(GUIYUAN, "area_km2"): people(2.4)}) is not None  # another fact is free
    with pytest.raises(OutdatedEntry):
        undo(store, "numbers", 1, by="li", now_ms=T0)


@pytest.mark.parametrize(
    ("book", "key", "body", "said"),
    [
        ("numbers", (GUIYUAN, "population"), people(0), "above 0"),
        ("numbers", (GUIYUAN, "population"), people(1.5), "whole number"),
        ("numbers", (GUIYUAN, "population"), people(True), "whole number"),
        ("numbers", (GUIYUAN, "area_km2"), people("2,4"), "a number"),
        ("numbers", (GUIYUAN, "area_km2"), people(float("nan")), "a number"),
        ("numbers", (GUIYUAN, "population"), people(5, 20), "a year"),
        ("numbers", (GUIYUAN, "population"), people(5, 2020, " "), "who says so"),
        ("numbers", ("440304", "population"), people(5), "no such region"),
        ("numbers", (GUIYUAN, "community"), community("甲"), "no such region or fact"),
        ("communities", (GUIYUAN, "community"), community("甲"), "no committee"),
        ("communities", (FIRST, "community"), community(""), "name of the community is missing"),
        ("communities", (FIRST, "community"), community("甲", "a b"), "letters, digits"),
        ("communities", (FIRST, "community"), community("甲\n"), "a text of at most"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name_and_nothing_is_kept(
    store: Store, book: Book, key: Key, body: Any, said: str
) -> None:
    with pytest.raises(BadEntry, match=said):
        put(store, book, {key: body})
    assert editions(store, book) == []


def test_one_code_of_a_community_means_one_name(store: Store) -> None:
    put(store, "communities", {(FIRST, "community"): community("甲", "S1")})
    with pytest.raises(BadEntry, match="S1"):
        put(store, "communities", {(SECOND, "community"): community("乙", "S1")}, 1)
    put(store, "communities", {(SECOND, "community"): community("甲", "S1")}, 1)


def test_an_exported_table_is_a_form_that_comes_back_as_it_was_filled() -> None:
    empty = region_csv.write("communities", shipped(), {})
    lines = empty.splitlines()
    assert lines[0] == "\ufeffcommittee,committee_name,subdistrict,community_code,community,community_en"
    assert len(lines) == 110
    assert all(body is None for body in region_csv.read("communities", empty.encode()).values())
    filled = "\r\n".join([lines[0], lines[1].removesuffix(",,") + "S1,甲社区,", *lines[2:]])
    read = region_csv.read("communities", filled.encode())
    assert {key: body for key, body in read.items() if body} == {
        (FIRST, "community"): {"code": "S1", "zh": "甲社区", "en": ""}
    }
    assert compare({}, read) == {"added": 1, "changed": 0, "removed": 0, "same": 108}


def test_the_numbers_go_out_and_in_unchanged(store: Store) -> None:
    put(store, "numbers", {(GUIYUAN, "population"): people(91_000, source="=1+1"), (GUIYUAN, "area_km2"): people(2.4)})
    found = book_facts(store, "numbers")[1]
    text = region_csv.write("numbers", shipped(), found)
    assert "'=1+1" in text
    read = region_csv.read("numbers", text.encode())
    assert {key: body for key, body in read.items() if body} == {key: fact.body for key, fact in found.items()}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("committee,community\n440303001001,甲".encode("gb18030"), "not UTF-8"),
        (b"committee\n440303001001", "missing: community"),
        (b"committee,community,colour\n", "unknown column: colour"),
        (b"committee,community\n440303001001,a,b", "wrong number of cells"),
        (b"committee,community\n440303001001,a\n440303001001,b", "stands twice"),
        (b'committee,community\n440303001001,"a', "unexpected end"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_the_place(raw: bytes, said: str) -> None:
    with pytest.raises(BadEntry, match=said):
        region_csv.read("communities", raw)
