"""The tables of the audit: entries that can only be added, and the head of their chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class AuditRow(Table):
    """An entry: ioc.domain.audit_chain.Entry, how it was digested and to what. Triggers refuse changes of it."""

    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint("how IN ('sha256', 'sm3')", name="how"),
        Index("ix_audit_subject", "subject", "seq"),
        Index("ix_audit_actor", "actor", "seq"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    actor: Mapped[str] = mapped_column(String(64))
    roles: Mapped[str] = mapped_column(String(128))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str] = mapped_column(String(128))
    world: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    how: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Table):
    """The newest entry, beside the chain: one row, changed with each entry, by which a cut at the end is seen."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
