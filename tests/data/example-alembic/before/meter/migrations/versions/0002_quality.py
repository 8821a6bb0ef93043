"""How much a reading is worth."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("readings", sa.Column("quality", sa.SmallInteger, nullable=False, server_default="0"))
    op.create_check_constraint("readings_quality_range", "readings", "quality between 0 and 100")


def downgrade() -> None:
    op.drop_column("readings", "quality")
