"""A consent names the text that was agreed to by its hash, too.

Those of before have none: what they agreed to was a name, and a few lines in Discord.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMN = """
ALTER TABLE consents
    ADD COLUMN terms_sha256 text CHECK (terms_sha256 ~ '^[0-9a-f]{64}$');
"""


def upgrade() -> None:
    op.execute(COLUMN)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
