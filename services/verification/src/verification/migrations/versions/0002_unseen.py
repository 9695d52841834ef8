"""How often and since when Roblox shows nothing of an asset; asset ids are numbers."""

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


def upgrade() -> None:
    for table in ("verifications", "watches"):
        op.execute(UNSEEN.format(table=table))
    for table in ("verifications", "watches", "snapshots", "proofs"):
        op.execute(NUMBER.format(table=table))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
