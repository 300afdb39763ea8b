"""The tables of what is handled: dossiers of incidents and cases, their steps, clocks, and what is to be told."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class DossierRow(Table):
    """An incident or a case as the centre handles it. `version` grows with each change of it; `facts` is JSON."""

    __tablename__ = "dossier"
    __table_args__ = (
        CheckConstraint("kind IN ('incident', 'case')", name="kind"),
        CheckConstraint("level BETWEEN 0 AND 4", name="level"),
        Index("ix_dossier_open", "world", "kind", "ended_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    world: Mapped[str] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(32))
    before: Mapped[str] = mapped_column(String(32))  # the stage before this one, empty at the first
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(200))
    class_: Mapped[str] = mapped_column("class", String(32))
    level: Mapped[int] = mapped_column(Integer)  # 0 none, 1 IV .. 4 I
    region: Mapped[str] = mapped_column(String(16))
    lon: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    owner: Mapped[str] = mapped_column(String(64))  # who handles it, empty while nobody does
    org: Mapped[str] = mapped_column(String(64))
    held: Mapped[bool] = mapped_column(Boolean)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    changed_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)  # when it came to a final stage
    facts: Mapped[str] = mapped_column(Text)
    # the dossier that this one was merged into, empty while it stands by itself
    merged_into: Mapped[str] = mapped_column(String(32), default="", server_default="", index=True)


class DossierStepRow(Table):
    """A move that was made, with what was said. `number` is the version that the dossier had then. Only added to."""

    __tablename__ = "dossier_step"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    move: Mapped[str] = mapped_column(String(32))
    left: Mapped[str] = mapped_column("from", String(32))
    entered: Mapped[str] = mapped_column("to", String(32))
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    said: Mapped[str] = mapped_column(Text)


class DossierSegmentRow(Table):
    """A stretch of the clock of a stage: ioc.domain.deadline.Segment. `visit` counts the stages that were entered."""

    __tablename__ = "dossier_segment"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    visit: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(String(32))
    owed_ms: Mapped[int] = mapped_column(BigInteger)  # of the stage, with what was granted so far
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    running: Mapped[bool] = mapped_column(Boolean)
    why: Mapped[str] = mapped_column(String(200))


class NoticeRow(Table):
    """Something that somebody must be told of: written with the step that causes it, sent by the duty process."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_unsent", "sent_ms", "made_ms"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), index=True)
    step: Mapped[int] = mapped_column(Integer)
    audience: Mapped[str] = mapped_column(String(32))
    made_ms: Mapped[int] = mapped_column(BigInteger)
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)
