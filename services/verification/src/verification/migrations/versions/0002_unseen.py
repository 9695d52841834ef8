"""How often and since when Roblox shows nothing of an asset; asset ids are numbers.

A watch that ended before it began, for its events came the other way round, knows of no asset.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

UNSEEN = """
ALTER TABLE {table}
    ADD COLUMN unseen integer NOT NULL DEFAULT 0,
    ADD COLUMN unseen_since timestamptz;
"""
NUMBER = """
ALTER TABLE {table}
    ADD CONSTRAINT {table}_asset_id_check CHECK (asset_id ~ '^[0-9]{{1,20}}$');
"""
NUMBER_ONCE_BEGUN = """
ALTER TABLE watches ADD CONSTRAINT watches_asset_id_check
    CHECK (asset_id ~ '^[0-9]{1,20}$' OR (asset_id = '' AND state = 'ENDED'));
"""


def upgrade() -> None:
    for table in ("verifications", "watches"):
        op.execute(UNSEEN.format(table=table))
    for table in ("verifications", "snapshots", "proofs"):
        op.execute(NUMBER.format(table=table))
    op.execute(NUMBER_ONCE_BEGUN)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
