"""The tables of response levels: which stands for which plan, and how it came to."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class ResponseRow(Table):
    """The level of a plan in a world: 0 none, 1 Ⅳ .. 4 Ⅰ. `version` grows with each change."""

    __tablename__ = "response"
    __table_args__ = (CheckConstraint("level BETWEEN 0 AND 4", name="level"),)

    world: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    since_ms: Mapped[int] = mapped_column(BigInteger)  # of this level
    by_name: Mapped[str] = mapped_column(String(64))


class ResponseStepRow(Table):
    """A change of a level, with why. `number` is the version that it made. Only added to, and marked once told."""

    __tablename__ = "response_step"

    world: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    act: Mapped[str] = mapped_column(String(16))
    before: Mapped[int] = mapped_column("from", Integer)
    level: Mapped[int] = mapped_column("to", Integer)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(400))
    dossier_id: Mapped[str] = mapped_column(String(32))  # the incident that it is for, empty where it is for none
    told_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)  # when its messages were written
