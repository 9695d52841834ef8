"""Old deliveries are found by their age; a BRIN index finds more than it should as they go."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "DROP INDEX deliveries_shown; CREATE INDEX deliveries_shown ON deliveries (shown_at)"
    )


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
