"""The regions that a person is here for; empty is the whole district."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("regions", sa.String(400), nullable=False, server_default=""))
