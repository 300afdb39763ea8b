"""Coming in and going out: password, one-time link, session, sign-out. Each call is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ioc.security import identity, lockout, password, session
from ioc.security.role import Role
from ioc.services.people import known_as, roles_of
from ioc.services.refusals import LinkRefused
from ioc.store.tables import OneTimeLinkRow, PersonRow, SessionRow, SignInAttemptRow
from ioc.store.unit import Store

Why = Literal["wrong", "locked", "password_expired", "no_role"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A sign-in that failed: `left` tries remain, or it is locked until `until_ms`."""

    why: Why
    left: int = 0
    until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that is open, and whose."""

    session: str
    person: str
    name: str
    title: str
    roles: frozenset[Role]
    device: bool
    created_ms: int
    seen_ms: int

    def lasts_ms(self, now_ms: int) -> int:
        """How much longer it lasts without activity; 0 when it is over."""
        return session.lasts_ms(self.created_ms, self.seen_ms, now_ms, device=self.device)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is kept nowhere else."""

    token: str
    visit: Visit


def sign_in(
    store: Store, name: str, secret: str, address: str, now_ms: int, *, old_token: str | None = None
) -> SignedIn | Refused:
    """Sign in with a password. A wrong name and a wrong password look the same and take the same time.

    A session that the browser already had (`old_token`) ends: its id is never taken over.
    """
    name = known_as(name)
    with store.read() as unit:
        until = lockout.locked_until(_failures(unit, name, now_ms), now_ms)
        hashed = unit.scalar(select(PersonRow.password_hash).where(PersonRow.name == name))
    if until is not None:
        return Refused("locked", until_ms=until)
    fits = identity.verify_password(secret[:1024], hashed)
    with store.write() as unit:
        if unit.get_bind().dialect.name == "postgresql":
            unit.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))
        # Decided here and not above: of many guesses sent at once, those after the fifth failure count for nothing.
        failures = _failures(unit, name, now_ms)
        until = lockout.locked_until(failures, now_ms)
        if until is not None:
            return Refused("locked", until_ms=until)
        person = unit.scalar(select(PersonRow).where(PersonRow.name == name, PersonRow.disabled_ms.is_(None)))
        fits = fits and person is not None and person.password_hash == hashed
        unit.add(SignInAttemptRow(id=identity.new_id(), name=name, address=address, at_ms=now_ms, succeeded=fits))
        if not fits or person is None:
            failures = [*failures, now_ms]
            until = lockout.locked_until(failures, now_ms)
            return Refused("locked", until_ms=until) if until else Refused("wrong", lockout.left(failures, now_ms))
        if password.expired(person.password_set_ms, now_ms):
            return Refused("password_expired")
        if hashed is not None and identity.outdated(hashed):
            person.password_hash = identity.hash_password(secret)
        return _open(unit, person, address, now_ms, old_token) or Refused("no_role")


def use_link(
    store: Store, token: str, address: str, now_ms: int, *, here: bool, old_token: str | None = None
) -> SignedIn:
    """Come in by a one-time link, which is used up. `here`: the request comes from this machine, else nothing opens.

    Raises LinkRefused with the reason; a link that was refused because of its place is not used up.
    """
    if not here:
        raise LinkRefused("not_here")
    with store.write() as unit:
        link = unit.get(OneTimeLinkRow, identity.digest(token))
        if link is None:
            raise LinkRefused("unknown")
        for why, true in (
            ("used", link.used_ms is not None),
            ("withdrawn", link.withdrawn_ms is not None),
            ("expired", now_ms >= link.expires_ms),
        ):
            if true:
                raise LinkRefused(why)
        taken = unit.execute(
            update(OneTimeLinkRow)
            .where(OneTimeLinkRow.digest == link.digest, OneTimeLinkRow.used_ms.is_(None))
            .values(used_ms=now_ms)
            .returning(OneTimeLinkRow.digest)
        ).all()
        if not taken:  # someone else was faster
            raise LinkRefused("used")
        person = unit.scalar(select(PersonRow).where(PersonRow.name == link.role, PersonRow.disabled_ms.is_(None)))
        if person is None or Role(link.role) not in roles_of(unit, person.id):
            raise LinkRefused("closed")
        opened = _open(unit, person, address, now_ms, old_token)
        if opened is None:
            raise LinkRefused("closed")
        return opened


