"""The tables of identity, as its statements know them; the migrations make them."""

from __future__ import annotations

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

METADATA = MetaData()
common_tables(METADATA)

users = Table(
    "users",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("discord_id", Text, nullable=False, unique=True),
    Column("tier", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("suspended", Boolean, nullable=False, server_default=text("false")),
    Column("locale", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("version", BigInteger, nullable=False),
)

consents = Table(
    "consents",
    METADATA,
    Column("user_id", Text, ForeignKey(users.c.user_id), primary_key=True),
    Column("terms_version", Text, primary_key=True),
    Column("terms_sha256", Text),
    Column("given_at", MOMENT, nullable=False),
    Column("interface", Text, nullable=False),
)

linked_accounts = Table(
    "linked_accounts",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("provider_user_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(users.c.user_id), nullable=False),
    Column("linked_at", MOMENT, nullable=False),
    UniqueConstraint("user_id", "provider"),
)

account_names = Table(
    "account_names",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("provider_user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("told_at", MOMENT, nullable=False),
)

link_contests = Table(
    "link_contests",
    METADATA,
    Column("contest_id", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("provider_user_id", Text, nullable=False),
    Column("holder_id", Text, ForeignKey(users.c.user_id), nullable=False),
    Column("claimant_id", Text, ForeignKey(users.c.user_id), nullable=False),
    Column("decided_at", MOMENT, nullable=False),
    UniqueConstraint("provider", "provider_user_id"),
)
Index("link_contests_holder", link_contests.c.holder_id)

links = Table(
    "links",
    METADATA,
    Column("link_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(users.c.user_id), nullable=False),
    Column("provider", Text, nullable=False),
    Column("token_hash", Text, unique=True),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("opened_at", MOMENT),
    Column("completed_at", MOMENT),
)
Index("links_user", links.c.user_id, links.c.created_at)
Index("links_expiry", links.c.expires_at)

oauth_states = Table(
    "oauth_states",
    METADATA,
    Column("state_hash", Text, primary_key=True),
    Column("browser_hash", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("user_id", Text, ForeignKey(users.c.user_id)),
    Column("link_id", Text, ForeignKey(links.c.link_id, ondelete="CASCADE")),
    Column("terms_version", Text),
    Column("redirect_to", Text),
    Column("expires_at", MOMENT, nullable=False),
)
Index("oauth_states_expiry", oauth_states.c.expires_at)

sessions = Table(
    "sessions",
    METADATA,
    Column("session_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(users.c.user_id), nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("last_used_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("end_reason", Text),
)
Index(
    "sessions_live",
    sessions.c.user_id,
    sessions.c.created_at,
    postgresql_where=sessions.c.ended_at.is_(None),
)
Index("sessions_expiry", sessions.c.expires_at)
Index("sessions_ended", sessions.c.ended_at, postgresql_where=sessions.c.ended_at.is_not(None))

refresh_tokens = Table(
    "refresh_tokens",
    METADATA,
    Column("token_hash", Text, primary_key=True),
    Column(
        "session_id", Text, ForeignKey(sessions.c.session_id, ondelete="CASCADE"), nullable=False
    ),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("used_at", MOMENT),
)
Index("refresh_tokens_session", refresh_tokens.c.session_id)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(users.c.user_id), nullable=False),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("hint", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("last_used_at", MOMENT),
    Column("revoked_at", MOMENT),
)
Index(
    "api_keys_live",
    api_keys.c.user_id,
    api_keys.c.created_at,
    postgresql_where=api_keys.c.revoked_at.is_(None),
)
