"""The service's tables, as its migrations made them."""

from __future__ import annotations

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()
common_tables(METADATA)

people = Table(
    "people",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("discord_id", Text, nullable=False, unique=True),
    Column("locale", Text, nullable=False),
)

listings = Table(
    "listings",
    METADATA,
    Column("listing_id", Text, primary_key=True),
    Column("seller_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("guild_id", Text),
    Column("channel_id", Text),
    Column("facts", JSONB, nullable=False),
)

notifications = Table(
    "notifications",
    METADATA,
    Column("notification_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("read_at", MOMENT),
)
Index(
    "notifications_of_user",
    notifications.c.user_id,
    notifications.c.created_at.desc(),
    notifications.c.notification_id,
)

preferences = Table(
    "preferences",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("direct_messages", Boolean, nullable=False, server_default=text("true")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
)
