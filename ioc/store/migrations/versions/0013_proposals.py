"""What smart dispatch proposed, and what people made of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(16), nullable=False),
        sa.Column("confidence", sa.Float),
        sa.Column("proposed", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided", sa.Text, nullable=False),
        sa.Column("decided_ms", sa.BigInteger),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), unique=True),
        sa.CheckConstraint("kind IN ('office', 'units')", name=op.f("ck_proposal_kind")),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'changed', 'refused', 'dropped')", name=op.f("ck_proposal_state")
        ),
    )
    op.create_index("ix_proposal_dossier", "proposal", ["dossier_id", "kind", "made_ms"])


def downgrade() -> None:
    op.drop_table("proposal")
