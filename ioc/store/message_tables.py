"""The tables of what people are told: rungs of ladders, messages, their ways to people, links by which they answer."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class EscalationStepRow(Table):
    """A rung that was told: once per visit of a stage, by its key. `late`: it was missed at its time."""

    __tablename__ = "escalation_step"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    visit: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    ladder: Mapped[str] = mapped_column(String(32), primary_key=True)
    rung: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int] = mapped_column(Integer)
    due_ms: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[bool] = mapped_column(Boolean)


class EscalationAnswerRow(Table):
    """Somebody answered a ladder during a visit of a stage, at the level that the dossier had then."""

    __tablename__ = "escalation_answer"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    visit: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    ladder: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class MessageRow(Table):
    """Something that one recipient is told, once per `cause`. It waits for an answer where `asks`.

    `remind_ms`: when it is sent again; None where it is not. `stopped_ms`: nobody needs to be told any more.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("cause", "recipient"),
        Index("ix_message_recipient", "recipient", "made_ms"),
        Index("ix_message_remind", "remind_ms"),
        Index("ix_message_dossier", "dossier_id", "made_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(192))
    recipient: Mapped[str] = mapped_column(String(128))
    audience: Mapped[str] = mapped_column(String(32))
    dossier_id: Mapped[str | None] = mapped_column(ForeignKey("dossier.id"))
    visit: Mapped[int] = mapped_column(Integer)  # of the stage whose ladder tells it; 0: no ladder does
    ladder: Mapped[str] = mapped_column(String(32))
    until_claim: Mapped[bool] = mapped_column(Boolean)  # who takes the dossier answers it
    kind: Mapped[str] = mapped_column(String(16))
    urgency: Mapped[int] = mapped_column(Integer)  # 0 .. 9, the higher goes first
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    ways: Mapped[str] = mapped_column(String(64))  # kinds of channels, by comma
    asks: Mapped[bool] = mapped_column(Boolean)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    rounds: Mapped[int] = mapped_column(Integer)
    remind_ms: Mapped[int | None] = mapped_column(BigInteger)
    answered_ms: Mapped[int | None] = mapped_column(BigInteger)
    answered_by: Mapped[str] = mapped_column(String(64))
    answered_how: Mapped[str] = mapped_column(String(16))
    stopped_ms: Mapped[int | None] = mapped_column(BigInteger)
    stopped_why: Mapped[str] = mapped_column(String(64))


class DeliveryRow(Table):
    """A way of a message in one round: by a channel, tried when it is due; an attempt may last until `lease_ms`."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("message_id", "round", "channel"),
        CheckConstraint("state IN ('waiting', 'trying', 'sent', 'failed', 'dropped')", name="state"),
        Index("ix_delivery_due", "state", "channel", "due_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.id"))
    round: Mapped[int] = mapped_column(Integer)
    rank: Mapped[int] = mapped_column(Integer)
    channel: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    due_ms: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    lease_ms: Mapped[int | None] = mapped_column(BigInteger)
    done_ms: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(200))


class DeliveryAttemptRow(Table):
    """An attempt, written before it is made. `batch`: what went out as one. `outcome` empty: nobody knows yet."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (
        CheckConstraint("outcome IN ('', 'sent', 'refused', 'unknown')", name="outcome"),
        Index("ix_delivery_attempt_channel", "channel", "at_ms"),
    )

    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    batch: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(200))


class MessageLinkRow(Table):
    """A link by which a message is answered: the digest of its token."""

    __tablename__ = "message_link"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.id"), index=True)
    made_ms: Mapped[int] = mapped_column(BigInteger)
