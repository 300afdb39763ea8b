"""The table of how far the duty process has taken in streams of the data bus."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class StreamPositionRow(Table):
    """How far a stream of a world (`alarms`, or the name of a source) has been taken in: changed in the transaction of
    what was taken. `life`: when the world was begun."""

    __tablename__ = "stream_position"

    world: Mapped[str] = mapped_column(String(64), primary_key=True)
    stream: Mapped[str] = mapped_column(String(64), primary_key=True)
    life: Mapped[int] = mapped_column(BigInteger)
    entry: Mapped[str] = mapped_column(String(42))
    read: Mapped[int] = mapped_column(BigInteger)
    added: Mapped[int] = mapped_column(BigInteger)
    missing: Mapped[int] = mapped_column(BigInteger)  # entries that went by unread, in all
    world_ms: Mapped[int] = mapped_column(BigInteger)  # the time of the world when something was last taken in
