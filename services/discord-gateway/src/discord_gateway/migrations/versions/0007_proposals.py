"""What one administrator proposes and another approves."""

from alembic import op
from chassis.storage.schema import proposals

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(proposals("discord_gateway"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
