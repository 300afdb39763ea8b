"""What pages read and change of the theme link library and of indicators, at the desk of the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import current_app

from ioc.door.desk import Desk
from ioc.door.visitor import current_person, person_may, require
from ioc.queries import library
from ioc.queries.indicator_incidents import RelatedIncident, incidents_of
from ioc.queries.indicator_page import IndicatorView
from ioc.queries.indicator_page import indicator_view as _indicator_view
from ioc.queries.library import Entry, Key
from ioc.queries.link_graph import LinkGraph
from ioc.queries.link_graph import link_graph as _link_graph
from ioc.security.permission import Permission
from ioc.services import library as changes


def _desk() -> Desk:
    desk: Desk = current_app.extensions["ioc"]
    return desk


def link_graph() -> LinkGraph:
    """The theme link library in force, with the health of its systems."""
    store = _desk().store
    return _link_graph(library.library(store), library.health(store))


def shown_world(world: str | None) -> str:
    """The world that an address names, or the one of the deployment."""
    return world or _desk().settings.world


def connect_allowed() -> tuple[str, ...]:
    """Where connectors of this centre may connect to, as the setting says it."""
    return tuple(part.strip() for part in _desk().settings.connect_allow.split(",") if part.strip())


def indicator_view(name: str) -> IndicatorView:
    """Raises UnknownIndicator."""
    return _indicator_view(name, library.library(_desk().store))


def related_incidents(name: str, world: str | None) -> tuple[RelatedIncident, ...] | None:
    """The incidents made of alarms of an indicator, as the visitor may see them; None: they may see none at all."""
    person = current_person()
    if person is None or not person_may(Permission.DUTY_VIEW):
        return None
    return incidents_of(_desk().store, name, shown_world(world), person.within)


def link_history(key: Key) -> list[Entry]:
    """All versions of an entry of the library, the newest first."""
    return library.history(_desk().store, key)


def change_link(action: str, key: Key, version: int, body: Mapping[str, Any] | None = None) -> Entry:
    """`save`, `remove` or `undo` an entry, as the visitor. Raises Forbidden, Refusal, SQLAlchemyError."""
    require(Permission.LINKS_EDIT)
    person, desk = current_person(), _desk()
    by = person.name if person else ""
    if action == "save":
        entry = changes.change(desk.store, key, body or {}, version, by=by, now_ms=desk.clock())
    else:
        step = {"remove": changes.remove, "undo": changes.undo}[action]
        entry = step(desk.store, key, version, by=by, now_ms=desk.clock())
    structlog.get_logger().info(
        "library_changed", action=action, scene=key[0], kind=key[1], entry=key[2], version=entry.version, by=by
    )
    return entry
