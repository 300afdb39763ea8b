"""Where dossiers come from, and which of them were merged into which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dossier", sa.Column("merged_into", sa.String(32), nullable=False, server_default=""))
    op.create_index("ix_dossier_merged_into", "dossier", ["merged_into"])
    op.create_table(
        "dossier_source",
        sa.Column("world", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("ref", sa.String(160), primary_key=True),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "source IN ('alarm', 'cap', 'hotline', 'case', 'video', 'partner', 'hand')",
            name=op.f("ck_dossier_source_source"),
        ),
    )
    op.create_index("ix_dossier_source_dossier_id", "dossier_source", ["dossier_id"])


def downgrade() -> None:
    op.drop_table("dossier_source")
    op.drop_index("ix_dossier_merged_into", "dossier")
    op.drop_column("dossier", "merged_into")
