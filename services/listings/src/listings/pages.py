"""What lists show: pages of listings and offers, one listing as JSON, drafts and watches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction

from listings.domain.listing import Listing
from listings.domain.offer import Offer
from listings.store import LISTING, OFFER, to_listing, to_offer

DRAFT_KEPT = timedelta(minutes=30)
DRAFT_EXPIRY = "offer_draft.expiry"

_SHOWN = """
SELECT json_build_object(
    'listing_id', listing_id, 'seller_id', seller_id, 'asset_id', asset_id, 'title', title,
    'summary', summary, 'price', json_build_object('minor', price_minor, 'currency', currency),
    'category', category, 'visibility', visibility, 'delivery_window_s', delivery_window_s,
    'state', state, 'version', version, 'thumbnail_url', thumbnail_url,
    'snapshot_id', snapshot_id, 'deal_id', deal_id, 'created_at', created_at)::text AS shown,
    version, visibility, seller_id, snapshot_id
FROM listings WHERE listing_id = $1
"""


async def shown_listing(database: Database, listing_id: str) -> Any:
    """One listing, already written as JSON by the database, with what decides who may see it."""
    return await database.row(_SHOWN, listing_id)


async def public_listings(
    database: Database, category: str | None, after: Position | None, limit: int
) -> list[Listing]:
    """A page of what is for sale, newest first."""
    at, last_id = after or _beginning(database)
    rows = await database.rows(
        f"SELECT {LISTING} FROM listings WHERE state = 'ACTIVE'"  # noqa: S608
        " AND visibility = 'PUBLIC' AND ($1::text IS NULL OR category = $1)"
        " AND (created_at, listing_id) < ($2, $3)"
        " ORDER BY created_at DESC, listing_id DESC LIMIT $4",
        category,
        at,
        last_id,
        limit,
    )
    return [to_listing(row) for row in rows]


async def listings_of(
    database: Database, seller_id: str, category: str | None, after: Position | None, limit: int
) -> list[Listing]:
    """A page of one's own listings, newest first."""
    at, last_id = after or _beginning(database)
    rows = await database.rows(
        f"SELECT {LISTING} FROM listings WHERE seller_id = $1"  # noqa: S608
        " AND ($2::text IS NULL OR category = $2) AND (created_at, listing_id) < ($3, $4)"
        " ORDER BY created_at DESC, listing_id DESC LIMIT $5",
        seller_id,
        category,
        at,
        last_id,
        limit,
    )
    return [to_listing(row) for row in rows]


async def offers_of(
    database: Database, user_id: str, listing_id: str | None, after: Position | None, limit: int
) -> list[Offer]:
    """A page of the offers a user is a side of, newest first."""
    at, last_id = after or _beginning(database)
    rows = await database.rows(
        f"SELECT {OFFER} FROM offers WHERE (buyer_id = $1 OR seller_id = $1)"  # noqa: S608
        " AND ($2::text IS NULL OR listing_id = $2) AND (created_at, offer_id) < ($3, $4)"
        " ORDER BY created_at DESC, offer_id DESC LIMIT $5",
        user_id,
        listing_id,
        at,
        last_id,
        limit,
    )
    return [to_offer(row) for row in rows]


async def keep_draft(
    tx: Transaction, user_id: str, listing_id: str, draft: dict[str, Any]
) -> datetime:
    """Keep what a person had typed for half an hour; until when."""
    until = tx.now() + DRAFT_KEPT
    await tx.run(
        "INSERT INTO offer_drafts (user_id, listing_id, draft, expires_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, listing_id) DO UPDATE"
        " SET draft = excluded.draft, expires_at = excluded.expires_at",
        user_id,
        listing_id,
        draft,
        until,
    )
    await tx.set_timer(DRAFT_EXPIRY, f"{user_id}/{listing_id}", until)
    return until


async def draft(database: Database, user_id: str, listing_id: str) -> Any:
    """The draft that is still kept, if any."""
    return await database.row(
        "SELECT draft, expires_at FROM offer_drafts WHERE user_id = $1 AND listing_id = $2"
        " AND expires_at > $3",
        user_id,
        listing_id,
        database.clock.now(),
    )


async def drop_draft(tx: Transaction, user_id: str, listing_id: str) -> None:
    """Forget a draft."""
    await tx.run(
        "DELETE FROM offer_drafts WHERE user_id = $1 AND listing_id = $2", user_id, listing_id
    )
    await tx.drop_timers(f"{user_id}/{listing_id}", DRAFT_EXPIRY)


async def expire_draft(tx: Transaction, draft_id: str) -> None:
    """Forget a draft whose time is over; one that was kept anew meanwhile stays."""
    user_id, _, listing_id = draft_id.partition("/")
    await tx.run(
        "DELETE FROM offer_drafts WHERE user_id = $1 AND listing_id = $2 AND expires_at <= $3",
        user_id,
        listing_id,
        tx.now(),
    )


async def watch(tx: Transaction, user_id: str, listing_id: str) -> None:
    """Follow a listing."""
    await tx.run(
        "INSERT INTO watches (user_id, listing_id, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        user_id,
        listing_id,
        tx.now(),
    )


async def unwatch(tx: Transaction, user_id: str, listing_id: str) -> None:
    """Follow a listing no longer."""
    await tx.run("DELETE FROM watches WHERE user_id = $1 AND listing_id = $2", user_id, listing_id)


def _beginning(database: Database) -> Position:
    return database.clock.now().replace(year=9999), ""
