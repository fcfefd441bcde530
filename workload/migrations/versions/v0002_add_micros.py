"""A column for the price in millionths of a dollar, kept in step with the old one.

A trigger does it, so that either release may write while both are there.
"""

import sqlalchemy as sa
from alembic import op

from workload.migrations import in_step
from workload.migrations.history import Phase

revision = "0002"
down_revision = "0001"
phase = Phase.EXPAND
tables = {"quotes": {"id": False, "model": False, "usd": False, "micros": True}}


def upgrade() -> None:
    """Add it, empty: no table is rewritten."""
    op.add_column("quotes", sa.Column("micros", sa.BigInteger, nullable=True))
    op.execute(in_step.CREATE)


def downgrade() -> None:
    """Drop it; the old column has everything."""
    op.execute(in_step.DROP)
    op.drop_column("quotes", "micros")
