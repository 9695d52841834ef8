"""The common tables in their second shape: when an outbox row is due, and leases."""

from alembic import op
from chassis.storage.schema import common_tables_2

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(common_tables_2("listings"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
