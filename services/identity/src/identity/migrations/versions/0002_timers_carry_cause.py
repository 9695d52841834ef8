"""What a timer does belongs to the request and the trace that set it."""

from alembic import op
from chassis.storage.schema import TIMERS_CARRY_CAUSE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(TIMERS_CARRY_CAUSE)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
