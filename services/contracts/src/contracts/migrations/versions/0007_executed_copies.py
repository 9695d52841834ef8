"""Who the parties were outside, and the copies that show who signed."""

from alembic import op
from chassis.storage.schema import append_only

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE drafts ADD COLUMN accounts text;
ALTER TABLE contracts ADD COLUMN accounts text;
CREATE TABLE executed_copies (
    contract_id text PRIMARY KEY REFERENCES contracts,
    pdf_sha256 text NOT NULL UNIQUE CHECK (pdf_sha256 ~ '^[0-9a-f]{64}$'),
    made_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(append_only("executed_copies", "contracts"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
