"""The ground, people, listings' cards, notifications and preferences."""

from alembic import op
from chassis.storage.schema import common_tables, grant

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE people (
    user_id text PRIMARY KEY,
    discord_id text NOT NULL UNIQUE,
    locale text NOT NULL
);

CREATE TABLE listings (
    listing_id text PRIMARY KEY,
    seller_id text NOT NULL,
    title text NOT NULL,
    guild_id text,
    channel_id text,
    facts jsonb NOT NULL
);

CREATE TABLE notifications (
    notification_id text PRIMARY KEY,
    user_id text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz
);
CREATE INDEX notifications_of_user ON notifications (user_id, created_at DESC, notification_id);

CREATE TABLE preferences (
    user_id text PRIMARY KEY,
    direct_messages boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1
);
"""


def upgrade() -> None:
    op.execute(common_tables("notifier"))
    op.execute(TABLES)
    op.execute(grant("notifier", "people", "listings", "notifications", "preferences"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
