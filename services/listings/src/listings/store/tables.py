"""The tables of listings, as its migrations make them."""

from __future__ import annotations

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()
common_tables(METADATA)

AMOUNT = Numeric(78, 0)
KIND = text("'GAME_OWNERSHIP'")

listings = Table(
    "listings",
    METADATA,
    Column("listing_id", Text, primary_key=True),
    Column("seller_id", Text, nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("price_minor", AMOUNT, nullable=False),
    Column("currency", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("delivery_window_s", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("guild_id", Text),
    Column("channel_id", Text),
    Column("snapshot_id", Text),
    Column("snapshot_sha256", Text, nullable=False, server_default=text("''")),
    Column("thumbnail_url", Text, nullable=False, server_default=text("''")),
    Column("deal_id", Text),
    Column("kind", Text, nullable=False, server_default=KIND),
    Column("created_at", MOMENT, nullable=False),
    CheckConstraint("state NOT IN ('ACTIVE', 'RESERVED', 'SOLD') OR snapshot_id IS NOT NULL"),
    CheckConstraint("(state IN ('RESERVED', 'SOLD')) = (deal_id IS NOT NULL)"),
)
Index(
    "listings_public",
    listings.c.created_at.desc(),
    listings.c.listing_id.desc(),
    postgresql_where=text("state = 'ACTIVE' AND visibility = 'PUBLIC'"),
)
Index(
    "listings_one_active",
    listings.c.kind,
    listings.c.asset_id,
    unique=True,
    postgresql_where=text("state = 'ACTIVE'"),
)
Index(
    "listings_of_seller",
    listings.c.seller_id,
    listings.c.created_at.desc(),
    listings.c.listing_id.desc(),
)

offers = Table(
    "offers",
    METADATA,
    Column("offer_id", Text, primary_key=True),
    Column("listing_id", Text, ForeignKey("listings.listing_id"), nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("amount_minor", AMOUNT, nullable=False),
    Column("currency", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("parent_id", Text, ForeignKey("offers.offer_id"), unique=True),
    Column("closed", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("seller_id <> buyer_id"),
)
Index(
    "offers_one_deal",
    offers.c.listing_id,
    unique=True,
    postgresql_where=text("state = 'ACCEPTED' AND NOT closed"),
)
Index("offers_open", offers.c.listing_id, postgresql_where=text("state = 'PENDING'"))
Index("offers_open_of_buyer", offers.c.buyer_id, postgresql_where=text("state = 'PENDING'"))
Index("offers_of_buyer", offers.c.buyer_id, offers.c.created_at.desc(), offers.c.offer_id.desc())
Index("offers_of_seller", offers.c.seller_id, offers.c.created_at.desc(), offers.c.offer_id.desc())

offer_drafts = Table(
    "offer_drafts",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("listing_id", Text, ForeignKey("listings.listing_id"), primary_key=True),
    Column("draft", JSONB, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
)

watches = Table(
    "watches",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("listing_id", Text, ForeignKey("listings.listing_id"), primary_key=True),
    Column("created_at", MOMENT, nullable=False),
)

verified_assets = Table(
    "verified_assets",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True, server_default=KIND),
    Column("asset_id", Text, primary_key=True),
    Column("snapshot_id", Text, nullable=False),
    Column("snapshot_sha256", Text, nullable=False),
    Column("thumbnail_url", Text, nullable=False),
    Column("checked_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
)
