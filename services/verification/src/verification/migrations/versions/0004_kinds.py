"""Goods have a kind: whose account it takes, and how an asset is named, its provider says."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KIND = "ALTER TABLE {table} ADD COLUMN kind text NOT NULL DEFAULT 'GAME_OWNERSHIP';"
NAMED = "ALTER TABLE {table} DROP CONSTRAINT {table}_asset_id_check;"
SOME_NAME = "ALTER TABLE {table} ADD CONSTRAINT {table}_asset_id_check CHECK ({check});"
NOT_EMPTY = "asset_id <> ''"
NOT_EMPTY_ONCE_BEGUN = "asset_id <> '' OR state = 'ENDED'"
INDEXES = """
DROP INDEX snapshots_of_asset;
CREATE INDEX snapshots_of_asset ON snapshots (kind, asset_id, taken_at DESC, snapshot_id);
DROP INDEX verifications_cache;
CREATE INDEX verifications_cache ON verifications (user_id, kind, asset_id, checked_at DESC)
    WHERE status = 'VERIFIED';
"""
ACCOUNTS = """
ALTER TABLE accounts RENAME COLUMN roblox_user_id TO account_id;
ALTER TABLE accounts ALTER COLUMN account_id TYPE text USING account_id::text;
ALTER TABLE accounts ADD COLUMN provider text NOT NULL DEFAULT 'roblox';
ALTER TABLE accounts ALTER COLUMN provider DROP DEFAULT;
ALTER TABLE accounts DROP CONSTRAINT accounts_pkey, ADD PRIMARY KEY (user_id, provider);
"""


def upgrade() -> None:
    for table in ("verifications", "snapshots", "watches", "proofs"):
        op.execute(KIND.format(table=table))
        op.execute(NAMED.format(table=table))
        check = NOT_EMPTY_ONCE_BEGUN if table == "watches" else NOT_EMPTY
        op.execute(SOME_NAME.format(table=table, check=check))
    op.execute(INDEXES)
    op.execute(ACCOUNTS)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
