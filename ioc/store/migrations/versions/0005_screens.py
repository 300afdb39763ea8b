"""Screens on walls: what they show by themselves, the claims on them, the devices that show them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    screen = op.create_table(
        "screen",
        sa.Column("name", sa.String(65), primary_key=True),
        sa.Column("zh", sa.String(64), nullable=False),
        sa.Column("en", sa.String(64), nullable=False),
        sa.Column("width_mm", sa.Integer, nullable=False),
        sa.Column("distance_mm", sa.Integer, nullable=False),
        sa.Column("rotation", sa.Text, nullable=False),
        sa.Column("pinned", sa.String(64)),
        sa.Column("reload_at", sa.String(5), nullable=False),
        sa.CheckConstraint("width_mm > 0 AND distance_mm > 0", name=op.f("ck_screen_size")),
    )
    # One wall to begin with, so that it can be taken without setting up anything: the overview, no rotation.
    op.bulk_insert(
        screen,
        [{"name": "main", "zh": "主屏", "en": "main wall", "width_mm": 6000, "distance_mm": 6000, "rotation": "[]",
          "pinned": None, "reload_at": "03:30"}],
    )  # fmt: skip
    op.create_table(
        "screen_claim",
        sa.Column("screen", sa.String(65), sa.ForeignKey("screen.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("right_", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("by_name", sa.String(64), primary_key=True),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("right_ IN (1, 2, 3)", name=op.f("ck_screen_claim_right")),
    )
    op.create_table(
        "screen_device",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("code", sa.String(8), unique=True),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("code_until_ms", sa.BigInteger, nullable=False),
        sa.Column("screen", sa.String(65), sa.ForeignKey("screen.name", ondelete="SET NULL")),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("person.id", ondelete="CASCADE")),
        sa.Column("approved_ms", sa.BigInteger),
        sa.Column("approved_by", sa.String(64)),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.Column("revoked_by", sa.String(64)),
    )
    op.create_index("ix_screen_device_address", "screen_device", ["address"])
    op.create_index("ix_screen_device_person_id", "screen_device", ["person_id"])


def downgrade() -> None:
    for table in ("screen_device", "screen_claim", "screen"):
        op.drop_table(table)
