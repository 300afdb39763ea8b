"""The visitor: who makes the request that is being answered, and what they may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flask import g, has_request_context

from ioc.security.permission import Permission, may
from ioc.security.role import Role


class Forbidden(Exception):
    """The visitor lacks a permission."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"permission {permission} is missing")
        self.permission = permission


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who is signed in, as the session says at this request."""

    id: str
    name: str
    roles: frozenset[Role]
    session: str  # public id of the session, not its secret
    device: bool  # a wall device: never idle
    title: str = ""  # the name as shown
    screen: str = ""  # of an enrolled device: the screen that it shows
    within: frozenset[str] | None = None  # the regions that they see, with all below them; None: all


_ASSEMBLING: ContextVar[bool] = ContextVar("assembling", default=False)


@contextmanager
def assembling() -> Iterator[None]:
    """While the application is put together, layouts are built for nobody and permissions are not asked for."""
    token = _ASSEMBLING.set(True)
    try:
        yield
    finally:
        _ASSEMBLING.reset(token)


def current_person() -> Person | None:
    """Who makes this request; None outside a request and for an anonymous one."""
    person: Person | None = g.get("person") if has_request_context() else None
    return person


def person_may(permission: Permission | str) -> bool:
    """Whether the visitor has the permission. Raises ValueError for a permission that does not exist."""
    wanted = Permission(permission)
    person = current_person()
    return person is not None and may(person.roles, wanted)


def is_open(permission: Permission | str) -> bool:
    """Whether something may be shown: the visitor has the permission, or the application is being put together."""
    wanted = Permission(permission)
    return _ASSEMBLING.get() or person_may(wanted)


def require(permission: Permission | str) -> None:
    """Raises Forbidden unless it `is_open`."""
    if not is_open(permission):
        raise Forbidden(Permission(permission))
