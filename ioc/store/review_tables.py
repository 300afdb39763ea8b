"""The tables of reviews (复盘): what is to be done because of a dossier, by whom and until when; notes."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class ReviewActionRow(Table):
    """Something that somebody is to do until a time. `reminded`: 0 not yet, 1 it is due soon, 2 it is late."""

    __tablename__ = "review_action"
    __table_args__ = (
        CheckConstraint("reminded BETWEEN 0 AND 2", name="reminded"),
        Index("ix_review_action_open", "done_ms", "due_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), index=True)
    world: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(64))  # an account
    due_ms: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(String(64))
    made_ms: Mapped[int] = mapped_column(BigInteger)
    done_by: Mapped[str] = mapped_column(String(64))
    done_ms: Mapped[int | None] = mapped_column(BigInteger)
    reminded: Mapped[int] = mapped_column(Integer)


class ReviewNoteRow(Table):
    """A note of a review. Only added to."""

    __tablename__ = "review_note"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
