"""An account that a second person proved is contested for a while."""

from alembic import op
from chassis.storage.schema import grant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE link_contests (
    contest_id text PRIMARY KEY CHECK (contest_id LIKE 'cst\\_%'),
    provider text NOT NULL CHECK (provider IN ('roblox')),
    provider_user_id text NOT NULL,
    holder_id text NOT NULL REFERENCES users,
    claimant_id text NOT NULL REFERENCES users CHECK (claimant_id <> holder_id),
    decided_at timestamptz NOT NULL,
    UNIQUE (provider, provider_user_id)
);
CREATE INDEX link_contests_holder ON link_contests (holder_id);
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(grant("identity", "link_contests"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
