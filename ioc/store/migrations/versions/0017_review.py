"""What is to be done because of a dossier, and notes of its review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_action",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), nullable=False),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("done_by", sa.String(64), nullable=False),
        sa.Column("done_ms", sa.BigInteger),
        sa.Column("reminded", sa.Integer, nullable=False),
        sa.CheckConstraint("reminded BETWEEN 0 AND 2", name=op.f("ck_review_action_reminded")),
    )
    op.create_index("ix_review_action_dossier_id", "review_action", ["dossier_id"])
    op.create_index("ix_review_action_open", "review_action", ["done_ms", "due_ms"])
    op.create_table(
        "review_note",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_review_note_dossier_id", "review_note", ["dossier_id"])


def downgrade() -> None:
    op.drop_table("review_note")
    op.drop_table("review_action")
