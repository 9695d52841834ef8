"""Escrows, tranches, deliveries, payments, payouts, payout accounts, chargebacks, webhooks."""

from alembic import op
from chassis.storage.schema import append_only, common_tables, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ESCROWS = """
CREATE TABLE escrows (
    escrow_id text PRIMARY KEY CHECK (escrow_id LIKE 'esc\\_%'),
    contract_id text NOT NULL UNIQUE,
    deal_id text NOT NULL UNIQUE,
    listing_id text NOT NULL,
    seller_id text NOT NULL,
    buyer_id text NOT NULL CHECK (buyer_id <> seller_id),
    terms text NOT NULL,
    terms_sha256 text NOT NULL
        CHECK (terms_sha256 = encode(sha256(convert_to(terms, 'UTF8')), 'hex')),
    currency text NOT NULL CHECK (currency IN ('USD', 'USDC')),
    state text NOT NULL CHECK (state IN
        ('AWAIT_FUNDS', 'FUNDS_HELD', 'DELIVERED', 'DISPUTED', 'RELEASING', 'RELEASED',
         'REFUNDING', 'REFUNDED', 'SETTLING', 'SETTLED', 'CANCELLED')),
    version bigint NOT NULL CHECK (version >= 1),
    deadline timestamptz,
    frozen text NOT NULL DEFAULT '',
    end_reason text NOT NULL DEFAULT '',
    received numeric(78, 0) NOT NULL DEFAULT 0,
    held numeric(78, 0) NOT NULL DEFAULT 0 CHECK (held >= 0),
    released numeric(78, 0) NOT NULL DEFAULT 0 CHECK (released >= 0),
    refunded numeric(78, 0) NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    fees numeric(78, 0) NOT NULL DEFAULT 0 CHECK (fees >= 0),
    surplus numeric(78, 0) NOT NULL DEFAULT 0 CHECK (surplus >= 0),
    debt numeric(78, 0) NOT NULL DEFAULT 0 CHECK (debt <= 0),
    created_at timestamptz NOT NULL,
    CONSTRAINT escrows_add_up CHECK
        (received = held + released + refunded + fees + surplus + debt),
    CHECK (held = 0 OR state IN ('FUNDS_HELD', 'DELIVERED', 'DISPUTED'))
);
CREATE INDEX escrows_of_seller ON escrows (seller_id, created_at, escrow_id);
CREATE INDEX escrows_of_buyer ON escrows (buyer_id, created_at, escrow_id);

CREATE TABLE tranches (
    escrow_id text NOT NULL REFERENCES escrows,
    number integer NOT NULL CHECK (number >= 1),
    amount numeric(78, 0) NOT NULL CHECK (amount > 0),
    seller_fee numeric(78, 0) NOT NULL CHECK (seller_fee BETWEEN 0 AND amount),
    buyer_fee numeric(78, 0) NOT NULL CHECK (buyer_fee >= 0),
    outcome text CHECK (outcome IN ('RELEASE', 'REFUND', 'SPLIT')),
    PRIMARY KEY (escrow_id, number),
    UNIQUE (escrow_id, number, outcome)
);

CREATE TABLE deliveries (
    delivery_id text PRIMARY KEY CHECK (delivery_id LIKE 'dlv\\_%'),
    escrow_id text NOT NULL,
    tranche integer NOT NULL,
    state text NOT NULL CHECK (state IN
        ('PENDING', 'IN_PROGRESS', 'DELIVERED', 'CONFIRMED', 'REJECTED')),
    title text NOT NULL CHECK (title <> ''),
    description text NOT NULL,
    evidence jsonb NOT NULL,
    delivered_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    confirmed_by text NOT NULL DEFAULT '',
    proof_id text,
    UNIQUE (escrow_id, tranche),
    FOREIGN KEY (escrow_id, tranche) REFERENCES tranches (escrow_id, number)
);
"""

