"""What the audit says: its entries, newest first, how far it has come, and whether its chain is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.audit_chain import Anchor, Entry, Fault, Link, faults
from ioc.store.audit_table import AuditHeadRow, AuditRow
from ioc.store.unit import Store

_AT_ONCE: Final = 2_000


def verify(store: Store, anchors: Sequence[Anchor] = ()) -> tuple[int, list[Fault]]:
    """How many entries there are, and what is broken of them, in order. One state of the database is looked at."""
    with store.read() as unit:
        count = 0

        def counted() -> Iterator[Link]:
            nonlocal count
            for link in _links(unit):
                count += 1
                yield link

        found = list(faults(counted(), _head(unit), anchors))
    return count, found


def newest(
    store: Store, *, subject: str = "", actor: str = "", action: str = "", since_ms: int = 0, until_ms: int = 0,
    before: int = 0, most: int = 200,
) -> Sequence[Entry]:  # fmt: skip
    """The newest entries: of one subject or actor if it is named, of what begins with `action`, from `since_ms` on and
    before `until_ms` (0: open), with a number below `before` if one is given."""
    asked = select(AuditRow).order_by(AuditRow.seq.desc()).limit(most)
    for column, wanted in ((AuditRow.subject, subject), (AuditRow.actor, actor)):
        if wanted:
            asked = asked.where(column == wanted)
    if action:
        asked = asked.where(AuditRow.action.startswith(action, autoescape=True))
    if since_ms:
        asked = asked.where(AuditRow.at_ms >= since_ms)
    if until_ms:
        asked = asked.where(AuditRow.at_ms < until_ms)
    if before:
        asked = asked.where(AuditRow.seq < before)
    with store.read() as unit:
        return [_entry(row) for row in unit.scalars(asked)]


def head(store: Store) -> Anchor | None:
    """How far the chain has come; None before its first entry."""
    with store.read() as unit:
        return _head(unit)


def _head(unit: Session) -> Anchor | None:
    row = unit.get(AuditHeadRow, 1)
    return None if row is None or row.seq == 0 else Anchor(row.seq, row.digest, row.at_ms)


def _links(unit: Session) -> Iterator[Link]:
    rows = unit.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=_AT_ONCE))
    for row in rows:
        yield Link(_entry(row), row.how, row.digest)


def _entry(row: AuditRow) -> Entry:
    return Entry(row.seq, row.at_ms, row.actor, row.roles, row.address, row.action, row.subject, row.world, row.detail)
