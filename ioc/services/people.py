"""People: accounts and their roles. Each call is one transaction; whoever loses a right loses their sessions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ioc.security import identity, password
from ioc.security.role import TITLES, Role
from ioc.services.refusals import BadName, NameTaken, RolesExclude, UnknownPerson, WeakPassword
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


def add_person(
    store: Store, name: str, roles: Iterable[Role], secret: str | None, now_ms: int, *, title: str = ""
) -> Account:
    """Open an account; `secret` None means it has no password yet.

    Raises BadName, NameTaken, WeakPassword, RolesExclude.
    """
    name = known_as(name)
    if not _NAME.fullmatch(name):
        raise BadName(name)
    hashed = _hashed(secret, name) if secret is not None else None
    person = PersonRow(id=identity.new_id(), name=name, title=title or name, created_ms=now_ms)
    if hashed:
        person.password_hash, person.password_set_ms = hashed, now_ms
    with store.write() as unit:
        if unit.scalar(select(PersonRow.id).where(PersonRow.name == name)):
            raise NameTaken(name)
        unit.add(person)
        unit.flush()
        for role in roles:
            _grant(unit, person, role, now_ms)
        return _account(unit, person)


def grant_role(store: Store, name: str, role: Role, now_ms: int) -> Account:
    """Give a person a role; a role already held stays as it is. Raises UnknownPerson, RolesExclude."""
    with store.write() as unit:
        person = _person(unit, name)
        _grant(unit, person, role, now_ms)
        return _account(unit, person)


def revoke_role(store: Store, name: str, role: Role, now_ms: int) -> tuple[Account, list[str]]:
    """Take a role away and end the person's sessions, whose ids are returned. Raises UnknownPerson."""
    with store.write() as unit:
        person = _person(unit, name)
        unit.execute(delete(RoleGrantRow).where(RoleGrantRow.person_id == person.id, RoleGrantRow.role == role.value))
        return _account(unit, person), end_sessions(unit, person.id, "role_revoked", now_ms)


def disable_person(store: Store, name: str, now_ms: int) -> tuple[Account, list[str]]:
    """Close an account and end its sessions, whose ids are returned. Raises UnknownPerson."""
    with store.write() as unit:
        person = _person(unit, name)
        person.disabled_ms = person.disabled_ms or now_ms
        return _account(unit, person), end_sessions(unit, person.id, "disabled", now_ms)


def enable_person(store: Store, name: str) -> Account:
    """Open a closed account again. Raises UnknownPerson."""
    with store.write() as unit:
        person = _person(unit, name)
        person.disabled_ms = None
        return _account(unit, person)


def set_password(store: Store, name: str, secret: str, now_ms: int) -> tuple[Account, list[str]]:
    """Set a password and end the sessions made with the old one. Raises UnknownPerson, WeakPassword."""
    name = known_as(name)
    hashed = _hashed(secret, name)
    with store.write() as unit:
        person = _person(unit, name)
        person.password_hash, person.password_set_ms = hashed, now_ms
        return _account(unit, person), end_sessions(unit, person.id, "password", now_ms)


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


def _hashed(secret: str, name: str) -> str:
    if faults := password.faults(secret, name):
        raise WeakPassword(faults)
    return identity.hash_password(secret)


def _person(unit: Session, name: str) -> PersonRow:
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


def _account(unit: Session, person: PersonRow) -> Account:
    unit.flush()
    return Account(
        person.id,
        person.name,
        person.title,
        roles_of(unit, person.id),
        person.password_hash is not None,
        person.disabled_ms is not None,
    )
