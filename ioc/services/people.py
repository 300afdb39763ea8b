"""People: accounts and their roles. Each call is one transaction; whoever loses a right loses their sessions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ioc.geo.region import shipped
from ioc.security import identity, password
from ioc.security.role import TITLES, Role
from ioc.services.audit import record
from ioc.services.refusals import BadName, NameTaken, RolesExclude, UnknownPerson, UnknownRegion, WeakPassword
from ioc.store.tables import PersonRow, RoleGrantRow, SessionRow
from ioc.store.unit import Store

_NAME = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it; no secret in it."""

    id: str
    name: str
    title: str
    roles: frozenset[Role]
    has_password: bool
    disabled: bool
    regions: tuple[str, ...] = ()


def add_person(
    store: Store, name: str, roles: Iterable[Role], secret: str | None, now_ms: int, *, title: str = "",
    temporary: bool = False,
) -> Account:  # fmt: skip
    """Open an account; `secret` None means it has no password yet, a `temporary` one is changed at the first sign-in.

    Raises BadName, NameTaken, WeakPassword, RolesExclude.
    """
    name = known_as(name)
    if not _NAME.fullmatch(name):
        raise BadName(name)
    kept = hashed(secret, name) if secret is not None else None
    person = PersonRow(id=identity.new_id(), name=name, title=title or name, created_ms=now_ms, must_change=temporary)
    if kept:
        person.password_hash, person.password_set_ms = kept, now_ms
    with store.write() as unit:
        if unit.scalar(select(PersonRow.id).where(PersonRow.name == name)):
            raise NameTaken(name)
        unit.add(person)
        unit.flush()
        record(unit, "person.add", name, now_ms, {"title": person.title, "password": kept is not None})
        for role in roles:
            _grant(unit, person, role, now_ms)
        return _account(unit, person)


def grant_role(store: Store, name: str, role: Role, now_ms: int) -> Account:
    """Give a person a role; a role already held stays as it is. Raises UnknownPerson, RolesExclude."""
    with store.write() as unit:
        person = person_row(unit, name)
        _grant(unit, person, role, now_ms)
        return _account(unit, person)


def grant_in(unit: Session, name: str, role: Role, now_ms: int) -> None:
    """`grant_role` within a unit, beside what else holds only with it."""
    _grant(unit, person_row(unit, name), role, now_ms)


def revoke_role(store: Store, name: str, role: Role, now_ms: int) -> tuple[Account, list[str]]:
    """Take a role away and end the person's sessions, whose ids are returned. Raises UnknownPerson."""
    with store.write() as unit:
        person = person_row(unit, name)
        unit.execute(delete(RoleGrantRow).where(RoleGrantRow.person_id == person.id, RoleGrantRow.role == role.value))
        record(unit, "role.revoke", person.name, now_ms, {"role": role.value})
        return _account(unit, person), end_sessions(unit, person.id, "role_revoked", now_ms)


def set_regions(store: Store, name: str, codes: Iterable[str], now_ms: int) -> tuple[Account, list[str]]:
    """Let a person see what is of these regions with all below them, of the whole district without any; the person's
    sessions end, their ids are returned. Raises UnknownPerson, UnknownRegion."""
    wanted = sorted(set(codes))
    for code in wanted:
        if code not in shipped():
            raise UnknownRegion(code)
    with store.write() as unit:
        person = person_row(unit, name)
        person.regions = ",".join(wanted)
        record(unit, "person.regions", person.name, now_ms, {"regions": wanted})
        return _account(unit, person), end_sessions(unit, person.id, "regions", now_ms)


def disable_person(store: Store, name: str, now_ms: int) -> tuple[Account, list[str]]:
    """Close an account and end its sessions, whose ids are returned. Raises UnknownPerson."""
    with store.write() as unit:
        person = person_row(unit, name)
        person.disabled_ms = person.disabled_ms or now_ms
        record(unit, "person.disable", person.name, now_ms)
        return _account(unit, person), end_sessions(unit, person.id, "disabled", now_ms)


def enable_person(store: Store, name: str, now_ms: int) -> Account:
    """Open a closed account again. Raises UnknownPerson."""
    with store.write() as unit:
        person = person_row(unit, name)
        person.disabled_ms = None
        record(unit, "person.enable", person.name, now_ms)
        return _account(unit, person)


