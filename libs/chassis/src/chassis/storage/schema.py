"""The tables that every service's schema has: what delivery, timers, audit and retries stand on."""

from __future__ import annotations

COMMON_TABLES = (
    "outbox",
    "inbox",
    "timers",
    "audit_entries",
    "audit_chain",
    "idempotency_keys",
    "principals",
)

_APPEND_ONLY = ("audit_entries", "audit_chain")

# Every commit writes here, so an index has to earn its place.
_COMMON = """
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY,
    message_id uuid PRIMARY KEY,
    exchange text NOT NULL CHECK (exchange IN ('holdfast.events', 'holdfast.commands')),
    topic text NOT NULL,
    headers text NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL;
CREATE INDEX outbox_created ON outbox USING brin (created_at);

CREATE TABLE inbox (
    consumer text NOT NULL,
    message_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, message_id)
);
CREATE INDEX inbox_received ON inbox USING brin (received_at);

CREATE TABLE timers (
    timer_id text PRIMARY KEY,
    kind text NOT NULL,
    subject_id text NOT NULL,
    due_at timestamptz NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    attempts integer NOT NULL DEFAULT 0,
    leased_until timestamptz,
    last_error text
);
CREATE INDEX timers_due ON timers (due_at);
CREATE INDEX timers_subject ON timers (subject_id);

CREATE TABLE audit_entries (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject_id text NOT NULL,
    reason text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    details text NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_entries_subject ON audit_entries (subject_id, at);

CREATE TABLE audit_chain (
    sequence bigint PRIMARY KEY CHECK (sequence >= 1),
    position bigint NOT NULL UNIQUE,
    previous_hash text NOT NULL,
    hash text NOT NULL
);

CREATE TABLE idempotency_keys (
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer,
    headers text,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys USING brin (created_at);

CREATE TABLE principals (
    user_id text PRIMARY KEY,
    discord_id text UNIQUE,
    tier text NOT NULL DEFAULT 'TIER_0',
    role text NOT NULL DEFAULT 'USER',
    suspended boolean NOT NULL DEFAULT false,
    sequence bigint NOT NULL DEFAULT 0
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""


def common_tables(role: str) -> str:
    """The SQL that makes the common tables and grants them to the service's run-time role."""
    return "\n".join(
        [_COMMON, *(append_only(table, role) for table in _APPEND_ONLY)]
        + [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role};"
            for table in COMMON_TABLES
            if table not in _APPEND_ONLY
        ]
    )


TIMERS_CARRY_CAUSE = """
ALTER TABLE timers ADD COLUMN correlation_id text NOT NULL DEFAULT '',
    ADD COLUMN traceparent text NOT NULL DEFAULT '';
"""
"""What a timer does belongs to the request and the trace that set it."""

_SECOND = """
ALTER TABLE outbox ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
DROP INDEX outbox_unpublished, outbox_created, inbox_received, idempotency_keys_created;
CREATE INDEX outbox_due ON outbox (due_at) WHERE published_at IS NULL;
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX inbox_received ON inbox (received_at);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE leases (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);
"""


def common_tables_2(role: str) -> str:
    """The SQL that brings the common tables to their second shape.

    ``outbox.due_at`` says from when on any relay may publish a row. What is pruned is found by its
    time: a BRIN index forgets nothing when its rows go, and in the end finds the whole table.
    """
    return _SECOND + grant(role, "leases")


def common_tables_3() -> str:
    """The SQL that brings the common tables to their third shape.

    Each field of a person remembers which version it is of, so that an event that comes late does
    not bring back what was before.
    """
    return """
ALTER TABLE principals DROP COLUMN sequence,
    ADD COLUMN tier_sequence bigint NOT NULL DEFAULT 0,
    ADD COLUMN role_sequence bigint NOT NULL DEFAULT 0,
    ADD COLUMN suspended_sequence bigint NOT NULL DEFAULT 0;
"""


_PROPOSALS = """
CREATE TABLE proposals (
    proposal_id text PRIMARY KEY,
    kind text NOT NULL,
    subject_id text NOT NULL,
    seen bigint NOT NULL,
    does text NOT NULL,
    sha256 text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'DONE', 'REJECTED', 'EXPIRED')),
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT done_by_another CHECK (state <> 'DONE' OR decided_by <> proposed_by)
);
CREATE INDEX proposals_by_time ON proposals (proposed_at, proposal_id);
"""


def proposals(role: str) -> str:
    """The SQL that makes the table of what one administrator proposes and another approves.

    What was proposed cannot be changed by the run-time role; only how it ended is written.
    """
    return f"""{_PROPOSALS}
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at) ON proposals TO {role};
"""


_AUDIT_HEADS = """
CREATE TABLE audit_heads (
    at timestamptz PRIMARY KEY,
    entries bigint NOT NULL CHECK (entries >= 0),
    hash text NOT NULL
);
CREATE INDEX audit_heads_entries ON audit_heads (entries, at);
"""


def audit_heads(role: str) -> str:
    """The SQL that makes the table of how long the audit log was, hour by hour."""
    return _AUDIT_HEADS + append_only("audit_heads", role)


def append_only(table: str, role: str) -> str:
    """Rows of the table can be added and read; changing or removing one fails, for owners too."""
    return f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON {table} TO {role};
"""


def grant(role: str, *tables: str) -> str:
    """Give the run-time role what ordinary tables need."""
    return "\n".join(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role};" for table in tables
    )
