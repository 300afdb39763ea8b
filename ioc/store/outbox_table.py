"""The table of records on their way: rows of the centre's own records, until the streams of their worlds have them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class OutboxRow(Table):
    """A row of a source, written with the change that it tells of; `fields` is JSON, text by field as declared."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unsent", "sent_ms", "seq"),
        Index("ix_outbox_entity", "world", "source", "entity", "at_ms"),
    )

    # an Integer, because SQLite numbers only those by itself; it holds 64 bits there
    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(128))
    at_ms: Mapped[int] = mapped_column(BigInteger)  # event time, ms of the world
    fields: Mapped[str] = mapped_column(Text)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)