def sign_out(store: Store, token: str, now_ms: int) -> str | None:
    """End the session of this cookie; returns its id, or None when there was none."""
    with store.write() as unit:
        return _end(unit, token, "signed_out", now_ms)


def find_visit(store: Store, token: str, now_ms: int) -> Visit | None:
    """The open session of this cookie with the roles its person has now, or None: over, ended, disabled, no role."""
    with store.read() as unit:
        row = unit.execute(
            select(SessionRow, PersonRow)
            .join(PersonRow, PersonRow.id == SessionRow.person_id)
            .where(
                SessionRow.id == identity.digest(token),
                SessionRow.ended_ms.is_(None),
                PersonRow.disabled_ms.is_(None),
            )
        ).one_or_none()
        if row is None:
            return None
        visit = _visit(row[0], row[1], roles_of(unit, row[1].id))
    over = session.ended(visit.created_ms, visit.seen_ms, now_ms, device=visit.device)
    return None if over or not visit.roles else visit


def note_activity(store: Store, session_id: str, now_ms: int) -> None:
    """Write down that the session was used at `now_ms`."""
    with store.write() as unit:
        unit.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.ended_ms.is_(None), SessionRow.seen_ms < now_ms)
            .values(seen_ms=now_ms)
        )


def ended_since(store: Store, since_ms: int) -> Sequence[str]:
    """Ids of the sessions that somebody ended at or after `since_ms`."""
    with store.read() as unit:
        return list(unit.scalars(select(SessionRow.id).where(SessionRow.ended_ms >= since_ms)))


def _open(unit: Session, person: PersonRow, address: str, now_ms: int, old_token: str | None) -> SignedIn | None:
    """A new session with an id of its own, or None for a person without any role."""
    roles = roles_of(unit, person.id)
    if not roles:
        return None
    if old_token:
        _end(unit, old_token, "replaced", now_ms)
    token = identity.new_token()
    row = SessionRow(
        id=identity.digest(token),
        person_id=person.id,
        device=roles == {Role.WALL},
        address=address[:64],
        created_ms=now_ms,
        seen_ms=now_ms,
    )
    unit.add(row)
    return SignedIn(token, _visit(row, person, roles))


def _end(unit: Session, token: str, why: str, now_ms: int) -> str | None:
    return unit.scalar(
        update(SessionRow)
        .where(SessionRow.id == identity.digest(token), SessionRow.ended_ms.is_(None))
        .values(ended_ms=now_ms, ended_why=why)
        .returning(SessionRow.id)
    )


def _visit(row: SessionRow, person: PersonRow, roles: frozenset[Role]) -> Visit:
    # A device that was given more rights than a wall's is a person's browser and falls idle like one.
    device = row.device and roles == {Role.WALL}
    return Visit(row.id, person.id, person.name, person.title, roles, device, row.created_ms, row.seen_ms)


def _failures(unit: Session, name: str, now_ms: int) -> list[int]:
    """Times of the failures within the window and after the last success."""
    attempts = unit.execute(
        select(SignInAttemptRow.at_ms, SignInAttemptRow.succeeded)
        .where(SignInAttemptRow.name == name, SignInAttemptRow.at_ms > now_ms - lockout.WINDOW_MS)
        .order_by(SignInAttemptRow.at_ms.desc())
    )
    failures = []
    for at_ms, succeeded in attempts:
        if succeeded:
            break
        failures.append(at_ms)
    return failures
