"""Tokens of programs that feed or read, and their scopes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("per_minute", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.CheckConstraint("origin IN ('', 'real', 'recorded', 'simulated')", name=op.f("ck_api_token_origin")),
        sa.CheckConstraint("per_minute > 0", name=op.f("ck_api_token_per_minute")),
    )
    op.create_table(
        "api_scope",
        sa.Column("token_id", sa.String(16), sa.ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.CheckConstraint("kind IN ('feed', 'read', 'world')", name=op.f("ck_api_scope_kind")),
    )


def downgrade() -> None:
    for table in ("api_scope", "api_token"):
        op.drop_table(table)
