"""Rungs of ladders, messages with their ways to people, and response levels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _escalation() -> None:
    op.create_table(
        "escalation_step",
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), primary_key=True),
        sa.Column("visit", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ladder", sa.String(32), primary_key=True),
        sa.Column("rung", sa.String(32), primary_key=True),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
    )
    op.create_table(
        "escalation_answer",
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), primary_key=True),
        sa.Column("visit", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ladder", sa.String(32), primary_key=True),
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(192), nullable=False),
        sa.Column("recipient", sa.String(128), nullable=False),
        sa.Column("audience", sa.String(32), nullable=False),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id")),
        sa.Column("visit", sa.Integer, nullable=False),
        sa.Column("ladder", sa.String(32), nullable=False),
        sa.Column("until_claim", sa.Boolean, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("ways", sa.String(64), nullable=False),
        sa.Column("asks", sa.Boolean, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("remind_ms", sa.BigInteger),
        sa.Column("answered_ms", sa.BigInteger),
        sa.Column("answered_by", sa.String(64), nullable=False),
        sa.Column("answered_how", sa.String(16), nullable=False),
        sa.Column("stopped_ms", sa.BigInteger),
        sa.Column("stopped_why", sa.String(64), nullable=False),
        sa.UniqueConstraint("cause", "recipient", name=op.f("uq_message_cause_recipient")),
    )
    op.create_index("ix_message_recipient", "message", ["recipient", "made_ms"])
    op.create_index("ix_message_remind", "message", ["remind_ms"])
    op.create_index("ix_message_dossier", "message", ["dossier_id", "made_ms"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("message_id", sa.String(32), sa.ForeignKey("message.id"), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_ms", sa.BigInteger),
        sa.Column("done_ms", sa.BigInteger),
        sa.Column("why", sa.String(200), nullable=False),
        sa.UniqueConstraint("message_id", "round", "channel", name=op.f("uq_delivery_message_id_round_channel")),
        sa.CheckConstraint(
            "state IN ('waiting', 'trying', 'sent', 'failed', 'dropped')", name=op.f("ck_delivery_state")
        ),
    )
    op.create_index("ix_delivery_due", "delivery", ["state", "channel", "due_ms"])
    op.create_table(
        "delivery_attempt",
        sa.Column("delivery_id", sa.String(32), sa.ForeignKey("delivery.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.CheckConstraint("outcome IN ('', 'sent', 'refused', 'unknown')", name=op.f("ck_delivery_attempt_outcome")),
    )
    op.create_index("ix_delivery_attempt_channel", "delivery_attempt", ["channel", "at_ms"])
    op.create_table(
        "message_link",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("message_id", sa.String(32), sa.ForeignKey("message.id"), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_message_link_message_id", "message_link", ["message_id"])


def _responses() -> None:
    op.create_table(
        "response",
        sa.Column("world", sa.String(64), primary_key=True),
        sa.Column("plan", sa.String(32), primary_key=True),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.CheckConstraint("level BETWEEN 0 AND 4", name=op.f("ck_response_level")),
    )
    op.create_table(
        "response_step",
        sa.Column("world", sa.String(64), primary_key=True),
        sa.Column("plan", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("from", sa.Integer, nullable=False),
        sa.Column("to", sa.Integer, nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("why", sa.String(400), nullable=False),
        sa.Column("dossier_id", sa.String(32), nullable=False),
        sa.Column("told_ms", sa.BigInteger),
    )
    op.create_index("ix_response_step_told_ms", "response_step", ["told_ms"])


def upgrade() -> None:
    _escalation()
    _messages()
    _responses()


def downgrade() -> None:
    for table in (
        "response_step", "response", "message_link", "delivery_attempt", "delivery", "message", "escalation_answer",
        "escalation_step",
    ):  # fmt: skip
        op.drop_table(table)
