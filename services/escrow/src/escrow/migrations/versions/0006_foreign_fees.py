"""A provider that settles in another currency keeps its fee in that one: noted, not booked."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE payments ADD COLUMN foreign_fee text NOT NULL DEFAULT ''")


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
