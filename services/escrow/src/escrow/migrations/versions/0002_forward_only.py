"""An escrow moves forward by one version and along the table, or the database refuses."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# After the row's own checks, so that amounts that do not add up are named as such.
_FORWARD = """
CREATE FUNCTION require_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'escrow %: version % does not follow %',
            OLD.escrow_id, NEW.version, OLD.version USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('AWAIT_FUNDS', 'FUNDS_HELD'), ('AWAIT_FUNDS', 'CANCELLED'),
        ('FUNDS_HELD', 'DELIVERED'), ('FUNDS_HELD', 'REFUNDING'), ('FUNDS_HELD', 'DISPUTED'),
        ('DELIVERED', 'RELEASING'), ('DELIVERED', 'REFUNDING'), ('DELIVERED', 'DISPUTED'),
        ('DISPUTED', 'RELEASING'), ('DISPUTED', 'REFUNDING'), ('DISPUTED', 'SETTLING'),
        ('DISPUTED', 'FUNDS_HELD'), ('DISPUTED', 'DELIVERED'),
        ('RELEASING', 'RELEASED'), ('REFUNDING', 'REFUNDED'), ('SETTLING', 'SETTLED')
    ) THEN
        RAISE EXCEPTION 'escrow %: % does not become %', OLD.escrow_id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER escrows_forward_only AFTER UPDATE ON escrows
    FOR EACH ROW EXECUTE FUNCTION require_forward();
"""


def upgrade() -> None:
    op.execute(_FORWARD)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
