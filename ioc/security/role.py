"""Roles: what a person is here for, which roles exclude each other, and where each begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """The seven roles; a person may have several, but at most one of ADMINISTRATORS."""

    WALL = "wall"
    LEADER = "leader"
    DUTY = "duty"
    ANALYST = "analyst"
    SYSADMIN = "sysadmin"
    SECADMIN = "secadmin"
    AUDITOR = "auditor"


# The three administrators of GB/T 22239 level 3: nobody may run the system, grant rights and read the audit at once.
ADMINISTRATORS = frozenset({Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR})

TITLES: Mapping[Role, tuple[str, str]] = {
    Role.WALL: ("大屏", "Wall"),
    Role.LEADER: ("领导", "Leader"),
    Role.DUTY: ("值班员", "Duty officer"),
    Role.ANALYST: ("分析员", "Analyst"),
    Role.SYSADMIN: ("系统管理员", "System administrator"),
    Role.SECADMIN: ("安全管理员", "Security administrator"),
    Role.AUDITOR: ("审计管理员", "Auditor"),
}


def home(roles: Iterable[Role]) -> str:
    """The path where someone with these roles begins: the wall for a wall device, else the start page."""
    return "/wall" if set(roles) == {Role.WALL} else "/"


def first(roles: Iterable[Role]) -> Role:
    """The role named where only one can be: the first in the order of `Role`. Raises ValueError for none."""
    return min(roles, key=list(Role).index)
