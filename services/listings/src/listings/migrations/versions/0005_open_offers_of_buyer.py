"""An index of each buyer's open offers, which are counted before one more is made."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX offers_open_of_buyer ON offers (buyer_id) WHERE state = 'PENDING'")


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
