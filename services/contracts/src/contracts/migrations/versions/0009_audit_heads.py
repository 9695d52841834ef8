"""How long the audit log was, hour by hour; and what every service told of its own."""

from alembic import op
from chassis.storage.schema import audit_heads

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEPT = """
CREATE TABLE kept_heads (
    service text NOT NULL,
    at timestamptz NOT NULL,
    entries bigint NOT NULL CHECK (entries >= 0),
    hash text NOT NULL,
    follows_at timestamptz,
    follows_entries bigint,
    follows_hash text,
    received_at timestamptz NOT NULL,
    kept_at timestamptz,
    fault text NOT NULL DEFAULT '',
    PRIMARY KEY (service, at)
);
CREATE INDEX kept_heads_at ON kept_heads (at);
CREATE TRIGGER kept_heads_stay BEFORE DELETE OR UPDATE OF
    service, at, entries, hash, follows_at, follows_entries, follows_hash, received_at
    ON kept_heads FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER kept_heads_no_truncate BEFORE TRUNCATE ON kept_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT, UPDATE (kept_at, fault) ON kept_heads TO contracts;
INSERT INTO timers (timer_id, kind, subject_id, due_at)
    VALUES ('audit_head.review:every', 'audit_head.review', 'every', now() + interval '1 day');
"""


def upgrade() -> None:
    op.execute(audit_heads("contracts"))
    op.execute(_KEPT)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
