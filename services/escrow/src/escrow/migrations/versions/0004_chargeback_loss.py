"""What a chargeback took and nobody here has is the platform's loss, not the seller's debt."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LOSS = """
ALTER TABLE escrows ADD COLUMN loss numeric(78, 0) NOT NULL DEFAULT 0 CHECK (loss <= 0);
GRANT UPDATE (loss) ON escrows TO escrow;
ALTER TABLE escrows DROP CONSTRAINT escrows_add_up;
ALTER TABLE escrows ADD CONSTRAINT escrows_add_up CHECK
    (received = held + released + refunded + fees + surplus + debt + loss);
ALTER TABLE chargebacks
    ADD COLUMN from_surplus numeric(78, 0) NOT NULL DEFAULT 0 CHECK (from_surplus >= 0),
    ADD COLUMN from_platform numeric(78, 0) NOT NULL DEFAULT 0 CHECK (from_platform >= 0);
ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_kind_check;
ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_accounts_kind_check CHECK (kind IN
    ('rail', 'escrow', 'payable:seller', 'payable:buyer', 'fee_income', 'provider_fees',
     'surplus', 'receivable', 'chargeback_loss'));
"""


def upgrade() -> None:
    op.execute(_LOSS)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
