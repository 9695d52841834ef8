"""The ground tables, what waits for an answer, and what was shown where."""

from alembic import op
from chassis.storage.schema import common_tables, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OWN = """
CREATE TABLE pending_interactions (
    command_id uuid PRIMARY KEY,
    interaction_id text NOT NULL UNIQUE,
    application_id text NOT NULL,
    token text NOT NULL,
    discord_user_id text NOT NULL,
    locale text NOT NULL,
    topic text NOT NULL,
    acknowledged boolean NOT NULL,
    created_at timestamptz NOT NULL,
    answered_at timestamptz
);
CREATE INDEX pending_interactions_created ON pending_interactions (created_at);
COMMENT ON COLUMN pending_interactions.token IS
    'Lives 15 minutes, is in no message, and is blotted out when it has expired.';

CREATE TABLE posted_messages (
    target text NOT NULL,
    card_key text NOT NULL,
    channel_id text NOT NULL,
    message_id text NOT NULL,
    revision bigint NOT NULL CHECK (revision >= 0),
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (target, card_key)
);

CREATE TABLE deliveries (
    delivery_id text PRIMARY KEY,
    outcome text NOT NULL CHECK (outcome IN
        ('answered', 'followed_up', 'posted', 'edited', 'superseded', 'failed')),
    reason_code text NOT NULL DEFAULT '',
    channel_id text NOT NULL DEFAULT '',
    message_id text NOT NULL DEFAULT '',
    shown_at timestamptz NOT NULL
);
CREATE INDEX deliveries_shown ON deliveries USING brin (shown_at);
"""


def upgrade() -> None:
    op.execute(common_tables("discord_gateway"))
    op.execute(_OWN)
    op.execute(grant("discord_gateway", "pending_interactions", "posted_messages", "deliveries"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
