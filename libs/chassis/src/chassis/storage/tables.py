"""The tables that every service's schema has, as its statements and its migrations' test know them.

They are made by ``schema.common_tables`` in a service's first migration, and changed by later ones.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

COMMON = MetaData()
MOMENT = DateTime(timezone=True)

outbox = Table(
    "outbox",
    COMMON,
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("message_id", Uuid, primary_key=True),
    Column("exchange", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("published_at", MOMENT),
    Column("due_at", MOMENT, nullable=False, server_default=text("now()")),
    CheckConstraint("exchange IN ('holdfast.events', 'holdfast.commands')"),
)
Index("outbox_due", outbox.c.due_at, postgresql_where=outbox.c.published_at.is_(None))
Index("outbox_created", outbox.c.created_at)

inbox = Table(
    "inbox",
    COMMON,
    Column("consumer", Text, primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    Column("received_at", MOMENT, nullable=False, server_default=text("now()")),
)
Index("inbox_received", inbox.c.received_at)

timers = Table(
    "timers",
    COMMON,
    Column("timer_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("payload", JSONB, nullable=False, server_default=text("'{}'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("leased_until", MOMENT),
    Column("last_error", Text),
    Column("correlation_id", Text, nullable=False, server_default=text("''")),
    Column("traceparent", Text, nullable=False, server_default=text("''")),
)
Index("timers_due", timers.c.due_at)
Index("timers_subject", timers.c.subject_id)

audit_entries = Table(
    "audit_entries",
    COMMON,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("entry_id", Uuid, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("request_id", Text, nullable=False, server_default=text("''")),
    Column("details", Text, nullable=False, server_default=text("'{}'")),
)
Index("audit_entries_subject", audit_entries.c.subject_id, audit_entries.c.at)

audit_chain = Table(
    "audit_chain",
    COMMON,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

audit_heads = Table(
    "audit_heads",
    COMMON,
    Column("at", MOMENT, primary_key=True),
    Column("entries", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
Index("audit_heads_entries", audit_heads.c.entries, audit_heads.c.at)

idempotency_keys = Table(
    "idempotency_keys",
    COMMON,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("created_at", MOMENT, nullable=False),
)
Index("idempotency_keys_created", idempotency_keys.c.created_at)

leases = Table(
    "leases",
    COMMON,
    Column("name", Text, primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("until", MOMENT, nullable=False),
)

principals = Table(
    "principals",
    COMMON,
    Column("user_id", Text, primary_key=True),
    Column("discord_id", Text, unique=True),
    Column("tier", Text, nullable=False, server_default=text("'TIER_0'")),
    Column("role", Text, nullable=False, server_default=text("'USER'")),
    Column("suspended", Boolean, nullable=False, server_default=text("false")),
    Column("tier_sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("role_sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("suspended_sequence", BigInteger, nullable=False, server_default=text("0")),
)

proposals = Table(
    "proposals",
    COMMON,
    Column("proposal_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("does", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", MOMENT),
    CheckConstraint("state <> 'DONE' OR decided_by <> proposed_by", name="done_by_another"),
)
Index("proposals_by_time", proposals.c.proposed_at, proposals.c.proposal_id)


def common_tables(metadata: MetaData) -> None:
    """Add them to a service's own tables, so that both are compared with its migrations."""
    for table in COMMON.tables.values():
        table.to_metadata(metadata)
