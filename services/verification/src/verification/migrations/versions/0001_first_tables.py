"""The common tables, accounts, verifications, snapshots, watches and proofs."""

from alembic import op
from chassis.storage.schema import append_only, common_tables, grant

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE accounts (
    user_id text PRIMARY KEY,
    roblox_user_id bigint NOT NULL
);

CREATE TABLE snapshots (
    snapshot_id text PRIMARY KEY,
    asset_id text NOT NULL,
    sha256 text NOT NULL,
    content text NOT NULL,
    name text NOT NULL,
    thumbnail_url text NOT NULL,
    taken_at timestamptz NOT NULL
);
CREATE INDEX snapshots_of_asset ON snapshots (asset_id, taken_at DESC, snapshot_id);

CREATE TABLE verifications (
    verification_id text PRIMARY KEY,
    user_id text NOT NULL,
    asset_id text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('listing', 'accept', 'funding', 'delivery')),
    status text NOT NULL CHECK (status IN ('PENDING', 'VERIFIED', 'FAILED', 'EXPIRED')),
    ownership text CHECK (ownership IN ('OWNER', 'ADMIN', 'DEVELOPER')),
    reason_code text NOT NULL DEFAULT '',
    snapshot_id text REFERENCES snapshots,
    listing_id text,
    deal_id text,
    created_at timestamptz NOT NULL,
    checked_at timestamptz,
    expires_at timestamptz,
    CHECK ((status = 'VERIFIED') = (ownership IS NOT NULL))
);
CREATE INDEX verifications_cache ON verifications (user_id, asset_id, checked_at DESC)
    WHERE status = 'VERIFIED';

CREATE TABLE watches (
    escrow_id text PRIMARY KEY,
    deal_id text NOT NULL,
    asset_id text NOT NULL,
    seller_id text NOT NULL,
    buyer_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('FUNDED', 'DELIVERED', 'PROVEN', 'LOST', 'ENDED')),
    looks integer NOT NULL DEFAULT 0,
    looks_lost integer NOT NULL DEFAULT 0,
    until timestamptz
);

CREATE TABLE proofs (
    proof_id text PRIMARY KEY,
    escrow_id text NOT NULL UNIQUE,
    deal_id text NOT NULL,
    asset_id text NOT NULL,
    content text NOT NULL,
    sha256 text NOT NULL,
    proven_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    op.execute(common_tables("verification"))
    op.execute(TABLES)
    op.execute(grant("verification", "accounts", "verifications", "watches"))
    op.execute(append_only("snapshots", "verification"))
    op.execute(append_only("proofs", "verification"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
