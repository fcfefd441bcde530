"""The old column goes: for releases that only know the price in millionths."""

import sqlalchemy as sa
from alembic import op

from workload.migrations import in_step
from workload.migrations.history import Phase

revision = "0004"
down_revision = "0003"
phase = Phase.CONTRACT
tables = {"quotes": {"id": False, "model": False, "micros": False}}


def upgrade() -> None:
    """Drop it, and what kept it in step."""
    op.execute(in_step.DROP)
    op.drop_column("quotes", "usd")


def downgrade() -> None:
    """Make it again from the new one, which has everything."""
    op.add_column("quotes", sa.Column("usd", sa.Numeric(12, 6), nullable=True))
    op.execute("UPDATE quotes SET usd = micros / 1000000.0")
    op.alter_column("quotes", "usd", nullable=False)
    op.execute(in_step.CREATE)
