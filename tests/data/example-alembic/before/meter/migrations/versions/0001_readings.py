"""Readings of the meters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("meter_id", sa.Text, nullable=False),
        sa.Column("taken_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kilowatt_hours", sa.Numeric(12, 3), nullable=False),
        sa.Column("attributes", JSONB, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("meter_id", "taken_at", name="readings_pkey"),
    )
    op.create_index("readings_taken_at", "readings", [sa.text("taken_at DESC")])


def downgrade() -> None:
    op.drop_table("readings")
