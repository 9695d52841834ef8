"""Each account's balance is kept as it changes: to lower one costs the same however old it is."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BALANCES = """
CREATE INDEX chargebacks_of_escrow ON chargebacks (escrow_id);
CREATE INDEX escrows_created ON escrows (created_at, escrow_id);
CREATE INDEX ledger_accounts_shared ON ledger_accounts (account)
    WHERE kind NOT IN ('escrow', 'payable:seller', 'payable:buyer');

LOCK TABLE ledger_transactions, postings IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE ledger_balances (
    account text NOT NULL REFERENCES ledger_accounts,
    currency text NOT NULL,
    balance numeric(78, 0) NOT NULL,
    PRIMARY KEY (account, currency)
) WITH (fillfactor = 80);
COMMENT ON COLUMN ledger_balances.balance IS
    'The sum of the postings: debits are positive, credits negative. Only their trigger writes it.';
INSERT INTO ledger_balances (account, currency, balance)
    SELECT account, currency, sum(amount) FROM postings GROUP BY account, currency;
GRANT SELECT ON ledger_balances TO escrow;

-- As the owner: what a posting does to a balance is done by nobody else, and by no other way.
CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = escrow, pg_temp AS $$
DECLARE
    side text;
    least numeric;
    stands_at numeric;
BEGIN
    -- Deferred, so that this is taken when the transaction commits, and held no longer: whoever
    -- books waits for whoever books now, sees the balance that they left, and for nothing else.
    PERFORM pg_advisory_xact_lock(hashtextextended('escrow.ledger_balances', 0));
    INSERT INTO ledger_balances AS known (account, currency, balance)
        VALUES (NEW.account, NEW.currency, NEW.amount)
        ON CONFLICT (account, currency) DO UPDATE SET balance = known.balance + excluded.balance
        RETURNING balance INTO stands_at;
    SELECT normal, floor INTO side, least FROM ledger_accounts WHERE account = NEW.account;
    IF side = 'credit' THEN
        stands_at := -stands_at;
    END IF;
    IF (side = 'debit') <> (NEW.amount > 0) AND stands_at < least THEN
        RAISE EXCEPTION 'account % would stand at %, below its floor of %',
            NEW.account, stands_at, least USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER postings_floor ON postings;
DROP FUNCTION require_floor();
CREATE CONSTRAINT TRIGGER postings_balances_kept AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_balance();
"""


def upgrade() -> None:
    op.execute(_BALANCES)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
