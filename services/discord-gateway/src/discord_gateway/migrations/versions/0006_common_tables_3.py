"""The common tables in their third shape: what is known of people remembers its version."""

from alembic import op
from chassis.storage.schema import common_tables_3

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(common_tables_3())


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
