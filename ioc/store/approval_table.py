"""The table of approvals: what waits for a second person, and what was decided."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class ApprovalRow(Table):
    """ioc.domain.approval.Approval. Triggers refuse a change of what was asked for, of what is decided, and removal."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("verdict IN ('', 'approved', 'refused', 'expired', 'stale', 'altered')", name="verdict"),
        CheckConstraint("verdict <> 'approved' OR decided_by <> asked_by", name="two_people"),
        Index("ix_approval_waiting", "verdict", "asked_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    verdict: Mapped[str] = mapped_column(String(16), default="")
    decided_by: Mapped[str] = mapped_column(String(64), default="")
    decided_ms: Mapped[int | None] = mapped_column(BigInteger)
