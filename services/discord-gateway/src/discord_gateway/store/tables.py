"""The service's tables, as its migrations made them."""

from __future__ import annotations

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

METADATA = MetaData()
common_tables(METADATA)

pending_interactions = Table(
    "pending_interactions",
    METADATA,
    Column("command_id", Uuid, primary_key=True),
    Column("interaction_id", Text, nullable=False, unique=True),
    Column("application_id", Text, nullable=False),
    Column(
        "token",
        Text,
        nullable=False,
        comment="Lives 15 minutes, is in no message, and is blotted out when it has expired.",
    ),
    Column("discord_user_id", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("acknowledged", Boolean, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("answered_at", MOMENT),
)
Index("pending_interactions_created", pending_interactions.c.created_at)

posted_messages = Table(
    "posted_messages",
    METADATA,
    Column("target", Text, primary_key=True),
    Column("card_key", Text, primary_key=True),
    Column("channel_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("posted_at", MOMENT, nullable=False),
    CheckConstraint("revision >= 0"),
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("reason_code", Text, nullable=False, server_default=text("''")),
    Column("channel_id", Text, nullable=False, server_default=text("''")),
    Column("message_id", Text, nullable=False, server_default=text("''")),
    Column("shown_at", MOMENT, nullable=False),
    CheckConstraint(
        "outcome IN ('answered', 'followed_up', 'posted', 'edited', 'superseded', 'summed_up', "
        "'failed')"
    ),
)
Index("deliveries_shown", deliveries.c.shown_at)

waiting_deliveries = Table(
    "waiting_deliveries",
    METADATA,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("delivery_id", Text, nullable=False, unique=True),
    Column("line", Text, nullable=False),
    Column("card_key", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("summary_key", Text, nullable=False),
    Column("told", Boolean, nullable=False, server_default=text("false")),
    Column("reader", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text, nullable=False),
)
Index(
    "waiting_deliveries_line",
    waiting_deliveries.c.line,
    waiting_deliveries.c.told,
    waiting_deliveries.c.revision,
    waiting_deliveries.c.position,
)
