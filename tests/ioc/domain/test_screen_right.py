"""Who has a screen is a function of what was claimed and of the clock, never of who was faster."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain.screen_board import Board, board
from ioc.domain.screen_right import LASTS_MS, Claim, Emergency, Right, Screen, Shown, Turn, newer, resolve, turn
from ioc.domain.screen_view import Place, View

T0 = 1_790_000_000_000
MAIN = Screen("main")
LEFT = Screen("main.left")
TRAFFIC, SAFETY, FLOOD = View(scene="traffic"), View(scene="safety"), View(scene="emergency", region="440303003")
RAIN = Emergency("response", "live", "emergency", "应急响应", "emergency response", T0 + 400)


def by(who: str, right: Right = Right.LEADER, view: View = TRAFFIC, after_ms: int = 0, screen: str = "main") -> Claim:
    return Claim(screen, right, who, who.title(), view, T0 + after_ms, T0 + after_ms + LASTS_MS[right])


def shown(*claims: Claim, at: int = 1000, emergencies: tuple[Emergency, ...] = (), screen: Screen = MAIN) -> Shown:
    return resolve(screen, claims, emergencies, T0 + at, wall=MAIN if screen is LEFT else None)


def test_a_screen_that_nobody_wants_shows_the_overview():
    assert (shown().view, shown().right, shown().mode) == (View(), Right.ROTATION, "pinned")


def test_the_order_of_rights_is_emergency_duty_leader_rotation():
    leader, duty = by("li", after_ms=900), by("wang", Right.DUTY, SAFETY)
    assert shown(leader).view == TRAFFIC
    assert shown(leader, duty).view == SAFETY
    taken = shown(leader, duty, emergencies=(RAIN,))
    assert (taken.view, taken.mode, taken.emergency) == (View(scene="emergency"), "emergency", RAIN)


def test_of_equal_rights_the_later_second_wins_and_within_a_second_the_name():
    assert shown(by("li"), by("an", after_ms=1000, view=SAFETY), at=2000).by == "an"
    assert shown(by("li"), by("an", after_ms=999, view=SAFETY)).by == "li"


def test_a_claim_falls_back_by_itself_to_whoever_is_left():
    leader, duty = by("li", after_ms=55 * 60_000), by("wang", Right.DUTY, SAFETY)
    assert shown(leader, duty, at=LASTS_MS[Right.DUTY] - 1).by == "wang"
    assert shown(leader, duty, at=LASTS_MS[Right.DUTY]).by == "li"
    assert shown(leader, duty, at=LASTS_MS[Right.DUTY] + 5 * 60_000).by == ""


def test_a_leader_has_a_wall_for_ten_minutes_and_a_duty_officer_for_an_hour():
    assert shown(by("li")).until_ms == T0 + 600_000
    assert shown(by("wang", Right.DUTY)).until_ms == T0 + 3_600_000


def test_a_claim_on_a_wall_holds_for_its_zones_and_one_on_a_zone_for_that_zone_alone():
    wall, zone = by("li"), by("an", view=SAFETY, screen="main.left")
    assert shown(wall, screen=LEFT).view == TRAFFIC
    assert (shown(wall, zone, screen=LEFT).view, shown(wall, zone).view) == (SAFETY, TRAFFIC)
    assert shown(by("li", after_ms=1000), zone, screen=LEFT, at=2000).view == TRAFFIC
    assert shown(by("li", Right.DUTY), zone, screen=LEFT).view == TRAFFIC


def test_a_zone_without_turns_takes_those_of_its_wall():
    wall = Screen("main", rotation=(Turn("traffic", 60),))
    assert resolve(LEFT, (), (), T0, wall=wall).view == TRAFFIC
    assert resolve(Screen("main.left", pinned=""), (), (), T0, wall=wall).view == View()


def test_the_rotation_is_a_function_of_the_clock():
    rotation = (Turn("", 60), Turn("traffic", 30), Turn("safety", 10))
    assert turn(rotation, 0) == ("", 0, 60_000)
    assert turn(rotation, 59_999) == ("", 0, 60_000)
    assert turn(rotation, 60_000) == ("traffic", 60_000, 90_000)
    assert turn(rotation, 199_000) == ("safety", 190_000, 200_000)
    turned = resolve(Screen("main", rotation=rotation), (), (), 65_000)
    assert (turned.view, turned.mode, turned.since_ms, turned.until_ms) == (TRAFFIC, "rotation", 60_000, 90_000)


def test_a_pinned_scene_does_not_rotate():
    pinned = resolve(Screen("main", rotation=(Turn("traffic", 60),), pinned="safety"), (), (), T0)
    assert (pinned.view, pinned.mode, pinned.until_ms) == (SAFETY, "pinned", None)


def test_an_emergency_that_is_over_gives_the_screen_back():
    over = Emergency("response", "live", "emergency", "", "", T0, T0 + 500)
    assert shown(by("li"), emergencies=(over,), at=499).mode == "emergency"
    assert shown(by("li"), emergencies=(over,), at=500).mode == "leader"


def test_the_emergency_of_another_world_takes_only_a_screen_that_shows_it():
    drill = Emergency("response", "drill", "emergency", "", "", T0)
    assert shown(by("li"), emergencies=(drill,)).view == TRAFFIC
    taken = shown(by("li", view=View(scene="traffic", world="drill")), emergencies=(drill,))
    assert taken.view == View(scene="emergency", world="drill")
    assert shown(by("li", view=View(world="drill")), emergencies=(drill, RAIN)).view == View(scene="emergency")


def test_a_duty_officer_leads_the_screen_through_an_emergency_and_no_longer():
    lead = by("wang", Right.EMERGENCY, FLOOD, after_ms=600)
    assert shown(lead, by("li")).by == "li"
    assert (shown(lead, emergencies=(RAIN,)).view, shown(lead, emergencies=(RAIN,)).title) == (FLOOD, "Wang")
    later = Emergency("response", "live", "emergency", "", "", T0 + 5000)
    assert shown(lead, emergencies=(later,), at=6000).view == View(scene="emergency")


def test_of_two_claims_of_one_person_the_later_counts_whichever_comes_first():
    first, second = by("li"), by("li", view=SAFETY, after_ms=1)
    assert newer(first, second) == newer(second, first) == second
    same = by("li", view=SAFETY)
    assert newer(first, same) == newer(same, first)


VIEWS = (TRAFFIC, SAFETY, FLOOD, View(), View(scene="traffic", place=Place(114.1, 22.5, "国贸")))
CLAIMS = st.builds(
    by, st.sampled_from(["li", "wang", "an"]), st.sampled_from([Right.LEADER, Right.DUTY, Right.EMERGENCY]),
    st.sampled_from(VIEWS), st.integers(0, 999), st.sampled_from(["main", "main.left"]),
)  # fmt: skip


@given(st.lists(CLAIMS, max_size=6), st.booleans(), st.integers(), st.sampled_from([MAIN, LEFT]))
def test_two_tablets_and_an_incident_in_one_second_give_the_same_in_any_order_told_any_number_of_times(
    claims: list[Claim], incident: bool, seed: int, screen: Screen
):
    emergencies = (RAIN,) if incident else ()
    chance = random.Random(seed)
    told = [*claims, *chance.choices(claims, k=3)] if claims else []
    chance.shuffle(told)
    once = resolve(screen, claims, emergencies, T0 + 1000, wall=MAIN if screen is LEFT else None)
    again = resolve(screen, told, emergencies * 2, T0 + 1000, wall=MAIN if screen is LEFT else None)
    assert once == again
    if incident:
        assert once.right is Right.EMERGENCY


@given(st.lists(CLAIMS, max_size=6))
def test_what_was_written_down_shows_the_same(claims: list[Claim]):
    written = Board({"main": MAIN, "main.left": LEFT}, tuple(claims))
    read = board(written.to_json())
    assert [read.shown(name, (), T0 + 1000) for name in ("main", "main.left", "none")] == [
        written.shown(name, (), T0 + 1000) for name in ("main", "main.left", "none")
    ]


def test_a_board_of_another_version_is_refused_by_name():
    with pytest.raises(ValueError, match="version 2 is not 1"):
        board('{"v": 2}')
