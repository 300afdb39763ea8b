"""Coming in and going out: password, one-time link, session, sign-out. Each call is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ioc.geo.region import shipped
from ioc.security import identity, lockout, password, session
from ioc.security.role import Role
from ioc.services import second_factor as factors
from ioc.services.audit import record
from ioc.services.people import hashed as hashed_new
from ioc.services.people import known_as, roles_of
from ioc.services.refusals import LinkRefused, WeakPassword
from ioc.store.second_factor_tables import SignInStepRow
from ioc.store.tables import OneTimeLinkRow, PersonRow, ScreenDeviceRow, SessionRow, SignInAttemptRow
from ioc.store.unit import Store

Why = Literal["wrong", "locked", "password_expired", "no_role", "step_over", "wrong_code"]
Owed = Literal["code", "change", "enrol"]
STEP_MS = 5 * 60_000  # so long a sign-in may stand half way


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
    screen: str = ""  # of an enrolled device: the screen that it shows
    address: str = ""  # and the only address from which it may ask
    within: frozenset[str] | None = None  # the regions that the person sees, with all below them; None: all

    def lasts_ms(self, now_ms: int) -> int:
        """How much longer it lasts without activity; 0 when it is over."""
        return session.lasts_ms(self.created_ms, self.seen_ms, now_ms, device=self.device)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is kept nowhere else."""

    token: str
    visit: Visit
    recovery: Sequence[str] = ()  # codes that are told now and never again


@dataclass(frozen=True, slots=True)
class Step:
    """The password fitted, and something more is owed: a code, another password, or a second factor at all.

    `token` stands in the form; `secret` is what the telephone is to learn. `faults`: of what was given last.
    """

    token: str
    owes: Owed
    name: str
    secret: str = ""
    faults: Sequence[tuple[str, str]] = field(default=())


