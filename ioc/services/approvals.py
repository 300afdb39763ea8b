"""Approvals: privileged operations wait for a different second person. What is let happens in the same transaction,
with its audit; what is refused is on the record too.

The first system has nobody who could be the second: while no other account with a password may decide, the command line
on the server itself carries out a role grant at once, and the audit says that it was alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.approval import EXPIRES_MS, MOST_REASON, Approval, digest, fault, payload_text
from ioc.security import identity
from ioc.security.permission import GRANTED, may
from ioc.security.role import Role
from ioc.services.audit import record
from ioc.services.people import roles_of
from ioc.services.privileged import OPERATIONS, Done, Operation, fingerprint
from ioc.services.refusals import ApprovalRefused, BadPayload, UnknownApproval
from ioc.store.approval_table import ApprovalRow
from ioc.store.tables import PersonRow, RoleGrantRow
from ioc.store.unit import Store

CONSOLE: Final = "console:"
MOST: Final = 500


def ask(
    store: Store, kind: str, payload: Mapping[str, Any], reason: str, *, by: str, now_ms: int
) -> Approval:  # fmt: skip
    """Ask for a privileged operation. Raises BadPayload, and what looking at what it changes raises."""
    with store.write() as unit:
        return ask_in(unit, kind, payload, reason, by=by, now_ms=now_ms)


def ask_in(
    unit: Session, kind: str, payload: Mapping[str, Any], reason: str, *, by: str, now_ms: int
) -> Approval:  # fmt: skip
    """`ask` within a unit."""
    operation, text = _checked(kind, payload)
    if not reason.strip() or len(reason) > MOST_REASON:
        raise BadPayload("reason")
    operation.words(payload)
    row = ApprovalRow(
        id=identity.new_id(), kind=kind, payload=text, digest=digest(kind, text),
        state=fingerprint(operation.state(unit, payload)), reason=reason.strip(), asked_by=by, asked_ms=now_ms,
        expires_ms=now_ms + EXPIRES_MS, verdict="", decided_by="", decided_ms=None,
    )  # fmt: skip
    unit.add(row)
    unit.flush()
    record(
        unit,
        "approval.ask",
        row.id,
        now_ms,
        {"kind": kind, "payload": dict(payload), "digest": row.digest, "reason": row.reason},
    )
    return as_approval(row)


def ask_from_the_server(
    store: Store, kind: str, payload: Mapping[str, Any], *, by: str, now_ms: int
) -> Approval | None:  # fmt: skip
    """Ask from the command line; None when nobody could be the second person yet, and it was done at once.

    Raises BadPayload, and what the operation raises.
    """
    with store.write() as unit:
        operation, text = _checked(kind, payload)
        if by.startswith(CONSOLE) and not deciders(unit, kind, by):
            record(unit, "approval.alone", kind, now_ms, {"payload": dict(payload), "digest": digest(kind, text)})
            operation.run(unit, payload, now_ms)
            return None
        return ask_in(unit, kind, payload, "console", by=by, now_ms=now_ms)


def approve(store: Store, approval_id: str, *, by: str, now_ms: int) -> tuple[Approval, Done]:
    """Let it happen: it happens now, exactly as asked for, or not at all.

    Raises UnknownApproval, ApprovalRefused (why: self, over, expired, stale, altered, permission), and what the
    operation raises.
    """
    with store.write() as unit:
        row, why = _look(unit, approval_id, by, now_ms, deciding=True)
        if why is None:
            payload = json.loads(row.payload)
            _decide(row, "approved", by, now_ms)
            said = {"kind": row.kind, "payload": payload, "digest": row.digest, "asked_by": row.asked_by}
            record(unit, "approval.approve", row.id, now_ms, said, by=by)
            done = OPERATIONS[row.kind].run(unit, payload, now_ms)
            return as_approval(row), done
        _deny(unit, row, why, by, now_ms)
    raise ApprovalRefused(why)


def refuse(store: Store, approval_id: str, *, by: str, now_ms: int) -> Approval:
    """Do not let it happen; whoever asked may take it back so too. Raises UnknownApproval, ApprovalRefused."""
    with store.write() as unit:
        row, why = _look(unit, approval_id, by, now_ms, deciding=False)
        if why is None:
            _decide(row, "refused", by, now_ms)
            record(unit, "approval.refuse", row.id, now_ms, {"kind": row.kind, "digest": row.digest}, by=by)
            return as_approval(row)
        _deny(unit, row, why, by, now_ms)
    raise ApprovalRefused(why)


def let(store: Store, approval_id: str, kind: str, *, by: str, now_ms: int) -> Mapping[str, Any]:
    """The payload of something that was approved for `by` and may be fetched until it expires.

    Raises UnknownApproval, ApprovalRefused (self: it is somebody else's; over: it is not approved; expired).
    """
    with store.read() as unit:
        row = unit.get(ApprovalRow, approval_id)
    if row is None or row.kind != kind or row.asked_by != by:
        raise UnknownApproval(approval_id)
    if row.verdict != "approved":
        raise ApprovalRefused("over" if row.verdict else "waits")
    if now_ms >= row.expires_ms:
        raise ApprovalRefused("expired")
    return dict(json.loads(row.payload))


def newest(store: Store, *, most: int = MOST) -> Sequence[Approval]:
    """The newest first."""
    with store.read() as unit:
        rows = unit.scalars(select(ApprovalRow).order_by(ApprovalRow.asked_ms.desc(), ApprovalRow.id).limit(most))
        return [as_approval(row) for row in rows]


def words(what: Approval) -> tuple[str, str]:
    """What would change, in Chinese and English."""
    return OPERATIONS[what.kind].words(json.loads(what.payload))


def may_decide(kind: str, roles: frozenset[Role]) -> bool:
    """Whether somebody with these roles is a second person for it."""
    return any(may(roles, permission) for permission in OPERATIONS[kind].decides)


def second_people(store: Store, kind: str, asked_by: str) -> Sequence[str]:
    """`deciders`, as it stands."""
    with store.read() as unit:
        return deciders(unit, kind, asked_by)


def deciders(unit: Session, kind: str, asked_by: str) -> Sequence[str]:
    """The accounts with a password of their own, other than who asks, that may decide."""
    wanted = [role.value for role in Role if GRANTED[role] & OPERATIONS[kind].decides]
    found = unit.scalars(
        select(PersonRow.name)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(
            RoleGrantRow.role.in_(wanted), PersonRow.password_hash.is_not(None), PersonRow.disabled_ms.is_(None),
            PersonRow.name != asked_by,
        )
        .distinct()
    )  # fmt: skip
    return sorted(found)


def as_approval(row: ApprovalRow) -> Approval:
    """The approval of a row."""
    verdict: Any = row.verdict
    return Approval(
        row.id, row.kind, row.payload, row.digest, row.state, row.reason, row.asked_by, row.asked_ms, row.expires_ms,
        verdict, row.decided_by, row.decided_ms,
    )  # fmt: skip


def _checked(kind: str, payload: Mapping[str, Any]) -> tuple[Operation, str]:
    operation = OPERATIONS.get(kind)
    if operation is None:
        raise BadPayload("kind")
    operation.check(payload)
    try:
        return operation, payload_text(payload)
    except (TypeError, ValueError):
        raise BadPayload("payload") from None


def _look(
    unit: Session, approval_id: str, by: str, now_ms: int, *, deciding: bool
) -> tuple[ApprovalRow, str | None]:  # fmt: skip
    row = unit.scalar(select(ApprovalRow).where(ApprovalRow.id == approval_id).with_for_update())
    if row is None:
        raise UnknownApproval(approval_id)
    person = unit.scalar(select(PersonRow).where(PersonRow.name == by, PersonRow.disabled_ms.is_(None)))
    roles = roles_of(unit, person.id) if person is not None else frozenset()
    # Whoever comes by a one-time link is nobody in particular.
    second = person is not None and person.password_hash is not None and may_decide(row.kind, roles)
    if not deciding:
        if row.verdict:
            return row, "over"
        return row, None if second or by == row.asked_by else "permission"
    try:
        state = fingerprint(OPERATIONS[row.kind].state(unit, json.loads(row.payload)))
    except Exception as gone:  # what it would change is not there any more
        state = f"gone: {type(gone).__name__}"
    why = fault(as_approval(row), by, state, now_ms)
    return row, why if why is not None or second else "permission"


def _decide(row: ApprovalRow, verdict: str, by: str, now_ms: int) -> None:
    row.verdict, row.decided_by, row.decided_ms = verdict, by, now_ms


def _deny(unit: Session, row: ApprovalRow, why: str, by: str, now_ms: int) -> None:
    """An attempt that was refused is on the record; what can never happen any more is over."""
    if why in {"expired", "stale", "altered"}:
        _decide(row, why, by, now_ms)
    record(unit, "approval.deny", row.id, now_ms, {"why": why, "kind": row.kind}, by=by)
