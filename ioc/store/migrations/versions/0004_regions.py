"""What the district says of its regions: communities, numbers, blocks, buildings and addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "region_edition",
        sa.Column("book", sa.String(16), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("restores", sa.Integer),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("book IN ('communities', 'numbers', 'addresses')", name=op.f("ck_region_edition_book")),
    )
    op.create_table(
        "region_fact",
        sa.Column("book", sa.String(16), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("fact", sa.String(16), primary_key=True),
        sa.Column("body", sa.Text),
        sa.ForeignKeyConstraint(["book", "number"], ["region_edition.book", "region_edition.number"]),
        sa.CheckConstraint("fact IN ('community', 'population', 'area_km2')", name=op.f("ck_region_fact_fact")),
    )
    op.create_table(
        "address",
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("parent", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("valid_from", sa.String(10), nullable=False),
        sa.Column("valid_to", sa.String(10), nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.CheckConstraint("kind IN ('block', 'building', 'address')", name=op.f("ck_address_kind")),
    )


def downgrade() -> None:
    for table in ("address", "region_fact", "region_edition"):
        op.drop_table(table)
