"""A consent says over which interface it was given: REST or Discord."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE consents RENAME COLUMN door TO interface")


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
