"""Roles and permissions: the whole matrix, literally."""

from __future__ import annotations

from pathlib import Path

import pytest

from ioc.packs.files import PACKS
from ioc.packs.scenes import scenes
from ioc.security.permission import GRANTED, Permission, allows, may, screen_topics, topics
from ioc.security.role import ADMINISTRATORS, Role, first, home

DISTRICT = Path(__file__).parents[1] / "packs/invented_district"

#                       wall leader duty analyst sysadmin secadmin auditor
MATRIX = {
    "session.own":      "yes  yes    yes  yes     yes      yes      yes",
    "home.view":        "no   yes    yes  yes     yes      yes      yes",
    "wall.view":        "yes  yes    yes  yes     no       no       no",
    "live.view":        "yes  yes    yes  yes     yes      no       no",
    "indicator.view":   "yes  yes    yes  yes     no       no       no",
    "region.view":      "yes  yes    yes  yes     no       no       no",
    "region.edit":      "no   no     no   yes     yes      no       no",
    "coverage.view":    "no   yes    yes  yes     yes      yes      yes",
    "links.edit":       "no   no     no   no      yes      no       no",
    "playback.start":   "no   yes    yes  yes     no       no       no",
    "screen.view":      "no   yes    yes  no      yes      no       no",
    "screen.control":   "no   yes    yes  no      no       no       no",
    "screen.hold":      "no   no     yes  no      no       no       no",
    "screen.manage":    "no   no     no   no      yes      no       no",
    "video.view":       "yes  yes    yes  no      no       no       no",
    "health.view":      "no   yes    yes  yes     yes      no       no",
    "duty.view":        "no   yes    yes  no      no       no       no",
    "incident.handle":  "no   no     yes  no      no       no       no",
    "message.answer":   "no   yes    yes  no      no       no       no",
    "roster.edit":      "no   yes    yes  no      no       no       no",
    "means.edit":       "no   no     yes  no      no       no       no",
    "plan.step":        "no   yes    yes  no      no       no       no",
    "plan.edit":        "no   yes    yes  no      no       no       no",
    "plan.publish":     "no   yes    no   no      no       no       no",
    "response.order":   "no   yes    yes  no      no       no       no",
    "response.command": "no   yes    no   no      no       no       no",
    "workbench.view":   "no   no     no   yes     no       no       no",
    "indicator.define": "no   no     no   yes     no       no       no",
    "personal.view":    "no   no     yes  no      no       no       no",
    "people.manage":    "no   no     no   no      yes      no       no",
    "role.grant":       "no   no     no   no      no       yes      no",
    "audit.view":       "no   no     no   no      no       no       yes",
    "admin.view":       "no   yes    yes  no      yes      yes      yes",
}  # fmt: skip


@pytest.mark.parametrize("permission", list(Permission))
def test_each_role_may_exactly_what_the_matrix_says(permission: Permission):
    granted = ["yes" if may([role], permission) else "no" for role in Role]
    assert granted == MATRIX[permission.value].split()


def test_two_roles_may_what_either_may_and_no_role_may_nothing():
    assert may([Role.DUTY, Role.ANALYST], Permission.INDICATOR_DEFINE)
    assert may([Role.DUTY, Role.ANALYST], Permission.INCIDENT_HANDLE)
    assert not may([], Permission.SESSION)


def test_a_wall_can_open_no_personal_data_and_change_nothing():
    assert GRANTED[Role.WALL] == {
        Permission.SESSION,
        Permission.WALL_VIEW,
        Permission.LIVE_VIEW,
        Permission.INDICATOR_VIEW,
        Permission.REGION_VIEW,
        Permission.VIDEO_VIEW,
    }


def test_no_two_administrators_share_a_power():
    powers = {Permission.PEOPLE_MANAGE, Permission.ROLE_GRANT, Permission.AUDIT_VIEW}
    assert {role: GRANTED[role] & powers for role in ADMINISTRATORS} == {
        Role.SYSADMIN: {Permission.PEOPLE_MANAGE},
        Role.SECADMIN: {Permission.ROLE_GRANT},
        Role.AUDITOR: {Permission.AUDIT_VIEW},
    }


@pytest.mark.parametrize(
    ("root", "every", "platform"),
    [
        (PACKS, {"governance", "renewal", "services", "livelihood", "traffic", "safety", "emergency", "operations"},
         {"operations"}),
        (DISTRICT, {"river", "market"}, set()),
    ],
)  # fmt: skip
def test_topics_follow_the_roles_and_the_scenes_of_the_packs(root: Path, every: set[str], platform: set[str]):
    found = scenes(root)
    for role in (Role.WALL, Role.LEADER, Role.DUTY, Role.ANALYST):
        assert topics([role], found) == {f"*/{name}" for name in {*every, "overview"}}
    assert topics([Role.SYSADMIN], found) == {f"*/{name}" for name in platform}
    assert topics([Role.SYSADMIN, Role.LEADER], found) == {f"*/{name}" for name in {*every, "overview"}}
    assert topics([Role.LEADER], []) == frozenset()  # of nothing there is no overview
    assert topics([Role.AUDITOR, Role.SECADMIN], found) == topics([], found) == frozenset()


def test_a_pattern_covers_a_scene_in_every_world_and_nothing_else():
    assert allows(["*/traffic"], "replay/traffic")
    assert not allows(["*/traffic"], "live/safety")
    assert not allows(["*/traffic"], "traffic")
    assert allows(["*/traffic"], "live/traffic/parking")  # a layer of its map
    assert not allows(["*/traffic"], "live/safety/cameras")
    assert not allows(["*/traffic"], "live/traffic/x/y")


def test_a_wall_begins_at_the_wall_and_everyone_else_at_home():
    assert home([Role.WALL]) == "/wall"
    assert home([Role.LEADER]) == "/"
    assert home([Role.WALL, Role.LEADER]) == "/"
    assert first([Role.DUTY, Role.LEADER]) == Role.LEADER


def test_whoever_may_see_a_wall_may_follow_screens_and_a_device_only_its_own():
    assert screen_topics([Role.WALL, Role.LEADER]) == {"screens/*"}
    assert screen_topics([Role.WALL], "main") == {"screens/main"}
    assert screen_topics([Role.AUDITOR]) == frozenset()
    assert allows(["screens/*"], "screens/main.left")
    assert not allows(["screens/main"], "screens/hall")
    assert not allows(["*/main"], "screens/main")
