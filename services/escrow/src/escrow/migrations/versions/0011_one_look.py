"""A ledger transaction is proven to balance by one look at it instead of two."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BALANCE = """
CREATE OR REPLACE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    lines integer;
    currencies integer;
    difference numeric;
    writer xid8;
BEGIN
    SELECT count(*), count(DISTINCT currency), coalesce(sum(amount), 0), (
            SELECT written_by FROM ledger_transactions WHERE transaction_id = NEW.transaction_id)
        INTO lines, currencies, difference, writer
        FROM postings WHERE transaction_id = NEW.transaction_id;
    IF lines < 2 OR currencies <> 1 OR difference <> 0 THEN
        RAISE EXCEPTION 'ledger transaction % does not balance: % lines, % currencies, sum %',
            NEW.transaction_id, lines, currencies, difference USING ERRCODE = 'check_violation';
    END IF;
    IF writer <> pg_current_xact_id() THEN
        RAISE EXCEPTION 'ledger transaction % is closed: correct it by a reverse one',
            NEW.transaction_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(_BALANCE)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
