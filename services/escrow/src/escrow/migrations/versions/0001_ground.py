"""The ground, escrows with their tranches, payments, payouts, deliveries, and the ledger."""

from alembic import op
from chassis.schema import append_only, grant, ground

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE escrows (
    escrow_id text PRIMARY KEY,
    contract_id text NOT NULL UNIQUE,
    deal_id text NOT NULL UNIQUE,
    listing_id text NOT NULL,
    buyer_id text NOT NULL,
    seller_id text NOT NULL CHECK (seller_id <> buyer_id),
    title text NOT NULL,
    asset_id text NOT NULL,
    rail text NOT NULL CHECK (rail IN ('STRIPE', 'USDC_BASE', 'CRYPTO_INVOICE')),
    price_minor numeric(78, 0) NOT NULL CHECK (price_minor > 0),
    currency text NOT NULL CHECK (currency IN ('USD', 'USDC')),
    terms text NOT NULL,
    terms_sha256 text NOT NULL CHECK (length(terms_sha256) = 64),
    state text NOT NULL CHECK (state IN (
        'AWAIT_FUNDS', 'FUNDS_HELD', 'DELIVERED', 'DISPUTED', 'RELEASING', 'RELEASED',
        'REFUNDING', 'REFUNDED', 'SETTLING', 'SETTLED', 'CANCELLED')),
    version bigint NOT NULL,
    frozen boolean NOT NULL DEFAULT false,
    deadline timestamptz,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX escrows_of_buyer ON escrows (buyer_id, opened_at DESC, escrow_id DESC);
CREATE INDEX escrows_of_seller ON escrows (seller_id, opened_at DESC, escrow_id DESC);

CREATE FUNCTION forward_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'escrow %: version % does not follow %', OLD.escrow_id, NEW.version,
            OLD.version USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state IN ('RELEASED', 'REFUNDED', 'SETTLED', 'CANCELLED') THEN
        RAISE EXCEPTION 'escrow %: % is final', OLD.escrow_id, OLD.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER escrows_forward_only BEFORE UPDATE ON escrows
    FOR EACH ROW EXECUTE FUNCTION forward_only();

CREATE TABLE tranches (
    escrow_id text NOT NULL REFERENCES escrows,
    number integer NOT NULL CHECK (number >= 1),
    amount_minor numeric(78, 0) NOT NULL CHECK (amount_minor > 0),
    release_rule text NOT NULL,
    PRIMARY KEY (escrow_id, number)
);

CREATE TABLE payments (
    payment_id text PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    attempt integer NOT NULL,
    amount_minor numeric(78, 0) NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    reference text UNIQUE,
    charge_reference text UNIQUE,
    source_reference text UNIQUE,
    url text,
    expires_at timestamptz,
    state text NOT NULL CHECK (state IN ('OPEN', 'SUCCEEDED', 'FAILED', 'EXPIRED')),
    received_minor numeric(78, 0),
    created_at timestamptz NOT NULL,
    UNIQUE (escrow_id, attempt)
);

CREATE TABLE payouts (
    payout_id text PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    kind text NOT NULL CHECK (kind IN ('release', 'refund', 'late_refund')),
    payment_id text NOT NULL REFERENCES payments,
    tranche integer NOT NULL DEFAULT 0,
    user_id text NOT NULL,
    amount_minor numeric(78, 0) NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    reason_code text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('PENDING', 'SENT', 'SUCCEEDED', 'FAILED', 'UNKNOWN')),
    attempts integer NOT NULL DEFAULT 0,
    provider_reference text UNIQUE,
    last_error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    CHECK ((state = 'SUCCEEDED') = (provider_reference IS NOT NULL))
);
-- One way out for each part of what came in: released or refunded, never both.
CREATE UNIQUE INDEX payouts_one_way ON payouts (payment_id, tranche)
    WHERE kind IN ('release', 'refund');
CREATE UNIQUE INDEX payouts_one_late ON payouts (payment_id) WHERE kind = 'late_refund';

