"""The secret of a second factor is kept sealed, which is longer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("second_factor") as table:
        table.alter_column("secret", type_=sa.Text(), existing_type=sa.String(64), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("second_factor") as table:
        table.alter_column("secret", type_=sa.String(64), existing_type=sa.Text(), existing_nullable=False)
