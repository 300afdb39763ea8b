"""The table of rehearsals (预演): thresholds that were tried over the past, how far each is, and its sheet."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class RehearsalRow(Table):
    """One rehearsal. `definition` is the SHA-256 of the definitions it ran over, empty until it began; `permille` of
    its work is done; `seen_ms` is when it last said so; `sheet` is JSON (ioc.offline.rehearsal_sheet), empty until it
    is done. Times are real, but for `from_ms` and `until_ms`."""

    __tablename__ = "rehearsal"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("permille BETWEEN 0 AND 1000", name="permille"),
        Index("ix_rehearsal_of", "world", "indicator", "asked_ms"),
        Index("ix_rehearsal_state", "state", "asked_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    indicator: Mapped[str] = mapped_column(String(64))
    thresholds: Mapped[str] = mapped_column(String(400))
    from_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int] = mapped_column(BigInteger)
    by_name: Mapped[str] = mapped_column(String(64))
    asked_ms: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    permille: Mapped[int] = mapped_column(Integer)
    seen_ms: Mapped[int] = mapped_column(BigInteger)
    definition: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(Text)
    sheet: Mapped[str] = mapped_column(Text)
