"""Alarms in the duty room: cards, alarms with what happened to each, covers, floods, load; positions in streams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm_card",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.Column("place", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("wide", sa.Boolean, nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("locked_ms", sa.BigInteger),
        sa.Column("into", sa.String(32), nullable=False),
        sa.Column("dossier_id", sa.String(32), nullable=False),
    )
    op.create_index("ix_alarm_card_open", "alarm_card", ["world", "life", "locked_ms"])
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("point", sa.String(16), nullable=False),
        sa.Column("indicator", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("dims", sa.Text, nullable=False),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),
        sa.Column("acked", sa.Boolean, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("bound", sa.Float),
        sa.Column("quality", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("raised_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("cleared_ms", sa.BigInteger),
        sa.Column("reached_ms", sa.BigInteger),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("acked_by", sa.String(64), nullable=False),
        sa.Column("acked_ms", sa.BigInteger),
        sa.Column("card_id", sa.String(32), sa.ForeignKey("alarm_card.id"), nullable=False),
        sa.Column("cover_id", sa.String(32), nullable=False),
        sa.CheckConstraint(
            "state IN ('NORM', 'UNACK', 'ACKED', 'RTNUN', 'SHLVD', 'DSUPR', 'OOSRV')", name=op.f("ck_alarm_state")
        ),
        sa.CheckConstraint("level BETWEEN 0 AND 4", name=op.f("ck_alarm_level")),
    )
    op.create_index("ix_alarm_card_id", "alarm", ["card_id"])
    op.create_index("ix_alarm_cover_id", "alarm", ["cover_id"])
    op.create_index("ix_alarm_open", "alarm", ["world", "life", "state"])
    op.create_index("ix_alarm_point", "alarm", ["point", "raised_ms"])
    op.create_index("ix_alarm_reached", "alarm", ["world", "life", "reached_ms"])
    op.create_table(
        "alarm_step",
        sa.Column("alarm_id", sa.String(32), sa.ForeignKey("alarm.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("signal", sa.String(16), nullable=False),
        sa.Column("from", sa.String(8), nullable=False),
        sa.Column("to", sa.String(8), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
    )
    op.create_table(
        "alarm_cover",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("indicator", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("dims", sa.Text, nullable=False),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("most_level", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("begun_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("ended_by", sa.String(64), nullable=False),
        sa.CheckConstraint("kind IN ('SHLVD', 'DSUPR', 'OOSRV')", name=op.f("ck_alarm_cover_kind")),
    )
    op.create_index("ix_alarm_cover_open", "alarm_cover", ["world", "ended_ms"])
    op.create_table(
        "alarm_flood",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.Column("began_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("operators", sa.Integer, nullable=False),
        sa.Column("cover_id", sa.String(32), sa.ForeignKey("alarm_cover.id"), nullable=False),
    )
    op.create_index("ix_alarm_flood_open", "alarm_flood", ["world", "life", "ended_ms"])
    op.create_table(
        "alarm_load",
        sa.Column("world", sa.String(64), primary_key=True),
        sa.Column("life", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("slot_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("operators", sa.Integer, nullable=False),
    )
    op.create_table(
        "stream_position",
        sa.Column("world", sa.String(64), primary_key=True),
        sa.Column("stream", sa.String(64), primary_key=True),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.String(42), nullable=False),
        sa.Column("read", sa.BigInteger, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("missing", sa.BigInteger, nullable=False),
        sa.Column("world_ms", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    for table in ("stream_position", "alarm_load", "alarm_flood", "alarm_cover", "alarm_step", "alarm", "alarm_card"):
        op.drop_table(table)
