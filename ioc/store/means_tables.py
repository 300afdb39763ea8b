"""The tables of people and means: shifts, handovers, supplies and shelters, their movements, and every edit of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class ShiftRow(Table):
    """Somebody on duty in a role: ioc.domain.roster.Shift."""

    __tablename__ = "duty_shift"
    __table_args__ = (CheckConstraint("end_ms > start_ms", name="end"), Index("ix_duty_shift_time", "end_ms"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    post: Mapped[str] = mapped_column(String(64))
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(400))


class HandoverRow(Table):
    """Who hands over what to whom; `open`: the incidents that were open then, JSON. Signed by the taker, once."""

    __tablename__ = "handover"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    giver: Mapped[str] = mapped_column(String(64))
    taker: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    open: Mapped[str] = mapped_column(Text)
    made_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    signed_ms: Mapped[int | None] = mapped_column(BigInteger)


class MeansRow(Table):
    """A supply or a shelter. `amount` of it is the sum of its movements. `planned`: what shall be there, the room of a
    shelter; `least`: below it the stock is low. `removed_ms`: since when it is none any more."""

    __tablename__ = "means"
    __table_args__ = (CheckConstraint("kind IN ('supply', 'shelter')", name="kind"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    zh: Mapped[str] = mapped_column(String(64))
    en: Mapped[str] = mapped_column(String(64))
    sort: Mapped[str] = mapped_column(String(32))
    unit: Mapped[str] = mapped_column(String(16))
    region: Mapped[str] = mapped_column(String(16))
    place: Mapped[str] = mapped_column(String(64))
    lon: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    planned: Mapped[int] = mapped_column(BigInteger)
    least: Mapped[int] = mapped_column(BigInteger)
    removed_ms: Mapped[int | None] = mapped_column(BigInteger)


class MovementRow(Table):
    """What came to or went from a supply or a shelter: `delta` is signed. Only added to."""

    __tablename__ = "means_movement"
    __table_args__ = (Index("ix_means_movement_of", "means_id", "number"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    means_id: Mapped[str] = mapped_column(ForeignKey("means.id"))
    movement: Mapped[str] = mapped_column(String(16))
    delta: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(200))
    dossier_id: Mapped[str] = mapped_column(String(32))  # the incident that it is for, empty for none
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str | None] = mapped_column(String(128), unique=True)


class MeansEditRow(Table):
    """An edit of a shift or of what means are: the row before and after as JSON, null where there was none. Only added
    to; `undoes`: the edit that this one took back."""

    __tablename__ = "means_edit"
    __table_args__ = (CheckConstraint("book IN ('roster', 'means')", name="book"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    book: Mapped[str] = mapped_column(String(16), index=True)
    batch: Mapped[str] = mapped_column(String(32))  # edits that were made at once are undone at once
    subject: Mapped[str] = mapped_column(String(32))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    undoes: Mapped[str] = mapped_column(String(32))  # the batch, empty for none
