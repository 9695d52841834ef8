"""The common tables, listings, offers, drafts, watches and the cache of verified assets."""

from alembic import op
from chassis.storage.schema import common_tables, grant

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE listings (
    listing_id text PRIMARY KEY,
    seller_id text NOT NULL,
    asset_id text NOT NULL,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    summary text NOT NULL CHECK (length(summary) <= 1000),
    price_minor numeric(78, 0) NOT NULL CHECK (price_minor > 0),
    currency text NOT NULL CHECK (currency IN ('USD', 'USDC')),
    category text NOT NULL CHECK (length(category) <= 100),
    visibility text NOT NULL CHECK (visibility IN ('PUBLIC', 'PRIVATE')),
    delivery_window_s integer NOT NULL CHECK (delivery_window_s BETWEEN 3600 AND 2592000),
    state text NOT NULL
        CHECK (state IN ('DRAFT', 'ACTIVE', 'RESERVED', 'SOLD', 'INACTIVE', 'CANCELLED')),
    version bigint NOT NULL,
    guild_id text,
    channel_id text,
    snapshot_id text,
    snapshot_sha256 text NOT NULL DEFAULT '',
    thumbnail_url text NOT NULL DEFAULT '',
    deal_id text,
    created_at timestamptz NOT NULL,
    CHECK (state NOT IN ('ACTIVE', 'RESERVED', 'SOLD') OR snapshot_id IS NOT NULL),
    CHECK ((state IN ('RESERVED', 'SOLD')) = (deal_id IS NOT NULL))
);
CREATE INDEX listings_public ON listings (created_at DESC, listing_id DESC)
    WHERE state = 'ACTIVE' AND visibility = 'PUBLIC';
CREATE INDEX listings_of_seller ON listings (seller_id, created_at DESC, listing_id DESC);

CREATE TABLE offers (
    offer_id text PRIMARY KEY,
    listing_id text NOT NULL REFERENCES listings,
    buyer_id text NOT NULL,
    seller_id text NOT NULL CHECK (seller_id <> buyer_id),
    made_by text NOT NULL CHECK (made_by IN ('buyer', 'seller')),
    amount_minor numeric(78, 0) NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    conditions text NOT NULL CHECK (length(conditions) <= 500),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    state text NOT NULL CHECK (
        state IN ('PENDING', 'ACCEPTED', 'COUNTERED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')),
    version bigint NOT NULL,
    parent_id text UNIQUE REFERENCES offers,
    closed boolean NOT NULL DEFAULT false
);
-- The deal that a listing is reserved for; a deal that came to nothing is closed and frees it.
CREATE UNIQUE INDEX offers_one_deal ON offers (listing_id) WHERE state = 'ACCEPTED' AND NOT closed;
CREATE INDEX offers_open ON offers (listing_id) WHERE state = 'PENDING';
CREATE INDEX offers_of_buyer ON offers (buyer_id, created_at DESC, offer_id DESC);
CREATE INDEX offers_of_seller ON offers (seller_id, created_at DESC, offer_id DESC);

CREATE TABLE offer_drafts (
    user_id text NOT NULL,
    listing_id text NOT NULL REFERENCES listings,
    draft jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, listing_id)
);

CREATE TABLE watches (
    user_id text NOT NULL,
    listing_id text NOT NULL REFERENCES listings,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, listing_id)
);

CREATE TABLE verified_assets (
    user_id text NOT NULL,
    asset_id text NOT NULL,
    snapshot_id text NOT NULL,
    snapshot_sha256 text NOT NULL,
    thumbnail_url text NOT NULL,
    checked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, asset_id)
);
"""


def upgrade() -> None:
    op.execute(common_tables("listings"))
    op.execute(TABLES)
    tables = ("listings", "offers", "offer_drafts", "watches", "verified_assets")
    op.execute(grant("listings", *tables))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
