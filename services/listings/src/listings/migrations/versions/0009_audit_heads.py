"""How long the audit log was, hour by hour."""

from alembic import op
from chassis.storage.schema import audit_heads

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(audit_heads("listings"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
