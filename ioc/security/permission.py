"""Permissions: what each role may do and which live topics it may receive; one table, nothing implied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol

from ioc.live.topic import DESK, OVERVIEW
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
    PLAYBACK_START = "playback.start"  # show the past of a world; who may see a wall may follow
    SCREEN_VIEW = "screen.view"  # which screen shows what, and who has it
    SCREEN_CONTROL = "screen.control"  # take a screen for a while
    SCREEN_HOLD = "screen.hold"  # hold it before leaders, and lead it through an emergency
    SCREEN_MANAGE = "screen.manage"  # what screens are; devices that show them
    VIDEO_VIEW = "video.view"  # the pictures of cameras
    HEALTH_VIEW = "health.view"
    DUTY_VIEW = "duty.view"
    INCIDENT_HANDLE = "incident.handle"
    ROSTER_EDIT = "roster.edit"  # who is on duty when
    MEANS_EDIT = "means.edit"  # supplies and shelters, what is issued and who is taken in
    MESSAGE_ANSWER = "message.answer"  # say that one has read what one was told
    PLAN_STEP = "plan.step"  # do steps of plans, start and cancel them
    PLAN_EDIT = "plan.edit"  # work on drafts of plans
    PLAN_PUBLISH = "plan.publish"  # put a version of a plan into force
    RESPONSE_ORDER = "response.order"  # response levels Ⅳ and Ⅲ; which takes which is said by responses.toml
    RESPONSE_COMMAND = "response.command"  # Ⅱ and Ⅰ
    WORKBENCH_VIEW = "workbench.view"
    INDICATOR_DEFINE = "indicator.define"
    PERSONAL_VIEW = "personal.view"
    PEOPLE_MANAGE = "people.manage"
    ROLE_GRANT = "role.grant"
    AUDIT_VIEW = "audit.view"
    ADMIN_VIEW = "admin.view"  # the page of administration; each part of it asks for its own permission too


P = Permission
READING = frozenset(
    {P.HOME_VIEW, P.WALL_VIEW, P.LIVE_VIEW, P.INDICATOR_VIEW, P.REGION_VIEW, P.COVERAGE_VIEW, P.HEALTH_VIEW}
)

GRANTED: Mapping[Role, frozenset[Permission]] = {
    # A screen on a wall: it shows, it opens no personal data and changes nothing.
    Role.WALL: frozenset({P.SESSION, P.WALL_VIEW, P.LIVE_VIEW, P.INDICATOR_VIEW, P.REGION_VIEW, P.VIDEO_VIEW}),
    Role.LEADER: READING
    | {
        P.SESSION,
        P.DUTY_VIEW,
        P.MESSAGE_ANSWER,
        P.PLAN_STEP,
        P.PLAN_EDIT,
        P.PLAN_PUBLISH,
        P.ROSTER_EDIT,
        P.RESPONSE_ORDER,
        P.RESPONSE_COMMAND,
        P.ADMIN_VIEW,
        P.PLAYBACK_START,
        P.SCREEN_VIEW,
        P.SCREEN_CONTROL,
        P.VIDEO_VIEW,
    },
    Role.DUTY: READING
    | {
        P.SESSION,
        P.DUTY_VIEW,
        P.INCIDENT_HANDLE,
        P.MESSAGE_ANSWER,
        P.PLAN_STEP,
        P.PLAN_EDIT,
        P.ROSTER_EDIT,
        P.MEANS_EDIT,
        P.RESPONSE_ORDER,
        P.PERSONAL_VIEW,
        P.ADMIN_VIEW,
        P.PLAYBACK_START,
        P.SCREEN_VIEW,
        P.SCREEN_CONTROL,
        P.SCREEN_HOLD,
        P.VIDEO_VIEW,
    },
    Role.ANALYST: READING | {P.SESSION, P.REGION_EDIT, P.WORKBENCH_VIEW, P.INDICATOR_DEFINE, P.PLAYBACK_START},
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
            P.ADMIN_VIEW,
            P.SCREEN_VIEW,
            P.SCREEN_MANAGE,
        }
    ),
    Role.SECADMIN: frozenset({P.SESSION, P.HOME_VIEW, P.COVERAGE_VIEW, P.ROLE_GRANT, P.ADMIN_VIEW}),
    Role.AUDITOR: frozenset({P.SESSION, P.HOME_VIEW, P.COVERAGE_VIEW, P.AUDIT_VIEW, P.ADMIN_VIEW}),
}

SCREENS = "screens"  # in place of a world: what a screen is told to show
EVERY_SCENE = frozenset({Role.WALL, Role.LEADER, Role.DUTY, Role.ANALYST})
PLATFORM_SCENES = frozenset({Role.SYSADMIN})  # those that watch the centre itself, and no other


class Scene(Protocol):
    """A scene as the packs declare it; `platform`: it watches the centre itself."""

    @property
    def id(self) -> str: ...
    @property
    def platform(self) -> bool: ...


def may(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether any of the roles grants the permission; no role grants nothing."""
    return any(permission in GRANTED[role] for role in roles)


def topics(roles: Iterable[Role], scenes: Iterable[Scene]) -> frozenset[str]:
    """The live topics (`world/scene`, `*` for any world) of these scenes that these roles may receive. The overview
    tells of all scenes: it is for who may see every one."""
    held = frozenset(roles)
    every, platform = bool(held & EVERY_SCENE), bool(held & PLATFORM_SCENES)
    found = {f"*/{scene.id}" for scene in scenes if every or (platform and scene.platform)}
    return frozenset(found | ({f"*/{OVERVIEW}"} if every and found else set()))


def screen_topics(roles: Iterable[Role], screen: str = "") -> frozenset[str]:
    """The topics that say what screens show: a device's own `screen`, of people who may see a wall any."""
    return frozenset({f"{SCREENS}/{screen or '*'}"}) if may(roles, P.WALL_VIEW) else frozenset()


def desk_topics(roles: Iterable[Role]) -> frozenset[str]:
    """The topics that say which incidents changed, of any world."""
    return frozenset({f"*/{DESK}"}) if may(roles, P.DUTY_VIEW) else frozenset()


def allows(patterns: Iterable[str], topic: str) -> bool:
    """Whether a topic such as `live/traffic`, or a layer of it (`live/traffic/parking`), is among the patterns."""
    world, _, rest = topic.partition("/")
    if world == SCREENS:
        return not {topic, f"{SCREENS}/*"}.isdisjoint(patterns)
    scene, _, layer = rest.partition("/")
    return (
        bool(world) and "/" not in layer and any(pattern in {f"*/{scene}", f"{world}/{scene}"} for pattern in patterns)
    )
