"""Goods have a kind; the id of an asset says something only together with it."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KIND = "ALTER TABLE {table} ADD COLUMN kind text NOT NULL DEFAULT 'GAME_OWNERSHIP';"
KEY = """
ALTER TABLE verified_assets DROP CONSTRAINT verified_assets_pkey,
    ADD PRIMARY KEY (user_id, kind, asset_id);
"""


def upgrade() -> None:
    for table in ("listings", "verified_assets"):
        op.execute(KIND.format(table=table))
    op.execute(KEY)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
