"""Sessions that ended are found by when they did, however many there are."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL")


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
