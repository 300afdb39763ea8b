"""Permissions: what each role may do and which live topics it may receive; one table, nothing implied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from ioc.security.role import Role


class Permission(StrEnum):
    """What a page, callback, route or command can require."""

    SESSION = "session.own"  # one's own session: ask about it, end it; everyone who is signed in
    HOME_VIEW = "home.view"
    WALL_VIEW = "wall.view"
    LIVE_VIEW = "live.view"  # receive live frames
    INDICATOR_VIEW = "indicator.view"
    REGION_VIEW = "region.view"
    REGION_EDIT = "region.edit"  # communities, population and area of regions
    COVERAGE_VIEW = "coverage.view"
    LINKS_EDIT = "links.edit"  # change the theme link library
    HEALTH_VIEW = "health.view"
    DUTY_VIEW = "duty.view"
    INCIDENT_HANDLE = "incident.handle"
    WORKBENCH_VIEW = "workbench.view"
    INDICATOR_DEFINE = "indicator.define"
    PERSONAL_VIEW = "personal.view"
    PEOPLE_MANAGE = "people.manage"
    ROLE_GRANT = "role.grant"
    AUDIT_VIEW = "audit.view"


P = Permission
READING = frozenset(
    {P.HOME_VIEW, P.WALL_VIEW, P.LIVE_VIEW, P.INDICATOR_VIEW, P.REGION_VIEW, P.COVERAGE_VIEW, P.HEALTH_VIEW}
)

GRANTED: Mapping[Role, frozenset[Permission]] = {
    # A screen on a wall: it shows, it opens no personal data and changes nothing.
    Role.WALL: frozenset({P.SESSION, P.WALL_VIEW, P.LIVE_VIEW, P.INDICATOR_VIEW, P.REGION_VIEW}),
    Role.LEADER: READING | {P.SESSION, P.DUTY_VIEW},
    Role.DUTY: READING | {P.SESSION, P.DUTY_VIEW, P.INCIDENT_HANDLE, P.PERSONAL_VIEW},
    Role.ANALYST: READING | {P.SESSION, P.REGION_EDIT, P.WORKBENCH_VIEW, P.INDICATOR_DEFINE},
    Role.SYSADMIN: frozenset(
        {
            P.SESSION,
            P.HOME_VIEW,
            P.LIVE_VIEW,
            P.HEALTH_VIEW,
            P.COVERAGE_VIEW,
            P.REGION_EDIT,
            P.LINKS_EDIT,
            P.PEOPLE_MANAGE,
        }
    ),
    Role.SECADMIN: frozenset({P.SESSION, P.HOME_VIEW, P.COVERAGE_VIEW, P.ROLE_GRANT}),
    Role.AUDITOR: frozenset({P.SESSION, P.HOME_VIEW, P.COVERAGE_VIEW, P.AUDIT_VIEW}),
}

SCENES = ("governance", "renewal", "services", "livelihood", "traffic", "safety", "emergency", "operations")
_ALL_TOPICS = frozenset(f"*/{scene}" for scene in SCENES)
TOPICS: Mapping[Role, frozenset[str]] = {
    Role.WALL: _ALL_TOPICS,
    Role.LEADER: _ALL_TOPICS,
    Role.DUTY: _ALL_TOPICS,
    Role.ANALYST: _ALL_TOPICS,
    Role.SYSADMIN: frozenset({"*/operations"}),
    Role.SECADMIN: frozenset(),
    Role.AUDITOR: frozenset(),
}


def may(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether any of the roles grants the permission; no role grants nothing."""
    return any(permission in GRANTED[role] for role in roles)


def topics(roles: Iterable[Role]) -> frozenset[str]:
    """The live topics (`world/scene`, `*` for any world) that these roles may receive."""
    return frozenset().union(*(TOPICS[role] for role in roles))


def allows(patterns: Iterable[str], topic: str) -> bool:
    """Whether a topic such as `live/traffic` is among the patterns."""
    world, _, scene = topic.partition("/")
    return bool(world) and any(pattern in {f"*/{scene}", topic} for pattern in patterns)