_MONEY = """
CREATE TABLE payments (
    payment_id text PRIMARY KEY CHECK (payment_id LIKE 'pay\\_%'),
    escrow_id text NOT NULL REFERENCES escrows,
    attempt integer NOT NULL CHECK (attempt >= 1),
    currency text NOT NULL,
    asked numeric(78, 0) NOT NULL CHECK (asked > 0),
    state text NOT NULL CHECK (state IN ('PREPARING', 'OPEN', 'PAID', 'CLOSED', 'MISMATCH')),
    reference text UNIQUE,
    provider_id text UNIQUE,
    charge_id text UNIQUE,
    received numeric(78, 0) CHECK (received > 0),
    provider_fee numeric(78, 0) CHECK (provider_fee >= 0),
    last_failure text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    UNIQUE (escrow_id, attempt),
    CHECK (state <> 'PAID' OR (provider_id IS NOT NULL AND charge_id IS NOT NULL
        AND received IS NOT NULL))
);
CREATE UNIQUE INDEX payments_one_under_way ON payments (escrow_id)
    WHERE state IN ('PREPARING', 'OPEN');

CREATE TABLE payouts (
    payout_id text PRIMARY KEY CHECK (payout_id LIKE 'pyo\\_%'),
    escrow_id text NOT NULL REFERENCES escrows,
    kind text NOT NULL CHECK (kind IN ('RELEASE', 'REFUND', 'RETURN', 'SURPLUS')),
    tranche integer,
    outcome text CHECK (outcome IN ('RELEASE', 'REFUND', 'SPLIT')),
    payment_id text NOT NULL REFERENCES payments,
    charge_id text NOT NULL,
    currency text NOT NULL,
    amount numeric(78, 0) NOT NULL CHECK (amount > 0),
    destination text,
    state text NOT NULL CHECK (state IN ('PENDING', 'SENT', 'SUCCEEDED', 'FAILED', 'UNKNOWN')),
    attempt integer NOT NULL CHECK (attempt >= 1),
    sent_at timestamptz,
    failures integer NOT NULL CHECK (failures >= 0),
    answered boolean NOT NULL,
    provider_id text UNIQUE,
    last_error text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (escrow_id, kind, tranche, payment_id),
    FOREIGN KEY (escrow_id, tranche, outcome) REFERENCES tranches (escrow_id, number, outcome),
    CHECK ((kind IN ('RETURN', 'SURPLUS')) = (tranche IS NULL)),
    CHECK ((tranche IS NULL) = (outcome IS NULL)),
    CHECK (outcome IN ('SPLIT', kind)),
    CHECK (state <> 'SUCCEEDED' OR provider_id IS NOT NULL)
);
CREATE INDEX payouts_of_escrow ON payouts (escrow_id);
COMMENT ON COLUMN payouts.outcome IS
    'The decision it carries out. A tranche has one, so that nothing is released and refunded.';

CREATE TABLE payout_accounts (
    user_id text NOT NULL,
    rail text NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    provider_id text UNIQUE,
    ready boolean NOT NULL DEFAULT false,
    asked_at timestamptz NOT NULL,
    ready_at timestamptz,
    PRIMARY KEY (user_id, rail),
    CHECK (NOT ready OR provider_id IS NOT NULL)
);

CREATE TABLE chargebacks (
    provider_id text PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    payment_id text NOT NULL REFERENCES payments,
    currency text NOT NULL,
    from_held numeric(78, 0) NOT NULL CHECK (from_held >= 0),
    from_seller numeric(78, 0) NOT NULL CHECK (from_seller >= 0),
    fee numeric(78, 0) NOT NULL CHECK (fee >= 0),
    reason text NOT NULL,
    taken boolean NOT NULL,
    opened_at timestamptz NOT NULL
);

CREATE TABLE webhooks (
    provider text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    about text NOT NULL,
    subject text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz,
    outcome text NOT NULL DEFAULT '',
    PRIMARY KEY (provider, event_id)
);

CREATE TABLE halts (
    name text PRIMARY KEY,
    reason text NOT NULL,
    since timestamptz NOT NULL
);
"""

