"""Plans: drafts, versions, runs with their steps and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _library() -> None:
    op.create_table(
        "plan_draft",
        sa.Column("plan_id", sa.String(32), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "plan_version",
        sa.Column("plan_id", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("restores", sa.Integer),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )


def _runs() -> None:
    op.create_table(
        "plan_run",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id")),
        sa.Column("plan_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("once", sa.String(128), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("response", sa.Integer, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.UniqueConstraint("once", name=op.f("uq_plan_run_once")),
        sa.CheckConstraint("phase IN ('running', 'done', 'cancelled')", name=op.f("ck_plan_run_phase")),
    )
    op.create_index("ix_plan_run_open", "plan_run", ["world", "phase"])
    op.create_index("ix_plan_run_dossier_id", "plan_run", ["dossier_id"])
    op.create_table(
        "plan_step",
        sa.Column("run_id", sa.String(32), sa.ForeignKey("plan_run.id"), primary_key=True),
        sa.Column("step_id", sa.String(32), primary_key=True),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("opened_ms", sa.BigInteger),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("called", sa.Boolean, nullable=False),
        sa.Column("receipts", sa.Boolean, nullable=False),
        sa.Column("fired", sa.String(32), nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_table(
        "plan_event",
        sa.Column("run_id", sa.String(32), sa.ForeignKey("plan_run.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("step_id", sa.String(32), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("effects", sa.String(400), nullable=False),
    )


def upgrade() -> None:
    _library()
    _runs()


def downgrade() -> None:
    for table in ("plan_event", "plan_step", "plan_run", "plan_version", "plan_draft"):
        op.drop_table(table)
