"""Since when an escrow is frozen: the window that stands goes on with what was left of it."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Escrows that were frozen before get their window's least: the audit says since when they are.
_SINCE = """
ALTER TABLE escrows ADD COLUMN frozen_since timestamptz;
GRANT UPDATE (frozen_since) ON escrows TO escrow;
COMMENT ON COLUMN escrows.frozen IS 'The reasons, separated by spaces; empty: not frozen.';
"""


def upgrade() -> None:
    op.execute(_SINCE)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
