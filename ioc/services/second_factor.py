"""The second factor of an account within a unit: its secret, the codes that fitted, recovery codes by their digests."""

from __future__ import annotations

import json
from collections.abc import Collection

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ioc.security import identity, second_factor
from ioc.security.seal import MARK, Seal, Unreadable
from ioc.services.audit import record
from ioc.services.people import end_sessions, person_row
from ioc.store.second_factor_tables import SecondFactorRow
from ioc.store.tables import PersonRow
from ioc.store.unit import Store


def confirmed(unit: Session, person_id: str) -> bool:
    """Whether the person has a second factor that worked once."""
    row = unit.get(SecondFactorRow, person_id)
    return row is not None and row.confirmed_ms is not None


def enrolled(store: Store) -> Collection[str]:
    """The ids of the people who have one."""
    with store.read() as unit:
        asked = select(SecondFactorRow.person_id).where(SecondFactorRow.confirmed_ms.is_not(None))
        return frozenset(unit.scalars(asked))


def secret_of(unit: Session, person: PersonRow, now_ms: int) -> str:
    """The secret that the person is to put into a telephone: one until it is confirmed."""
    row = unit.get(SecondFactorRow, person.id)
    if row is not None and (known := _opened(unit, row)) is not None:
        return known
    secret = second_factor.new_secret()
    if row is None:
        row = SecondFactorRow(person_id=person.id, made_ms=now_ms, confirmed_ms=None, last_step=0, recovery="[]")
        unit.add(row)
    row.secret = _seal(unit).close(secret)
    unit.flush()
    return secret


def confirm(unit: Session, person: PersonRow, code: str, now_ms: int) -> list[str] | None:
    """The first code fits: the factor holds, and these are its recovery codes, told once. None: it does not fit."""
    row = unit.get(SecondFactorRow, person.id)
    secret = None if row is None else _opened(unit, row)
    step = None if secret is None else second_factor.step_of(secret, second_factor.tidied(code), now_ms)
    if row is None or step is None or row.confirmed_ms is not None:
        return None
    codes = second_factor.recovery_codes()
    row.confirmed_ms, row.last_step = now_ms, step
    row.recovery = json.dumps([identity.digest(each) for each in codes])
    record(unit, "factor.enrol", person.name, now_ms, by=person.name)
    return codes


def fits(unit: Session, person: PersonRow, code: str, now_ms: int) -> bool:
    """Whether a code of the telephone, or one of the recovery codes, fits now; either counts once."""
    row, code = unit.get(SecondFactorRow, person.id), second_factor.tidied(code)
    if row is None or row.confirmed_ms is None:
        return False
    secret = _opened(unit, row)
    step = None if secret is None else second_factor.step_of(secret, code, now_ms, after=row.last_step)
    if step is not None:
        row.last_step = step
        return True
    left = json.loads(row.recovery)
    if (used := identity.digest(code)) not in left:
        return False
    left.remove(used)
    row.recovery = json.dumps(left)
    record(unit, "factor.recover", person.name, now_ms, {"left": len(left)}, by=person.name)
    return True


def seal_all(store: Store) -> int:
    """Seal the secrets that were kept before there were seals; how many."""
    plain = select(SecondFactorRow).where(SecondFactorRow.secret.not_like(f"{MARK}%"))
    with store.read() as unit:
        if unit.scalar(plain.limit(1)) is None:
            return 0
    with store.write() as unit:
        rows = unit.scalars(plain).all()
        for row in rows:
            row.secret = _seal(unit).close(row.secret)
    return len(rows)


def _seal(unit: Session) -> Seal:
    found: Seal = unit.info["seal"]
    return found


def _opened(unit: Session, row: SecondFactorRow) -> str | None:
    """The secret; None where it was sealed with a key that is not here. Recovery codes fit all the same."""
    try:
        return _seal(unit).open(row.secret)
    except Unreadable:
        structlog.get_logger().error("second_factor_unreadable", person=row.person_id)
        return None


def reset(store: Store, name: str, now_ms: int) -> list[str]:
    """Take the factor off an account, whose sessions end; their ids are returned. Raises UnknownPerson."""
    with store.write() as unit:
        person = person_row(unit, name)
        unit.execute(delete(SecondFactorRow).where(SecondFactorRow.person_id == person.id))
        record(unit, "factor.reset", person.name, now_ms)
        return end_sessions(unit, person.id, "factor_reset", now_ms)
