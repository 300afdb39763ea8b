"""Screens and the claims on them, on each database, and what the gateway is told of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import redis

from ioc.domain.screen_board import board as read_board
from ioc.domain.screen_right import Right, Screen, Turn
from ioc.domain.screen_view import View
from ioc.queries.screens import board
from ioc.security.role import Role
from ioc.services import people, screens
from ioc.services.refusals import ScreenRefused, UnknownScreen
from ioc.store.unit import Store
from metrics import keys

T0 = 1_790_000_000_000
WORLDS = ("live",)


@pytest.fixture
def staffed(store: Store) -> Store:
    people.add_person(store, "li", [Role.LEADER], None, T0, title="李区长")
    people.add_person(store, "wang", [Role.DUTY], None, T0, title="王值班")
    return store


def take(store: Store, who: str, right: Right, scene: str = "traffic", *, at: int = 0, screen: str = "main") -> Any:
    return screens.take(store, screen, right, View(scene=scene), by=who, title=who, now_ms=T0 + at)


def test_there_is_one_wall_to_begin_with(store: Store):
    found = board(store, T0)
    assert list(found.screens) == ["main"]
    assert found.shown("main", (), T0).view == View()


def test_a_claim_shows_until_it_is_given_back_or_its_time_is_over(staffed: Store):
    take(staffed, "li", Right.LEADER)
    assert board(staffed, T0 + 1).shown("main", (), T0 + 1).by == "li"
    assert board(staffed, T0 + 600_000).claims == ()
    assert screens.release(staffed, "main", by="wang", now_ms=T0) == 0
    assert screens.release(staffed, "main", by="li", now_ms=T0) == 1
    assert board(staffed, T0 + 1).claims == ()


def test_a_claim_made_anew_lasts_anew_and_the_later_one_counts_whichever_is_written_first(staffed: Store):
    take(staffed, "li", Right.LEADER, "safety", at=5)
    take(staffed, "li", Right.LEADER, "traffic", at=0)
    found = board(staffed, T0 + 6).claims
    assert [(each.view.scene, each.until_ms) for each in found] == [("safety", T0 + 600_005)]


def test_whoever_loses_the_right_loses_the_screen(staffed: Store):
    take(staffed, "wang", Right.DUTY)
    people.grant_role(staffed, "wang", Role.LEADER, T0)
    people.revoke_role(staffed, "wang", Role.DUTY, T0)
    assert board(staffed, T0 + 1).claims == ()
    take(staffed, "wang", Right.LEADER)
    assert len(board(staffed, T0 + 1).claims) == 1
    people.disable_person(staffed, "wang", T0)
    assert board(staffed, T0 + 1).claims == ()


def test_two_tablets_at_once_leave_the_same_set_whoever_was_faster(staffed: Store):
    orders = [
        ("li", Right.LEADER, "traffic", 10),
        ("li", Right.LEADER, "safety", 11),
        ("wang", Right.DUTY, "emergency", 3),
    ]
    seen = set()
    for shift in range(3):
        threads = [
            threading.Thread(target=take, args=(staffed, *each[:3]), kwargs={"at": each[3]})
            for each in orders[shift:] + orders[:shift]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen.add(board(staffed, T0 + 20).claims)
        screens.release(staffed, "main", by="li", now_ms=T0)
        screens.release(staffed, "main", by="wang", now_ms=T0)
    assert len(seen) == 1
    assert [(each.by, each.view.scene) for each in seen.pop()] == [("li", "safety"), ("wang", "emergency")]


def test_a_zone_needs_its_wall_and_goes_with_it(staffed: Store):
    with pytest.raises(UnknownScreen):
        screens.add_screen(staffed, Screen("hall.left", "左", "left"), T0)
    screens.add_screen(staffed, Screen("hall", "大厅", "hall"), T0)
    screens.add_screen(staffed, Screen("hall.left", "左", "left"), T0)
    take(staffed, "li", Right.LEADER, screen="hall.left")
    screens.remove_screen(staffed, "hall", T0)
    assert list(board(staffed, T0).screens) == ["main"]
    assert board(staffed, T0).claims == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zh": ""}, "zh"),
        ({"en": "x" * 65}, "en"),
        ({"width_mm": 10}, "width_mm"),
        ({"distance_mm": 100_000}, "distance_mm"),
        ({"rotation": (Turn("traffic", 5),)}, "rotation"),
        ({"rotation": (Turn("nowhere", 60),)}, "rotation"),
        ({"rotation": (Turn("", 60),) * 33}, "rotation"),
        ({"pinned": "nowhere"}, "pinned"),
        ({"reload_at": "25:00"}, "reload_at"),
    ],
)
def test_a_setting_that_breaks_a_rule_is_refused_with_its_field_and_changes_nothing(
    sqlite_store: Store, changes: dict[str, Any], field: str
):
    before = board(sqlite_store, T0).screens
    with pytest.raises(ScreenRefused) as refused:
        screens.change_screen(sqlite_store, "main", changes, T0)
    assert refused.value.field == field
    assert board(sqlite_store, T0).screens == before


def test_a_view_of_what_there_is_not_is_refused(sqlite_store: Store):
    with pytest.raises(ScreenRefused):
        screens.take(sqlite_store, "main", Right.LEADER, View(scene="nowhere"), by="li", title="", now_ms=T0)
    with pytest.raises(ScreenRefused):
        screens.take(sqlite_store, "main", Right.LEADER, View(region="999999"), by="li", title="", now_ms=T0)
    with pytest.raises(UnknownScreen):
        screens.take(sqlite_store, "nowhere", Right.LEADER, View(), by="li", title="", now_ms=T0)


def test_a_rotation_is_typed_as_scenes_with_seconds():
    assert screens.rotation("overview:60, traffic:30，safety：20") == (
        Turn("", 60),
        Turn("traffic", 30),
        Turn("safety", 20),
    )
    assert screens.rotation(" ") == ()
    with pytest.raises(ScreenRefused):
        screens.rotation("traffic")


@pytest.mark.service
def test_what_holds_is_told_once_and_written_down_whole(sqlite_store: Store, redis_client: redis.Redis):
    people.add_person(sqlite_store, "li", [Role.LEADER], None, T0, title="李区长")
    heard = redis_client.pubsub()
    heard.subscribe(keys.SCREENS_SAID)
    heard.get_message(timeout=5)
    screens.publish(sqlite_store, redis_client, T0, WORLDS)
    screens.publish(sqlite_store, redis_client, T0, WORLDS)
    take(sqlite_store, "li", Right.LEADER)
    said = screens.publish(sqlite_store, redis_client, T0 + 1, WORLDS)
    assert read_board(redis_client.get(keys.SCREENS)) == said
    told = [heard.get_message(timeout=5), heard.get_message(timeout=5), heard.get_message(timeout=0.1)]
    assert [each["data"] if each else None for each in told] == [b'{"v": 1, "changed": true}'] * 2 + [None]
    heard.close()
