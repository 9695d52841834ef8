"""Money goes to the seller's own account: the database lets nobody write another, or change one."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DESTINATIONS = """
CREATE FUNCTION require_sellers_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.destination IS NOT DISTINCT FROM OLD.destination THEN
            RETURN NEW;
        END IF;
        IF OLD.destination IS NOT NULL THEN
            RAISE EXCEPTION 'payout %: its destination is written once', OLD.payout_id
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF NEW.destination IS NOT NULL AND NOT EXISTS (
        SELECT FROM escrows JOIN payout_accounts ON user_id = seller_id
        WHERE escrow_id = NEW.escrow_id AND provider_id = NEW.destination
    ) THEN
        RAISE EXCEPTION 'payout %: % is no account of its seller', NEW.payout_id, NEW.destination
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_to_the_seller BEFORE INSERT OR UPDATE OF destination ON payouts
    FOR EACH ROW EXECUTE FUNCTION require_sellers_account();

CREATE FUNCTION require_same_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payout account of %: whose it is is written once', OLD.user_id
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER payout_accounts_stay BEFORE UPDATE ON payout_accounts FOR EACH ROW
    WHEN ((OLD.user_id, OLD.rail) IS DISTINCT FROM (NEW.user_id, NEW.rail)
        OR (OLD.provider_id IS NOT NULL AND OLD.provider_id IS DISTINCT FROM NEW.provider_id))
    EXECUTE FUNCTION require_same_account();
"""


def upgrade() -> None:
    op.execute(_DESTINATIONS)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
