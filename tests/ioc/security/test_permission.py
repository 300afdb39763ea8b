"""Roles and permissions: the whole matrix, literally."""

from __future__ import annotations

import pytest

from ioc.security.permission import GRANTED, Permission, allows, may, topics
from ioc.security.role import ADMINISTRATORS, Role, first, home

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
    "health.view":      "no   yes    yes  yes     yes      no       no",
    "duty.view":        "no   yes    yes  no      no       no       no",
    "incident.handle":  "no   no     yes  no      no       no       no",
    "workbench.view":   "no   no     no   yes     no       no       no",
    "indicator.define": "no   no     no   yes     no       no       no",
    "personal.view":    "no   no     yes  no      no       no       no",
    "people.manage":    "no   no     no   no      yes      no       no",
    "role.grant":       "no   no     no   no      no       yes      no",
    "audit.view":       "no   no     no   no      no       no       yes",
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
    }


def test_no_two_administrators_share_a_power():
    powers = {Permission.PEOPLE_MANAGE, Permission.ROLE_GRANT, Permission.AUDIT_VIEW}
    assert {role: GRANTED[role] & powers for role in ADMINISTRATORS} == {
        Role.SYSADMIN: {Permission.PEOPLE_MANAGE},
        Role.SECADMIN: {Permission.ROLE_GRANT},
        Role.AUDITOR: {Permission.AUDIT_VIEW},
    }


def test_topics_follow_the_roles():
    assert "*/traffic" in topics([Role.WALL])
    assert topics([Role.SYSADMIN]) == {"*/operations"}
    assert topics([Role.AUDITOR]) == frozenset()


def test_a_pattern_covers_a_scene_in_every_world_and_nothing_else():
    assert allows(["*/traffic"], "replay/traffic")
    assert not allows(["*/traffic"], "live/safety")
    assert not allows(["*/traffic"], "traffic")
    assert not allows(["*/traffic"], "live/traffic/x")


def test_a_wall_begins_at_the_wall_and_everyone_else_at_home():
    assert home([Role.WALL]) == "/wall"
    assert home([Role.LEADER]) == "/"
    assert home([Role.WALL, Role.LEADER]) == "/"
    assert first([Role.DUTY, Role.LEADER]) == Role.LEADER