def sign_in(
    store: Store, name: str, secret: str, address: str, now_ms: int, *, old_token: str | None = None,
    factor_for: Collection[Role] = (),
) -> SignedIn | Step | Refused:  # fmt: skip
    """Sign in with a password. A wrong name and a wrong password look the same and take the same time.

    A session that the browser already had (`old_token`) ends: its id is never taken over. `factor_for`: the roles that
    take a second factor.
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
            record(unit, "session.refuse", name, now_ms, {"why": "locked" if until else "wrong"}, by=name)
            return Refused("locked", until_ms=until) if until else Refused("wrong", lockout.left(failures, now_ms))
        if password.expired(person.password_set_ms, now_ms):
            record(unit, "session.refuse", name, now_ms, {"why": "password_expired"}, by=name)
            return Refused("password_expired")
        if hashed is not None and identity.outdated(hashed):
            person.password_hash = identity.hash_password(secret)
        owed = _owed(unit, person, factor_for, proved=False)
        if owed is not None:
            return _half_way(unit, person, owed, now_ms)
        return open_session(unit, person, address, now_ms, old_token, way="password") or Refused("no_role")


def prove(  # noqa: PLR0917 - what somebody shows
    store: Store, name: str, secret: str, code: str, address: str, now_ms: int
) -> str | None:
    """Whether somebody at the command line is this account: password, and code where there is a factor; no session.

    The account as it is stored, or None. Failures count as those of the page do.
    """
    outcome = sign_in(store, name, secret, address, now_ms)
    if isinstance(outcome, Step) and outcome.owes == "code":
        outcome = go_on(store, outcome.token, code, address, now_ms)
    if not isinstance(outcome, SignedIn):
        return None
    sign_out(store, outcome.token, now_ms)
    return outcome.visit.name


def go_on(
    store: Store, token: str, given: str, address: str, now_ms: int, *, old_token: str | None = None,
    factor_for: Collection[Role] = (),
) -> SignedIn | Step | Refused:  # fmt: skip
    """Give what a sign-in that is half way owes: the code, or the new password. A wrong code counts as a failure."""
    with store.write() as unit:
        half = unit.scalar(
            select(SignInStepRow).where(SignInStepRow.digest == identity.digest(token)).with_for_update()
        )
        person = None if half is None else unit.get(PersonRow, half.person_id)
        if (
            half is None or person is None or person.disabled_ms is not None or now_ms >= half.expires_ms
            or person.password_set_ms != half.password_set_ms
        ):  # fmt: skip
            return Refused("step_over")
        failures = _failures(unit, person.name, now_ms)
        if (until := lockout.locked_until(failures, now_ms)) is not None:
            return Refused("locked", until_ms=until)
        owed = _owed(unit, person, factor_for, proved=half.proved)
        recovery: list[str] = []
        if owed == "change":
            if faults := _other_password(unit, person, given, now_ms):
                return _standing(unit, person, token, owed, now_ms, faults)
            half.password_set_ms = now_ms
        elif owed is not None:
            codes = factors.confirm(unit, person, given, now_ms) if owed == "enrol" else []
            if codes is None or (owed == "code" and not factors.fits(unit, person, given, now_ms)):
                attempt = SignInAttemptRow(
                    id=identity.new_id(), name=person.name, address=address, at_ms=now_ms, succeeded=False
                )
                unit.add(attempt)
                record(unit, "session.refuse", person.name, now_ms, {"why": "wrong_code"}, by=person.name)
                wrong = (("验证码不对。", "The code does not fit."),)
                return _standing(unit, person, token, owed, now_ms, wrong)
            half.proved, recovery = True, codes
        unit.flush()
        owed = _owed(unit, person, factor_for, proved=half.proved)
        if owed is not None:
            return _standing(unit, person, token, owed, now_ms)
        unit.delete(half)
        opened = open_session(
            unit, person, address, now_ms, old_token, way="password+code" if half.proved else "password"
        )
        return Refused("no_role") if opened is None else SignedIn(opened.token, opened.visit, recovery)


def _owed(unit: Session, person: PersonRow, factor_for: Collection[Role], *, proved: bool) -> Owed | None:
    """What is owed next; whoever has a factor shows it before they may change anything."""
    has = factors.confirmed(unit, person.id)
    if has and not proved:
        return "code"
    if person.must_change:
        return "change"
    return "enrol" if not has and not roles_of(unit, person.id).isdisjoint(factor_for) else None


def _half_way(unit: Session, person: PersonRow, owed: Owed, now_ms: int) -> Step:
    token = identity.new_token()
    unit.execute(
        delete(SignInStepRow).where((SignInStepRow.person_id == person.id) | (SignInStepRow.expires_ms < now_ms))
    )
    unit.add(
        SignInStepRow(
            digest=identity.digest(token), person_id=person.id, password_set_ms=person.password_set_ms, proved=False,
            expires_ms=now_ms + STEP_MS,
        )
    )  # fmt: skip
    unit.flush()
    return _standing(unit, person, token, owed, now_ms)


def _standing(  # noqa: PLR0917 - within the unit of its callers
    unit: Session, person: PersonRow, token: str, owed: Owed, now_ms: int, faults: Sequence[tuple[str, str]] = ()
) -> Step:
    secret = factors.secret_of(unit, person, now_ms) if owed == "enrol" else ""
    return Step(token, owed, person.name, secret, faults)


def _other_password(unit: Session, person: PersonRow, given: str, now_ms: int) -> Sequence[tuple[str, str]]:
    """Set the password that replaces one that somebody else knows; what is wrong with it, if something is."""
    if identity.verify_password(given[:1024], person.password_hash):
        return (("须与现口令不同", "another one than now"),)
    try:
        kept = hashed_new(given, person.name)
    except WeakPassword:
        return password.faults(given, person.name)
    person.password_hash, person.password_set_ms, person.must_change = kept, now_ms, False
    record(unit, "person.password", person.name, now_ms, {"own": True}, by=person.name)
    return ()


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
        opened = open_session(unit, person, address, now_ms, old_token, way="link")
        if opened is None:
            raise LinkRefused("closed")
        return opened


def sign_out(store: Store, token: str, now_ms: int) -> str | None:
    """End the session of this cookie; returns its id, or None when there was none."""
    with store.write() as unit:
        ended = _end(unit, token, "signed_out", now_ms)
        if ended is not None:
            whose = select(PersonRow.name).join(SessionRow, SessionRow.person_id == PersonRow.id)
            name = str(unit.scalar(whose.where(SessionRow.id == ended)))
            record(unit, "session.close", name, now_ms, {"session": ended[:12]}, by=name)
        return ended


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
        visit = _visit(unit, row[0], row[1], roles_of(unit, row[1].id))
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


def open_session(
    unit: Session, person: PersonRow, address: str, now_ms: int, old_token: str | None = None, *, way: str
) -> SignedIn | None:
    """A new session within a unit, with an id of its own; None for a person without any role. `way`: how they came."""
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
    unit.flush()
    record(unit, "session.open", person.name, now_ms, {"way": way, "session": row.id[:12]}, by=person.name)
    return SignedIn(token, _visit(unit, row, person, roles))


def _end(unit: Session, token: str, why: str, now_ms: int) -> str | None:
    return unit.scalar(
        update(SessionRow)
        .where(SessionRow.id == identity.digest(token), SessionRow.ended_ms.is_(None))
        .values(ended_ms=now_ms, ended_why=why)
        .returning(SessionRow.id)
    )


def _visit(unit: Session, row: SessionRow, person: PersonRow, roles: frozenset[Role]) -> Visit:
    # A device that was given more rights than a wall's is a person's browser and falls idle like one.
    device = row.device and roles == {Role.WALL}
    enrolled = unit.scalar(select(ScreenDeviceRow).where(ScreenDeviceRow.person_id == person.id)) if device else None
    return Visit(
        row.id, person.id, person.name, person.title, roles, device, row.created_ms, row.seen_ms,
        *(("", "") if enrolled is None else (enrolled.screen or "", enrolled.address)),
        _within(person.regions),
    )  # fmt: skip


def _within(regions: str) -> frozenset[str] | None:
    codes = frozenset(code for code in regions.split(",") if code)
    return codes if codes and shipped().root.code not in codes else None


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
