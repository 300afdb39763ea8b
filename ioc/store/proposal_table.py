"""The table of proposals: what smart dispatch proposed for a dossier, and what people made of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class ProposalRow(Table):
    """An office or units that were proposed. `version`: of the dossier then. `proposed`, `why`, `decided`: JSON.

    Of a dossier at most one of a kind is open; it ends accepted, changed, refused, or dropped because nobody needs it.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("kind IN ('office', 'units')", name="kind"),
        CheckConstraint("state IN ('open', 'accepted', 'changed', 'refused', 'dropped')", name="state"),
        Index("ix_proposal_dossier", "dossier_id", "kind", "made_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"))
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(String(16))  # rules or model
    confidence: Mapped[float | None] = mapped_column(Float)  # of the model, 0..1
    proposed: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    decided: Mapped[str] = mapped_column(Text)  # what was done instead or just so
    decided_ms: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the sender's own: a form sent twice acts once
