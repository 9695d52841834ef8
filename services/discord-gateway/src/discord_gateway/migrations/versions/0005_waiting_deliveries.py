"""Cards that wait for their recipient's turn, and an outcome for what a summary told."""

from alembic import op
from chassis.storage.schema import grant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITING = """
CREATE TABLE waiting_deliveries (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id text NOT NULL UNIQUE,
    line text NOT NULL,
    card_key text NOT NULL,
    revision bigint NOT NULL,
    summary_key text NOT NULL,
    told boolean NOT NULL DEFAULT false,
    reader text NOT NULL,
    command text NOT NULL,
    correlation_id text NOT NULL,
    causation_id text NOT NULL
);
CREATE INDEX waiting_deliveries_line ON waiting_deliveries (line, told, revision, position);
ALTER TABLE deliveries DROP CONSTRAINT deliveries_outcome_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_outcome_check CHECK (outcome IN
    ('answered', 'followed_up', 'posted', 'edited', 'superseded', 'summed_up', 'failed'));
"""


def upgrade() -> None:
    op.execute(_WAITING)
    op.execute(grant("discord_gateway", "waiting_deliveries"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
