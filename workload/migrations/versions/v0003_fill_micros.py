"""The prices of quotes that were there before the new column."""

import sqlalchemy as sa
from alembic import op

from workload.migrations.history import Phase

revision = "0003"
down_revision = "0002"
phase = Phase.EXPAND
tables = {"quotes": {"id": False, "model": False, "usd": False, "micros": False}}

BATCH = 1000
"""Rows a transaction: each is locked for milliseconds only."""

_FILL = sa.text(
    "UPDATE quotes SET micros = round(usd * 1000000) WHERE id IN "
    "(SELECT id FROM quotes WHERE micros IS NULL ORDER BY id LIMIT :batch)"
)


def upgrade() -> None:
    """Fill them in batches; interrupted, it goes on where it was."""
    with op.get_context().autocommit_block():
        while op.get_bind().execute(_FILL, {"batch": BATCH}).rowcount:
            pass
    op.alter_column("quotes", "micros", nullable=False)


def downgrade() -> None:
    """Allow them to be missing again; what is filled does no harm."""
    op.alter_column("quotes", "micros", nullable=True)
