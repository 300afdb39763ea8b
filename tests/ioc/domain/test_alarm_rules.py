"""Which card, which cover, and whether it is a flood."""

from __future__ import annotations

from ioc.domain.alarm import State
from ioc.domain.alarm_card import Cause, Key, Place, key, lies_over
from ioc.domain.alarm_cover import Cover, strongest
from ioc.domain.alarm_flood import FloodRule, floods, laid_aside, load

FLOODING = Cause("flooding", "内涝与水位", "flooding", "emergency", "natural")
GUIYUAN = Place("440303001002", "440303", "440303001")
RULE = FloodRule(600_000, 10.0, 5.0, 2)
CHAIN = ("440303001002", "440303001", "440303", "")


def test_alarms_belong_together_by_subdistrict_and_kind_of_event():
    assert key(FLOODING, GUIYUAN, "level", flood=False) == Key("440303001", "flooding")
    assert key(FLOODING, Place("440303", "440303", ""), "level", flood=False) == Key("440303", "flooding")


def test_in_a_flood_they_belong_together_by_scene_in_the_whole_district():
    assert key(FLOODING, GUIYUAN, "anomaly", flood=True) == Key("440303", "emergency", wide=True)


def test_what_is_not_heard_of_any_more_is_one_card():
    assert key(FLOODING, GUIYUAN, "no_data", flood=False) == Key("440303", "feed")
    assert key(FLOODING, GUIYUAN, "stale", flood=True) == Key("440303", "feed", wide=True)


def test_a_feed_that_is_lost_lies_over_alarms_of_its_region_and_of_those_below():
    lost = {("E3", "440303001"): "a"}
    assert lies_over(lost, "E3", CHAIN)
    assert not lies_over(lost, "E3", ("440303002", "440303", ""))
    assert not lies_over(lost, "E4", CHAIN)


def test_a_cover_of_a_point_lies_over_that_point_alone():
    shelf = Cover("a", State.SHLVD, "E3", "440303001", "[]", "level", 3)
    assert shelf.lies_over("E3", CHAIN[1:], "[]", "level")
    assert not shelf.lies_over("E3", CHAIN, "[]", "level")
    assert not shelf.lies_over("E3", CHAIN[1:], '[["站","1"]]', "level")
    assert not shelf.lies_over("E3", CHAIN[1:], "[]", "stale")


def test_a_pattern_lies_over_a_region_with_all_below_it():
    works = Cover("a", State.DSUPR, region="440303001")
    assert works.lies_over("E3", CHAIN, '[["站","1"]]', "level")
    assert not works.lies_over("E3", CHAIN[2:], "[]", "level")
    assert Cover("b", State.DSUPR, "E3").lies_over("E3", ("440303", ""), "[]", "level")


def test_the_strongest_cover_that_may_hold_the_level_counts():
    shelf, works = Cover("a", State.SHLVD, most_level=3), Cover("b", State.DSUPR, most_level=4)
    assert strongest([shelf, works], 2) == works
    assert strongest([shelf], 3) == shelf
    assert strongest([shelf], 4) is None


def test_more_than_ten_for_each_operator_are_a_flood_until_fewer_than_five_come():
    assert not floods(RULE, 10, 1, going_on=False)
    assert floods(RULE, 11, 1, going_on=False)
    assert not floods(RULE, 11, 2, going_on=False)
    assert floods(RULE, 5, 1, going_on=True)
    assert not floods(RULE, 4, 1, going_on=True)


def test_a_flood_lays_lesser_alarms_aside_and_never_a_red_one():
    assert [laid_aside(RULE, level) for level in (1, 2, 3, 4)] == [True, True, False, False]
    assert not laid_aside(FloodRule(1, 1, 1, 4), 4)


def test_the_load_is_told_as_a_distribution():
    told = load([0, 0, 1, 2, 2, 10, 11, 30])
    assert (told.spans, told.shares, told.median, told.most) == (8, (0.375, 0.25, 0.125, 0.25), 2.0, 30.0)
    assert load([]).shares == (0.0, 0.0, 0.0, 0.0)
