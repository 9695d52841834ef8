"""The common tables in their third shape: what is known of people remembers its version.

A link that was undone leaves its row without an account, with the version that it was undone at.
"""

from alembic import op
from chassis.storage.schema import common_tables_3

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ACCOUNTS = """
ALTER TABLE accounts ALTER COLUMN account_id DROP NOT NULL,
    ADD COLUMN sequence bigint NOT NULL DEFAULT 0;
"""


def upgrade() -> None:
    op.execute(common_tables_3())
    op.execute(ACCOUNTS)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
