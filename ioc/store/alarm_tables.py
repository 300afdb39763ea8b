"""The tables of alarms in the duty room: alarms, what happened to each, cards, covers, floods, load. Times are ms of
the world."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class AlarmCardRow(Table):
    """A card. `locked_ms`: since when nothing is added any more; `into`: the wide card that took it up in a flood."""

    __tablename__ = "alarm_card"
    __table_args__ = (Index("ix_alarm_card_open", "world", "life", "locked_ms"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    life: Mapped[int] = mapped_column(BigInteger)  # when the world was begun: another one has other alarms
    place: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(64))
    wide: Mapped[bool] = mapped_column(Boolean)
    opened_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int] = mapped_column(BigInteger)
    locked_ms: Mapped[int | None] = mapped_column(BigInteger)
    into: Mapped[str] = mapped_column(String(32))
    dossier_id: Mapped[str] = mapped_column(String(32))  # the incident that was made of it, empty while there is none


class AlarmRow(Table):
    """An alarm: one episode of one condition of an indicator at a place. `point` names the condition over all its
    episodes. `number` is that of the newest event that was taken in; `version` grows with each change."""

    __tablename__ = "alarm"
    __table_args__ = (
        CheckConstraint("state IN ('NORM', 'UNACK', 'ACKED', 'RTNUN', 'SHLVD', 'DSUPR', 'OOSRV')", name="state"),
        CheckConstraint("level BETWEEN 0 AND 4", name="level"),
        Index("ix_alarm_open", "world", "life", "state"),
        Index("ix_alarm_reached", "world", "life", "reached_ms"),
        Index("ix_alarm_point", "point", "raised_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    life: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(16))
    point: Mapped[str] = mapped_column(String(16))
    indicator: Mapped[str] = mapped_column(String(64))
    region: Mapped[str] = mapped_column(String(16))
    dims: Mapped[str] = mapped_column(Text)  # JSON [[name, value], ...]
    condition: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8))
    stands: Mapped[bool] = mapped_column(Boolean)
    acked: Mapped[bool] = mapped_column(Boolean)
    level: Mapped[int] = mapped_column(Integer)
    value: Mapped[float | None] = mapped_column(Float)
    limit: Mapped[float | None] = mapped_column("bound", Float)
    quality: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    raised_ms: Mapped[int] = mapped_column(BigInteger)
    changed_ms: Mapped[int] = mapped_column(BigInteger)
    cleared_ms: Mapped[int | None] = mapped_column(BigInteger)
    reached_ms: Mapped[int | None] = mapped_column(BigInteger)  # when it reached the operators; None: it never did
    number: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    acked_by: Mapped[str] = mapped_column(String(64))
    acked_ms: Mapped[int | None] = mapped_column(BigInteger)
    card_id: Mapped[str] = mapped_column(ForeignKey("alarm_card.id"), index=True)
    cover_id: Mapped[str] = mapped_column(String(32), index=True)  # what lies over it, empty while nothing does


class AlarmStepRow(Table):
    """Something that happened to an alarm. Only added to. `number` is the version that the alarm had then."""

    __tablename__ = "alarm_step"

    alarm_id: Mapped[str] = mapped_column(ForeignKey("alarm.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    signal: Mapped[str] = mapped_column(String(16))
    left: Mapped[str] = mapped_column("from", String(8))
    entered: Mapped[str] = mapped_column("to", String(8))
    level: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(200))


class AlarmCoverRow(Table):
    """What lies over alarms: `kind` SHLVD, DSUPR or OOSRV. Empty `indicator`, `region`, `dims`, `condition`: any."""

    __tablename__ = "alarm_cover"
    __table_args__ = (
        CheckConstraint("kind IN ('SHLVD', 'DSUPR', 'OOSRV')", name="kind"),
        Index("ix_alarm_cover_open", "world", "ended_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    indicator: Mapped[str] = mapped_column(String(64))
    region: Mapped[str] = mapped_column(String(16))
    dims: Mapped[str] = mapped_column(Text)
    condition: Mapped[str] = mapped_column(String(16))
    most_level: Mapped[int] = mapped_column(Integer)  # worse ones are not covered
    reason: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(64))
    begun_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int | None] = mapped_column(BigInteger)  # None: until somebody takes it away
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_by: Mapped[str] = mapped_column(String(64))


class AlarmFloodRow(Table):
    """A flood, with the figures by which it was called one."""

    __tablename__ = "alarm_flood"
    __table_args__ = (Index("ix_alarm_flood_open", "world", "life", "ended_ms"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    life: Mapped[int] = mapped_column(BigInteger)
    began_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    new: Mapped[int] = mapped_column(Integer)
    operators: Mapped[int] = mapped_column(Integer)
    cover_id: Mapped[str] = mapped_column(ForeignKey("alarm_cover.id"))


class AlarmLoadRow(Table):
    """How many new alarms reached how many operators in ten minutes from `slot_ms`."""

    __tablename__ = "alarm_load"

    world: Mapped[str] = mapped_column(String(64), primary_key=True)
    life: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    slot_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    new: Mapped[int] = mapped_column(Integer)
    operators: Mapped[int] = mapped_column(Integer)
