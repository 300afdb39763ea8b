"""Dossiers of incidents and cases, their steps, the clocks of their stages, and what is to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("before", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("class", sa.String(32), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("org", sa.String(64), nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("facts", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('incident', 'case')", name=op.f("ck_dossier_kind")),
        sa.CheckConstraint("level BETWEEN 0 AND 4", name=op.f("ck_dossier_level")),
    )
    op.create_index("ix_dossier_open", "dossier", ["world", "kind", "ended_ms"])
    op.create_table(
        "dossier_step",
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("move", sa.String(32), nullable=False),
        sa.Column("from", sa.String(32), nullable=False),
        sa.Column("to", sa.String(32), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_table(
        "dossier_segment",
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), primary_key=True),
        sa.Column("visit", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("owed_ms", sa.BigInteger, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("running", sa.Boolean, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("audience", sa.String(32), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("sent_ms", sa.BigInteger),
    )
    op.create_index("ix_notice_dossier_id", "notice", ["dossier_id"])
    op.create_index("ix_notice_unsent", "notice", ["sent_ms", "made_ms"])


def downgrade() -> None:
    for table in ("notice", "dossier_segment", "dossier_step", "dossier"):
        op.drop_table(table)