_LEDGER = """
CREATE TABLE ledger_accounts (
    account text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN
        ('rail', 'escrow', 'payable:seller', 'payable:buyer', 'fee_income', 'provider_fees',
         'surplus', 'receivable')),
    normal text NOT NULL CHECK (normal IN ('debit', 'credit')),
    floor numeric(78, 0)
);
CREATE TABLE ledger_transactions (
    transaction_id uuid PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    moment text NOT NULL CHECK (moment IN
        ('funds_held', 'surplus', 'paid_late', 'release', 'refund', 'surplus_returned', 'payout',
         'payout_returned', 'provider_fee', 'chargeback', 'chargeback_won')),
    reference text NOT NULL,
    escrow_version bigint NOT NULL,
    at timestamptz NOT NULL,
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (moment, reference)
);
CREATE INDEX ledger_transactions_of_escrow ON ledger_transactions (escrow_id);
CREATE TABLE postings (
    transaction_id uuid NOT NULL REFERENCES ledger_transactions,
    position integer NOT NULL CHECK (position >= 1),
    account text NOT NULL REFERENCES ledger_accounts,
    currency text NOT NULL CHECK (currency IN ('USD', 'USDC')),
    amount numeric(78, 0) NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, position)
);
COMMENT ON COLUMN postings.amount IS 'Debits are positive, credits negative.';
CREATE INDEX postings_of_account ON postings (account);

CREATE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    lines integer;
    currencies integer;
    difference numeric;
    writer xid8;
BEGIN
    SELECT count(*), count(DISTINCT currency), coalesce(sum(amount), 0)
        INTO lines, currencies, difference
        FROM postings WHERE transaction_id = NEW.transaction_id;
    SELECT written_by INTO writer
        FROM ledger_transactions WHERE transaction_id = NEW.transaction_id;
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
CREATE CONSTRAINT TRIGGER transactions_balance AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_balance();
CREATE CONSTRAINT TRIGGER postings_balance AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_balance();

CREATE FUNCTION require_floor() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    side text;
    least numeric;
    balance numeric;
BEGIN
    SELECT normal, floor INTO side, least FROM ledger_accounts WHERE account = NEW.account;
    IF least IS NULL OR (side = 'debit') = (NEW.amount > 0) THEN
        RETURN NULL;
    END IF;
    -- Whoever lowers an account waits for whoever lowers it now, so that both see the sum.
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.account, 0));
    SELECT sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) INTO balance
        FROM postings WHERE account = NEW.account AND currency = NEW.currency;
    IF balance < least THEN
        RAISE EXCEPTION 'account % would stand at %, below its floor of %',
            NEW.account, balance, least USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER postings_floor AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_floor();
"""

_RIGHTS = """
GRANT SELECT, INSERT ON escrows TO escrow;
GRANT UPDATE (state, version, deadline, frozen, end_reason, received, held, released, refunded,
    fees, surplus, debt) ON escrows TO escrow;
GRANT SELECT, INSERT ON tranches, payouts, webhooks, chargebacks TO escrow;
GRANT UPDATE (outcome) ON tranches TO escrow;
GRANT UPDATE (destination, state, attempt, sent_at, failures, answered, provider_id, last_error,
    version) ON payouts TO escrow;
GRANT UPDATE (applied_at, outcome) ON webhooks TO escrow;
GRANT UPDATE (taken) ON chargebacks TO escrow;
INSERT INTO timers (timer_id, kind, subject_id, due_at)
    VALUES ('ledger.check:ledger', 'ledger.check', 'ledger', '2000-01-01T00:00:00Z');
"""


def upgrade() -> None:
    op.execute(common_tables("escrow"))
    op.execute(_ESCROWS)
    op.execute(_MONEY)
    op.execute(_LEDGER)
    for table in ("ledger_accounts", "ledger_transactions", "postings"):
        op.execute(append_only(table, "escrow"))
    op.execute(grant("escrow", "deliveries", "payments", "payout_accounts", "halts"))
    op.execute(_RIGHTS)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