def set_password(
    store: Store, name: str, secret: str, now_ms: int, *, temporary: bool = False
) -> tuple[Account, list[str]]:
    """Set a password and end the sessions made with the old one; a `temporary` one must be changed at the first
    sign-in. Raises UnknownPerson, WeakPassword."""
    name = known_as(name)
    kept = hashed(secret, name)
    with store.write() as unit:
        person = person_row(unit, name)
        person.password_hash, person.password_set_ms, person.must_change = kept, now_ms, temporary
        record(unit, "person.password", person.name, now_ms, {"temporary": temporary})
        return _account(unit, person), end_sessions(unit, person.id, "password", now_ms)


def close_sessions(store: Store, name: str, now_ms: int) -> list[str]:
    """End all sessions of a person, whose ids are returned. Raises UnknownPerson."""
    with store.write() as unit:
        person = person_row(unit, name)
        ended = end_sessions(unit, person.id, "closed", now_ms)
        record(unit, "session.revoke", person.name, now_ms, {"sessions": len(ended)})
        return ended


def account(store: Store, name: str) -> Account:
    """The account of this name. Raises UnknownPerson."""
    with store.read() as unit:
        return _account(unit, person_row(unit, name))


def everyone(store: Store) -> Sequence[Account]:
    """All accounts by name."""
    with store.read() as unit:
        return [_account(unit, person) for person in unit.scalars(select(PersonRow).order_by(PersonRow.name))]


def ensure_built_in(unit: Session, role: Role, now_ms: int) -> PersonRow:
    """The account that a one-time link of this role enters: named like the role, without a password.

    It is made once; what an administrator changed later (disabled it, took the role away) stays.
    """
    person = unit.scalar(select(PersonRow).where(PersonRow.name == role.value))
    if person is None:
        person = PersonRow(id=identity.new_id(), name=role.value, title=TITLES[role][0], created_ms=now_ms)
        unit.add(person)
        unit.flush()
        record(unit, "person.add", person.name, now_ms, {"title": person.title, "password": False})
        _grant(unit, person, role, now_ms)
    return person


def roles_of(unit: Session, person_id: str) -> frozenset[Role]:
    """The roles a person has now."""
    rows = unit.scalars(select(RoleGrantRow.role).where(RoleGrantRow.person_id == person_id))
    return frozenset(Role(role) for role in rows)


def end_sessions(unit: Session, person_id: str, why: str, now_ms: int) -> list[str]:
    """End all open sessions of a person within a unit; returns their ids."""
    open_ = (SessionRow.person_id == person_id) & SessionRow.ended_ms.is_(None)
    ids = list(unit.scalars(select(SessionRow.id).where(open_)))
    unit.execute(update(SessionRow).where(open_).values(ended_ms=now_ms, ended_why=why))
    return ids


def known_as(name: str) -> str:
    """The form in which account names are stored and compared."""
    return name.strip().casefold()[:64]


def hashed(secret: str, name: str) -> str:
    """The hash of a new password. Raises WeakPassword."""
    if faults := password.faults(secret, name):
        raise WeakPassword(faults)
    return identity.hash_password(secret)


def person_row(unit: Session, name: str) -> PersonRow:
    """The row of an account within a unit. Raises UnknownPerson."""
    person = unit.scalar(select(PersonRow).where(PersonRow.name == known_as(name)))
    if person is None:
        raise UnknownPerson(name)
    return person


def _grant(unit: Session, person: PersonRow, role: Role, now_ms: int) -> None:
    if role in roles_of(unit, person.id):
        return
    name = person.name  # not to be asked for any more once the database has refused
    unit.add(RoleGrantRow(person_id=person.id, role=role.value, granted_ms=now_ms))
    try:
        unit.flush()
    except IntegrityError as error:  # the database decides: its partial index is the rule
        raise RolesExclude(name, role) from error
    record(unit, "role.grant", name, now_ms, {"role": role.value})


def _account(unit: Session, person: PersonRow) -> Account:
    unit.flush()
    return Account(
        person.id,
        person.name,
        person.title,
        roles_of(unit, person.id),
        person.password_hash is not None,
        person.disabled_ms is not None,
        tuple(code for code in person.regions.split(",") if code),
    )
