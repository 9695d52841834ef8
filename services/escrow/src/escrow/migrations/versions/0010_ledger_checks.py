"""The check of the whole ledger keeps how far it has come, and what the newest one found."""

from alembic import op
from chassis.storage.schema import grant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_CHECKS = """
-- At most two rows: the check that is under way, and the newest one that ended.
CREATE TABLE ledger_checks (
    state text PRIMARY KEY CHECK (state IN ('RUNNING', 'ENDED')),
    began_at timestamptz NOT NULL,
    ended_at timestamptz CHECK ((ended_at IS NOT NULL) = (state = 'ENDED')),
    escrows bigint NOT NULL,
    checked bigint NOT NULL,
    reached_at timestamptz NOT NULL,
    reached_id text NOT NULL,
    faults jsonb NOT NULL,
    balances jsonb NOT NULL
);
"""


def upgrade() -> None:
    op.execute(_CHECKS + grant("escrow", "ledger_checks"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
