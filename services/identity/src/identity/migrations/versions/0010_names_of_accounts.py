"""What Discord and Roblox call an account, as of the login that proved it last."""

from alembic import op
from chassis.storage.schema import grant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE account_names (
    provider text NOT NULL CHECK (provider IN ('discord', 'roblox')),
    provider_user_id text NOT NULL,
    name text NOT NULL CHECK (length(name) <= 80),
    told_at timestamptz NOT NULL,
    PRIMARY KEY (provider, provider_user_id)
);
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(grant("identity", "account_names"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
