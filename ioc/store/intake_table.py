"""The table of where dossiers come from: each report of another system opens one dossier, however often it is sent."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class DossierSourceRow(Table):
    """A report, by the name that its sender gives it (`ref`), and the dossier that it belongs to."""

    __tablename__ = "dossier_source"
    __table_args__ = (
        CheckConstraint("source IN ('alarm', 'cap', 'hotline', 'case', 'video', 'partner', 'hand')", name="source"),
    )

    world: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    ref: Mapped[str] = mapped_column(String(160), primary_key=True)
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), index=True)
    made_ms: Mapped[int] = mapped_column(BigInteger)
