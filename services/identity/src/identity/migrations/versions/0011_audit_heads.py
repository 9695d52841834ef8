"""How long the audit log was, hour by hour."""

from alembic import op
from chassis.storage.schema import audit_heads

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(audit_heads("identity"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
