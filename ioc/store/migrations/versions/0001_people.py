"""People, roles, sessions, one-time links and sign-in attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = "role IN ('analyst', 'auditor', 'duty', 'leader', 'secadmin', 'sysadmin', 'wall')"
ADMINISTRATORS = "role IN ('auditor', 'secadmin', 'sysadmin')"


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(256)),
        sa.Column("password_set_ms", sa.BigInteger),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_ms", sa.BigInteger),
        sa.UniqueConstraint("name", name="uq_person_name"),
    )
    op.create_table(
        "role_grant",
        sa.Column("person_id", sa.String(32), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.String(16), primary_key=True),
        sa.Column("granted_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint(ROLES, name=op.f("ck_role_grant_role")),
    )
    op.create_index(
        "one_administrator_role",
        "role_grant",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text(ADMINISTRATORS),
        postgresql_where=sa.text(ADMINISTRATORS),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("device", sa.Boolean, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("ended_why", sa.String(16)),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])
    op.create_index("ix_session_ended_ms", "session", ["ended_ms"])
    op.create_table(
        "one_time_link",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger),
        sa.Column("withdrawn_ms", sa.BigInteger),
        sa.CheckConstraint(ROLES, name=op.f("ck_one_time_link_role")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("succeeded", sa.Boolean, nullable=False),
    )
    op.create_index("ix_sign_in_attempt_name_at", "sign_in_attempt", ["name", "at_ms"])


def downgrade() -> None:
    for table in ("sign_in_attempt", "one_time_link", "session", "role_grant", "person"):
        op.drop_table(table)
