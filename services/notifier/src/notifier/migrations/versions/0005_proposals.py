"""What one administrator proposes and another approves."""

from alembic import op
from chassis.storage.schema import proposals

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(proposals("notifier"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
