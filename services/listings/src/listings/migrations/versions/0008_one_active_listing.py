"""An asset is live in one listing only.

Of several the oldest stays, because its buyers have waited longest; the others are paused here, so
that nobody can buy from them, and closed by the service once it runs: it declines their offers and
tells seller and buyers why. A deal that has begun is left alone.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ONE_ACTIVE = """
WITH later AS (
    SELECT listing_id, row_number() OVER (
        PARTITION BY kind, asset_id ORDER BY created_at, listing_id) AS place
    FROM listings WHERE state = 'ACTIVE'
), paused AS (
    UPDATE listings SET state = 'INACTIVE', version = version + 1
    FROM later WHERE later.listing_id = listings.listing_id AND later.place > 1
    RETURNING listings.listing_id
)
INSERT INTO timers (timer_id, kind, subject_id, due_at)
SELECT 'listing.duplicate:' || listing_id, 'listing.duplicate', listing_id, now() FROM paused;

CREATE UNIQUE INDEX listings_one_active ON listings (kind, asset_id) WHERE state = 'ACTIVE';
"""


def upgrade() -> None:
    op.execute(ONE_ACTIVE)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
