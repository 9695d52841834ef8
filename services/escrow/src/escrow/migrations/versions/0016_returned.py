"""How much of a payout that was proven came back."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_RETURNED = """
ALTER TABLE payouts ADD COLUMN returned numeric(78, 0) NOT NULL DEFAULT 0
    CHECK (returned >= 0 AND returned < amount);
GRANT UPDATE (returned) ON payouts TO escrow;
"""


def upgrade() -> None:
    op.execute(_RETURNED)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
