"""Quotes, with their price as a decimal number of dollars."""

import sqlalchemy as sa
from alembic import op

from workload.migrations.history import Phase

revision = "0001"
down_revision = None
phase = Phase.EXPAND
tables = {"quotes": {"id": False, "model": False, "usd": False}}


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "quotes",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("usd", sa.Numeric(12, 6), nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("quotes")
