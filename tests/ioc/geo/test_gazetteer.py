"""Code, text or point -> the chain up to the district; what is not known is not found, and never guessed."""

from __future__ import annotations

from datetime import date

import pytest

from ioc.geo.address import Address
from ioc.geo.address_text import normal
from ioc.geo.gazetteer import Candidate, Community, Gazetteer, answer
from ioc.geo.region import shipped

CUIDA, DONGMEN, NANHU = "440303004001", "440303003", "440303005"
COMMUNITIES = {
    CUIDA: Community("S1", "翠达社区"),
    "440303001001": Community("S9", "合一社区"),
    "440303001002": Community("S9", "合一社区"),
}
ADDRESSES = [
    Address("B1", "block", "翠竹苑", "", "440303004"),
    Address("B1-3", "building", "3栋", "B1", CUIDA, 114.1291, 22.5601),
    Address("B1-13", "building", "13栋", "B1", CUIDA, 114.1295, 22.5605),
    Address("A1", "address", "翠竹路1068号", "B1-3", ""),
    Address("G", "building", "国贸大厦", "", NANHU, 114.1138, 22.5343),
    Address("X1", "building", "百货大楼", "", DONGMEN),
    Address("X2", "building", "百货大楼", "", NANHU),
]
EMPTY = Gazetteer(shipped(), {})


@pytest.fixture(scope="module")
def names() -> Gazetteer:
    return Gazetteer(shipped(), COMMUNITIES, ADDRESSES)


def codes(found: Candidate | None) -> list[str]:
    return [step.code for step in found.chain] if found else []


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("深圳市罗湖区翠竹路　１０６８號", "翠竹路1068号"),
        ("广东省深圳市罗湖区深南东路5002号", "深南东路5002号"),
        ("翠竹苑十二幢", "翠竹苑12栋"),
        ("翠竹苑 12 号楼", "翠竹苑12栋"),
        ("国贸大厦Ａ座", "国贸大厦a栋"),
        ("八卦一路二十一号五〇二室", "八卦一路21号502室"),
        ("一百零二栋", "102栋"),
        ("三马路", "三马路"),
        ("（ — ）", ""),
    ],
)
def test_one_address_has_one_form_however_it_is_written(text: str, form: str) -> None:
    assert normal(text, "罗湖区") == form


def test_the_chain_of_an_address_goes_through_all_levels_up_to_the_district(names: Gazetteer) -> None:
    chain = names.of_code("A1")
    assert chain is not None
    assert [(step.level, step.zh) for step in chain] == [
        ("address", "翠竹路1068号"), ("building", "3栋"), ("block", "翠竹苑"), ("community", "翠达社区"),
        ("committee", "翠达社区居民委员会"), ("subdistrict", "翠竹街道"), ("district", "罗湖区"),
    ]  # fmt: skip


def test_without_a_community_table_the_chain_leaves_the_community_out() -> None:
    chain = EMPTY.of_code(CUIDA)
    assert chain is not None
    assert [step.level for step in chain] == ["committee", "subdistrict", "district"]


def test_a_community_of_several_committees_lies_in_what_they_share(names: Gazetteer) -> None:
    chain = names.of_code("S9")
    assert chain is not None
    assert [step.code for step in chain] == ["S9", "440303001", "440303"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("翠竹苑三幢", "B1-3"),
        ("罗湖区翠竹街道翠竹苑13号楼", "B1-13"),
        ("翠竹路1068号", "A1"),
        ("翠竹路1068号5楼502室", "A1"),
        ("国贸大厦", "G"),
        ("东门街道百货大楼", "X1"),
        ("翠竹街道", "440303004"),
        ("翠竹", "440303004"),
        ("红岭社区", "440303001005"),
        ("合一社区", "S9"),
        ("深圳市罗湖区", "440303"),
    ],
)
def test_a_text_that_can_mean_one_place_alone_is_that_place(names: Gazetteer, text: str, code: str) -> None:
    found = answer(names.of_text(text))
    assert (found.code if found else None) == code


def test_two_places_of_one_name_are_both_told_and_neither_is_chosen(names: Gazetteer) -> None:
    found = names.of_text("百货大楼")
    assert [(each.code, each.score) for each in found] == [("X1", 1.0), ("X2", 1.0)]
    assert answer(found) is None


def test_a_slip_of_the_pen_gives_candidates_and_no_answer(names: Gazetteer) -> None:
    found = names.of_text("国贸大夏")
    assert [each.code for each in found] == ["G"]
    assert 0.5 < found[0].score < 0.9
    assert answer(found) is None


def test_another_house_number_is_another_house(names: Gazetteer) -> None:
    assert names.of_text("翠竹路1069号") == []
    assert [each.code for each in names.of_text("翠竹苑23栋") if each.score >= 0.9] == ["B1"]  # it lies in the block


@pytest.mark.parametrize("text", ["xyz", "和平路1号", "，", " ", "福田区"])
def test_what_nobody_wrote_down_is_not_found(names: Gazetteer, text: str) -> None:
    assert answer(names.of_text(text)) is None


def test_of_an_unknown_street_the_subdistrict_that_it_names_is_told_as_a_candidate_alone() -> None:
    found = EMPTY.of_text("翠竹街道和平路1号")
    assert [each.code for each in found] == ["440303004"]
    assert found[0].score < 0.9


def test_a_point_finds_the_nearest_building_within_fifty_metres(names: Gazetteer) -> None:
    found = names.near(114.1291, 22.5602)
    assert found is not None
    assert (found.code, found.metres) == ("B1-3", 11.1)
    assert names.near(114.1300, 22.5700) is None
    assert EMPTY.near(114.1291, 22.5602) is None


def test_an_address_is_true_on_its_days() -> None:
    old = Address("O", "building", "老楼", "", NANHU, None, None, "2000-01-01", "2010-01-01")
    assert [old.valid_on(date(*day)) for day in ((1999, 12, 31), (2000, 1, 1), (2009, 12, 31), (2010, 1, 1))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_parents_in_a_circle_end_somewhere() -> None:
    ring = [Address("P", "block", "甲", "Q", NANHU), Address("Q", "block", "乙", "P", "")]
    chain = Gazetteer(shipped(), {}, ring).of_code("Q")
    assert chain is not None
    assert [step.code for step in chain] == ["Q", "P", NANHU, "440303"]
