"""What matters now: worst first, what waits before what is seen to, what grew worse of late before what stands long."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from ioc.domain.attention import LATE_MS, Finding, attention

NOW = 1_790_000_000_000
MINUTE = 60_000


def alarm(subject: str, level: str, minutes: int, region: str = "", **changes: object) -> Finding:
    """An alarm that reached its level so many minutes ago, at a subdistrict where one is named."""
    at = NOW - minutes * MINUTE
    found = Finding("indicator", subject, level, at, at, region=region, wide=not region, value=1.0)
    return replace(found, **changes)  # type: ignore[arg-type]


def subjects(*findings: Finding, now: int = NOW) -> list[str]:
    return [entry.head.subject for entry in attention(findings, now)]


def test_nothing_wrong_is_an_empty_list() -> None:
    assert attention([], NOW) == ()


def test_the_worst_level_comes_first_however_old() -> None:
    assert subjects(alarm("A", "yellow", 1), alarm("B", "red", 600), alarm("C", "orange", 5)) == ["B", "C", "A"]


def test_of_one_level_what_waits_for_somebody_comes_first() -> None:
    waiting = Finding("incident", "SJ1", "orange", NOW - 50 * MINUTE, NOW - 50 * MINUTE, waits=True)
    assert subjects(alarm("A", "orange", 1), waiting) == ["SJ1", "A"]


def test_what_grew_worse_of_late_comes_before_what_stands_long_and_the_newest_first() -> None:
    told = [alarm("old", "red", 90), alarm("new", "red", 2), alarm("newer", "red", 1)]
    assert subjects(*told) == ["newer", "new", "old"]


def test_a_fall_to_a_level_is_no_news() -> None:
    assert subjects(alarm("fell", "orange", 1, worse=False), alarm("rose", "orange", 20)) == ["rose", "fell"]


def test_the_order_does_not_depend_on_the_order_of_arrival() -> None:
    told = [alarm("A", "red", 3), alarm("A", "red", 3, "东门"), alarm("B", "red", 3), alarm("C", "blue", 1)]
    assert {tuple(subjects(*each)) for each in permutations(told)} == {("A", "B", "C")}


def test_time_alone_moves_an_entry_once_when_its_change_is_no_news_any_more() -> None:
    told = [alarm("fresh", "red", 10), alarm("old", "red", 40)]
    orders = [subjects(*told, now=NOW + step * MINUTE) for step in range(120)]
    assert orders == [["fresh", "old"]] * 120  # the newer stays above the older
    entry = attention([alarm("late", "red", 10)], NOW)[0]
    assert entry.worse_ms is not None
    assert NOW - entry.worse_ms < LATE_MS


def test_the_places_of_an_indicator_are_one_entry_with_the_worst_value() -> None:
    told = [
        alarm("E3", "orange", 9, "东门", value=17.0), alarm("E3", "red", 12, "黄贝", value=27.0),
        alarm("E3", "red", 4, "莲塘", value=31.0),
    ]  # fmt: skip
    entries = attention(told, NOW)
    assert len(entries) == 1
    assert (entries[0].head.region, entries[0].head.value, entries[0].head.level) == ("莲塘", 31.0, "red")
    assert entries[0].places == (("黄贝", ()), ("莲塘", ()))  # those at the worst level, the longest there first
    assert entries[0].parts == 3
    assert entries[0].head.begun_ms == NOW - 12 * MINUTE


def test_the_district_speaks_where_it_is_as_bad_as_its_parts() -> None:
    entry = attention([alarm("T1", "red", 5, "东门", value=9.0), alarm("T1", "red", 2, value=8.1)], NOW)[0]
    assert (entry.head.region, entry.head.value, entry.places) == ("", 8.1, (("东门", ()),))


def test_many_places_are_named_as_far_as_there_is_room_and_counted() -> None:
    told = [alarm("E2", "red", 10 - at, f"街道{at}") for at in range(7)]
    entry = attention(told, NOW)[0]
    assert [region for region, _ in entry.places] == ["街道0", "街道1", "街道2"]
    assert entry.more == 4


def test_a_group_told_of_the_district_and_of_its_subdistrict_is_one_place_that_needs_no_region() -> None:
    site = (("site", "GD7"),)
    told = [alarm("R8", "red", 3, dims=site), alarm("R8", "red", 3, "东湖", dims=site)]
    entry = attention(told, NOW)[0]
    assert (entry.places, entry.parts) == ((("", site),), 1)


def test_a_group_that_is_in_several_subdistricts_is_told_with_each() -> None:
    kind = (("kind", "fire"),)
    told = [alarm("E13", "red", 3, "东湖", dims=kind), alarm("E13", "red", 2, "莲塘", dims=kind)]
    assert attention(told, NOW)[0].places == (("东湖", kind), ("莲塘", kind))