CREATE TABLE payout_accounts (
    user_id text PRIMARY KEY,
    reference text UNIQUE,
    ready boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

CREATE TABLE deliveries (
    delivery_id text PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    tranche integer NOT NULL,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    description text NOT NULL,
    evidence jsonb NOT NULL,
    state text NOT NULL
        CHECK (state IN ('PENDING', 'IN_PROGRESS', 'DELIVERED', 'CONFIRMED', 'REJECTED')),
    proof_id text,
    delivered_at timestamptz NOT NULL,
    UNIQUE (escrow_id, tranche)
);

CREATE TABLE webhook_events (
    provider text NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    object_id text NOT NULL,
    grouped_under text NOT NULL DEFAULT '',
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz,
    PRIMARY KEY (provider, event_id)
);

CREATE TABLE chargebacks (
    dispute_reference text PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    amount_minor numeric(78, 0) NOT NULL,
    booked_at timestamptz NOT NULL
);

CREATE TABLE halts (
    name text PRIMARY KEY,
    reason text NOT NULL,
    since timestamptz NOT NULL
);

CREATE TABLE ledger_entries (
    entry_id uuid PRIMARY KEY,
    escrow_id text NOT NULL REFERENCES escrows,
    moment text NOT NULL,
    reference text NOT NULL,
    booked_at timestamptz NOT NULL,
    UNIQUE (escrow_id, moment, reference)
);

CREATE TABLE postings (
    posting_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id uuid NOT NULL REFERENCES ledger_entries,
    escrow_id text NOT NULL,
    account text NOT NULL,
    amount_minor numeric(78, 0) NOT NULL CHECK (amount_minor <> 0),
    currency text NOT NULL CHECK (currency IN ('USD', 'USDC'))
);
CREATE INDEX postings_of_entry ON postings (entry_id);
CREATE INDEX postings_of_account ON postings (escrow_id, account);
"""

RULES = """
CREATE FUNCTION entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT currency, sum(amount_minor) AS total, count(*) AS legs INTO wrong
        FROM postings WHERE entry_id = NEW.entry_id
        GROUP BY currency HAVING sum(amount_minor) <> 0 OR count(*) < 2 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry %: % legs sum to % %, not to 0', NEW.entry_id, wrong.legs,
            wrong.total, wrong.currency USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM ledger_entries e WHERE e.entry_id = NEW.entry_id
               AND e.escrow_id <> NEW.escrow_id) THEN
        RAISE EXCEPTION 'entry %: a leg belongs to another escrow', NEW.entry_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER postings_balance AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entry_balances();

CREATE FUNCTION entry_has_legs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM postings WHERE entry_id = NEW.entry_id) THEN
        RAISE EXCEPTION 'entry %: no legs', NEW.entry_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entries_have_legs AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entry_has_legs();

-- What is held, owed or kept for somebody can run out, but not below nothing; nor can a debt.
CREATE FUNCTION account_keeps_its_floor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    balance numeric;
BEGIN
    SELECT sum(amount_minor) INTO balance FROM postings
        WHERE escrow_id = NEW.escrow_id AND account = NEW.account AND currency = NEW.currency;
    IF (NEW.account ~ '^(escrow|payable|surplus):' OR NEW.account = 'fee_income')
        AND balance > 0 THEN
        RAISE EXCEPTION 'account % would fall % % below its floor', NEW.account, balance,
            NEW.currency USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.account ~ '^receivable:' OR NEW.account = 'provider_fees') AND balance < 0 THEN
        RAISE EXCEPTION 'account % would fall % % below its floor', NEW.account, balance,
            NEW.currency USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER postings_floor AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_keeps_its_floor();
"""


def upgrade() -> None:
    op.execute(ground("escrow"))
    op.execute(TABLES)
    op.execute(RULES)
    op.execute(append_only("ledger_entries", "escrow"))
    op.execute(append_only("postings", "escrow"))
    op.execute(append_only("chargebacks", "escrow"))
    op.execute(
        grant(
            "escrow",
            "escrows",
            "tranches",
            "payments",
            "payouts",
            "payout_accounts",
            "deliveries",
            "webhook_events",
            "halts",
        )
    )


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup instead")
