"""Rehearsals of thresholds, with their sheets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rehearsal",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("indicator", sa.String(64), nullable=False),
        sa.Column("thresholds", sa.String(400), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("permille", sa.Integer, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("definition", sa.String(64), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("sheet", sa.Text, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_rehearsal_state")
        ),
        sa.CheckConstraint("permille BETWEEN 0 AND 1000", name=op.f("ck_rehearsal_permille")),
    )
    op.create_index("ix_rehearsal_of", "rehearsal", ["world", "indicator", "asked_ms"])
    op.create_index("ix_rehearsal_state", "rehearsal", ["state", "asked_ms"])


def downgrade() -> None:
    op.drop_table("rehearsal")
