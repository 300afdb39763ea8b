"""People and means: shifts, handovers, supplies, shelters, their movements and edits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _text(name: str, size: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(size), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("person", 64), _text("role", 16), _text("post", 64), _number("start_ms"), _number("end_ms"),
        _text("note", 400),
        sa.CheckConstraint("end_ms > start_ms", name=op.f("ck_duty_shift_end")),
    )  # fmt: skip
    op.create_index("ix_duty_shift_time", "duty_shift", ["end_ms"])
    op.create_table(
        "handover",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("world", 64), _text("giver", 64), _text("taker", 64),
        sa.Column("note", sa.Text, nullable=False), sa.Column("open", sa.Text, nullable=False),
        _number("made_ms"), sa.Column("signed_ms", sa.BigInteger),
    )  # fmt: skip
    op.create_index("ix_handover_made_ms", "handover", ["made_ms"])
    op.create_table(
        "means",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("kind", 16), _text("zh", 64), _text("en", 64), _text("sort", 32), _text("unit", 16), _text("region", 16),
        _text("place", 64), sa.Column("lon", sa.Float), sa.Column("lat", sa.Float), _number("planned"),
        _number("least"), sa.Column("removed_ms", sa.BigInteger),
        sa.CheckConstraint("kind IN ('supply', 'shelter')", name=op.f("ck_means_kind")),
    )  # fmt: skip
    op.create_table(
        "means_movement",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("means_id", sa.String(32), sa.ForeignKey("means.id"), nullable=False),
        _text("movement", 16), _number("delta"), _text("note", 200), _text("dossier_id", 32), _text("by_name", 64),
        _number("at_ms"), sa.Column("key", sa.String(128), unique=True),
    )  # fmt: skip
    op.create_index("ix_means_movement_of", "means_movement", ["means_id", "number"])
    op.create_table(
        "means_edit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        _text("book", 16), _text("batch", 32), _text("subject", 32), sa.Column("before", sa.Text),
        sa.Column("after", sa.Text), _text("by_name", 64), _number("at_ms"), _text("undoes", 32),
        sa.CheckConstraint("book IN ('roster', 'means')", name=op.f("ck_means_edit_book")),
    )  # fmt: skip
    op.create_index("ix_means_edit_book", "means_edit", ["book"])


def downgrade() -> None:
    for table in ("means_edit", "means_movement", "means", "handover", "duty_shift"):
        op.drop_table(table)
