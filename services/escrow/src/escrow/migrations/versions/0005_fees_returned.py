"""The provider's fee for a chargeback may come later, and may be given back."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FEES = """
ALTER TABLE ledger_transactions DROP CONSTRAINT ledger_transactions_moment_check;
ALTER TABLE ledger_transactions ADD CONSTRAINT ledger_transactions_moment_check CHECK (moment IN
    ('funds_held', 'surplus', 'paid_late', 'release', 'refund', 'surplus_returned', 'payout',
     'payout_returned', 'provider_fee', 'provider_fee_returned', 'chargeback', 'chargeback_won'));
GRANT UPDATE (fee) ON chargebacks TO escrow;
"""


def upgrade() -> None:
    op.execute(_FEES)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
