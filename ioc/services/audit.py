"""The audit: who did what, written in the transaction of the change, so that both hold or neither.

A change that cannot be audited is not made: the transaction fails as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from ioc.domain.audit_chain import Entry, detail_text
from ioc.security.actor import current_actor
from ioc.store.audit_table import AuditHeadRow, AuditRow
from ioc.store.ready import Ready, together

HOW: Final = "sha256"
# Of the tables and not of their classes, and made once: every change of anything passes here.
_HEAD = AuditHeadRow.__table__
_AT = Ready(select(_HEAD.c.seq, _HEAD.c.digest).where(_HEAD.c.id == 1).with_for_update())
_ON = Ready(
    update(_HEAD)  # type: ignore[arg-type]
    .where(_HEAD.c.id == 1)
    .values(seq=bindparam("seq"), digest=bindparam("digest"), at_ms=bindparam("at_ms"))
)
_ADD = Ready(insert(AuditRow.__table__), *AuditRow.__table__.c.keys())  # type: ignore[arg-type]


def record(
    unit: Session, action: str, subject: str, now_ms: int, detail: Mapping[str, Any] | None = None, *, world: str = "",
    by: str = "",
) -> Entry:  # fmt: skip
    """Add an entry within a unit. `by` names somebody who is not signed in yet or any more. Raises ValueError.

    Units that record take turns at the head of the chain: on PostgreSQL by its row, on SQLite they do anyway.
    """
    head = _AT.rows(unit, {})
    if not head:
        raise ValueError("audit: the head of the chain is missing; nothing is done that cannot be recorded")
    who = current_actor()
    seq, before = head[0]
    entry = Entry(
        seq=seq + 1, at_ms=now_ms, actor=(by or who.name)[:64], roles=",".join(sorted(who.roles))[:128],
        address=who.address[:64], action=action, subject=subject[:128], world=world, detail=detail_text(detail or {}),
    )  # fmt: skip
    digest = entry.digest(before, HOW)
    with together(unit):
        _ADD.run(unit, entry.said() | {"how": HOW, "digest": digest})
        _ON.run(unit, {"seq": entry.seq, "digest": digest, "at_ms": now_ms})
    return entry
