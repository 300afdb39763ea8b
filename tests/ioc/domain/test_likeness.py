"""Two reports are proposed to be one thing by place, time and text, with the reasons; never where something speaks
against it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ioc.domain.likeness import Matter, alike, compared, distance_m

T0 = 1_790_000_000_000
MINUTE = 60_000
POOL = Matter("a", "东门老街积水没过膝盖", T0, "natural", "440303003", 114.1205, 22.5460)
SAME = Matter("b", "东门老街积水严重，没过膝盖", T0 + 8 * MINUTE, "natural", "440303003", 114.1209, 22.5463)


def test_the_same_pool_told_twice_is_proposed_with_its_reasons():
    like = compared(POOL, SAME)
    assert like is not None
    assert like.score > 0.9
    assert [reason.kind for reason in like.reasons] == ["place", "time", "text"]
    assert like.reasons[0].zh == "相距 53 米"
    assert like.reasons[1].en == "8 min apart"
    assert like.reasons[2].zh == "文字相近 80%：东门老街积水、没过膝盖"


def test_what_is_far_or_long_ago_or_of_another_class_is_not():
    assert compared(POOL, replace(SAME, lon=114.14)) is None
    assert compared(POOL, replace(SAME, at_ms=T0 + 360 * MINUTE)) is None
    assert compared(POOL, replace(SAME, class_="security")) is None


def test_another_matter_at_the_same_corner_is_not():
    assert compared(POOL, replace(SAME, title="一男子晕倒需要救护车", at_ms=T0 + 60 * MINUTE)) is None


def test_where_points_are_not_known_the_region_counts_and_other_regions_rule_it_out():
    bare = replace(SAME, lon=None, lat=None)
    like = compared(POOL, bare)
    assert like is not None
    assert like.reasons[0].zh == "同一区域"
    assert compared(POOL, replace(bare, region="440303004")) is None
    assert compared(POOL, replace(bare, region="")) is None


def test_the_likest_come_first_and_oneself_never():
    later = replace(SAME, id="c", at_ms=T0 + 90 * MINUTE)
    assert [like.id for like in alike(POOL, [later, POOL, SAME])] == ["b", "c"]
    assert [like.id for like in alike(POOL, [later, SAME], most=1)] == ["b"]


def test_a_degree_of_latitude_is_111_km():
    assert abs(distance_m(114.0, 22.0, 114.0, 23.0) - 111_195) < 1


@given(st.text(max_size=40), st.text(max_size=40), st.integers(-400, 400))
def test_likeness_does_not_depend_on_who_is_asked(one: str, other: str, minutes: int):
    a, b = replace(POOL, title=one), replace(SAME, title=other, at_ms=T0 + minutes * MINUTE)
    mine, theirs = compared(a, b), compared(b, a)
    assert (mine and mine.score) == (theirs and theirs.score)
    assert mine is None or 0.64 <= mine.score <= 1
