"""The ground, and what notifier keeps."""

from alembic import op
from chassis.schema import ground

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(ground("notifier"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
