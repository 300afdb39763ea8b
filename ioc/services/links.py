"""One-time links: a fresh way in for each role, from this machine only."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from ioc.security import identity
from ioc.security.role import Role
from ioc.services.audit import record
from ioc.services.people import ensure_built_in, roles_of
from ioc.services.refusals import RoleNotOpen
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.tables import OneTimeLinkRow
from ioc.store.unit import Store
from metrics.clock import real_ms

LASTS_MS = 12 * 3_600_000  # a working day: a link found in an old terminal opens nothing


def make_links(settings: Settings) -> Mapping[str, str]:
    """Role -> address of a new one-time link; earlier unused links of all roles die. Prepares the database if needed.

    Called by the supervisor at each start. A role whose built-in account was closed gets none. Raises
    sqlalchemy.exc.SQLAlchemyError when the database does not answer, ioc.store.schema.UnknownSchema when it is newer.
    """
    store = Store(settings.sql_url)
    try:
        schema.upgrade(store)
        return {role.value: address(settings, token) for role, token in renew_links(store, real_ms()).items()}
    finally:
        store.close()


def renew_links(store: Store, now_ms: int) -> Mapping[Role, str]:
    """Role -> token of a new link; earlier unused links die in the same transaction."""
    with store.write() as unit:
        unit.execute(
            update(OneTimeLinkRow)
            .where(OneTimeLinkRow.used_ms.is_(None), OneTimeLinkRow.withdrawn_ms.is_(None))
            .values(withdrawn_ms=now_ms)
        )
        return {role: _add(unit, role, now_ms) for role in Role if _is_open(unit, role, now_ms)}


def add_link(store: Store, role: Role, now_ms: int) -> str:
    """The token of one more link for a role; others stay as they are. Raises RoleNotOpen."""
    with store.write() as unit:
        if not _is_open(unit, role, now_ms):
            raise RoleNotOpen(role)
        return _add(unit, role, now_ms)


def address(settings: Settings, token: str) -> str:
    """Where a link leads: always a loopback address, since it opens nothing elsewhere."""
    host = "[::1]" if settings.web_host == "::1" else "127.0.0.1"
    return f"http://{host}:{settings.web_port}/enter/{token}"


def _is_open(unit: Session, role: Role, now_ms: int) -> bool:
    person = ensure_built_in(unit, role, now_ms)
    return person.disabled_ms is None and role in roles_of(unit, person.id)


def _add(unit: Session, role: Role, now_ms: int) -> str:
    token = identity.new_token()
    record(unit, "link.add", role.value, now_ms, {"expires_ms": now_ms + LASTS_MS})
    unit.add(
        OneTimeLinkRow(digest=identity.digest(token), role=role.value, created_ms=now_ms, expires_ms=now_ms + LASTS_MS)
    )
    return token
