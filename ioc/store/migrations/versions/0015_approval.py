"""Approvals by a second person, time codes as a second factor, and secrets to be changed at the first sign-in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ASKED = ("id", "kind", "payload", "digest", "state", "reason", "asked_by", "asked_ms", "expires_ms")


def upgrade() -> None:
    op.add_column("person", sa.Column("must_change", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "approval",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("decided_ms", sa.BigInteger),
        sa.CheckConstraint(
            "verdict IN ('', 'approved', 'refused', 'expired', 'stale', 'altered')", name=op.f("ck_approval_verdict")
        ),
        sa.CheckConstraint("verdict <> 'approved' OR decided_by <> asked_by", name=op.f("ck_approval_two_people")),
    )
    op.create_index("ix_approval_waiting", "approval", ["verdict", "asked_ms"])
    op.create_table(
        "second_factor",
        sa.Column("person_id", sa.String(32), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("confirmed_ms", sa.BigInteger),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.Column("recovery", sa.Text, nullable=False),
    )
    op.create_table(
        "sign_in_step",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("password_set_ms", sa.BigInteger),
        sa.Column("proved", sa.Boolean, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_sign_in_step_person_id", "sign_in_step", ["person_id"])
    changed = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in ASKED)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER approval_stands BEFORE UPDATE ON approval WHEN OLD.verdict <> '' OR {changed} "
            "BEGIN SELECT RAISE(ABORT, 'approval: what was asked for and what is decided stand'); END"
        )
        op.execute(
            "CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval "
            "BEGIN SELECT RAISE(ABORT, 'approval: it stays'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION approval_stands() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'approval: what was asked for and what is decided stand'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER approval_stands BEFORE UPDATE ON approval FOR EACH ROW "
        f"WHEN (OLD.verdict <> '' OR {changed}) EXECUTE FUNCTION approval_stands()"
    )
    op.execute(
        "CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval FOR EACH ROW EXECUTE FUNCTION approval_stands()"
    )


def downgrade() -> None:
    for table in ("sign_in_step", "second_factor", "approval"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION approval_stands")
    op.drop_column("person", "must_change")
