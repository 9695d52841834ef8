"""Listings, offers, drafts, watches and verified assets: the only file with SQL, but for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.storage import outbox
from chassis.storage.database import Database, Transaction
from contracts_schema.events.listings import Side, Visibility
from contracts_schema.money import Currency, Money

from listings.domain import listing as listings_
from listings.domain import offer as offers_
from listings.domain.errors import VersionMoved
from listings.domain.listing import Listing
from listings.domain.offer import Offer

LISTING = (
    "listing_id, seller_id, asset_id, title, summary, price_minor, currency, category,"
    " visibility, delivery_window_s, created_at, state, version, guild_id, channel_id,"
    " snapshot_id, snapshot_sha256, thumbnail_url, deal_id"
)
OFFER = (
    "offer_id, listing_id, buyer_id, seller_id, made_by, amount_minor, currency, conditions,"
    " expires_at, created_at, state, version, parent_id"
)
_VALUES = ", ".join(f"${n}" for n in range(1, 20))

_ADD_AT_ONCE = f"""
WITH added AS (INSERT INTO listings ({LISTING}) VALUES ({_VALUES})),
told AS (
    INSERT INTO outbox (message_id, exchange, topic, headers, body, created_at)
    SELECT * FROM unnest($20::uuid[], $21::text[], $22::text[], $23::text[], $24::bytea[],
                         $25::timestamptz[]))
INSERT INTO audit_entries (entry_id, at, actor, action, subject_id, reason, request_id, details)
VALUES ($26, $27, $28, $29, $30, $31, $32, $33)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class VerifiedAsset:
    """That a user owned a game a short while ago, and what it looked like."""

    user_id: str
    asset_id: str
    snapshot_id: str
    snapshot_sha256: str
    thumbnail_url: str
    checked_at: datetime
    expires_at: datetime


def _listing_values(listing: Listing) -> tuple[Any, ...]:
    return (
        listing.listing_id,
        listing.seller_id,
        listing.asset_id,
        listing.title,
        listing.summary,
        listing.price.minor,
        listing.price.currency,
        listing.category,
        listing.visibility,
        listing.delivery_window_s,
        listing.created_at,
        listing.state,
        listing.version,
        listing.guild_id,
        listing.channel_id,
        listing.snapshot_id,
        listing.snapshot_sha256,
        listing.thumbnail_url,
        listing.deal_id,
    )


async def add_listing(tx: Transaction, listing: Listing) -> bool:
    """Write a new listing; False if this very listing was written before."""
    return 1 == await tx.run(
        f"INSERT INTO listings ({LISTING}) VALUES ({_VALUES}) ON CONFLICT DO NOTHING",  # noqa: S608
        *_listing_values(listing),
    )


async def add_listing_at_once(database: Database, work: Transaction, listing: Listing) -> None:
    """Write listing, outbox and audit as one statement: one round trip is one transaction.

    ``work`` holds what was staged and audited; it has no connection of its own.
    """
    await database.pool.execute(
        _ADD_AT_ONCE, *_listing_values(listing), *outbox.columns(work.staged), *work.audited[0]
    )
    database.wake(work)


async def lock_listing(tx: Transaction, listing_id: str) -> Listing | None:
    """The listing, locked until the transaction ends."""
    row = await tx.row(
        f"SELECT {LISTING} FROM listings WHERE listing_id = $1 FOR UPDATE",  # noqa: S608
        listing_id,
    )
    return to_listing(row) if row else None


async def listing(database: Database, listing_id: str) -> Listing | None:
    """The listing as it is."""
    row = await database.row(
        f"SELECT {LISTING} FROM listings WHERE listing_id = $1",  # noqa: S608
        listing_id,
    )
    return to_listing(row) if row else None


async def save_listing(tx: Transaction, listing: Listing) -> None:
    """Write the listing's next version; raises VersionMoved if it is not the next."""
    changed = await tx.run(
        "UPDATE listings SET title = $3, summary = $4, price_minor = $5, category = $6,"
        " state = $7, version = $2, snapshot_id = $8, snapshot_sha256 = $9, thumbnail_url = $10,"
        " deal_id = $11 WHERE listing_id = $1 AND version = $2 - 1",
        listing.listing_id,
        listing.version,
        listing.title,
        listing.summary,
        listing.price.minor,
        listing.category,
        listing.state,
        listing.snapshot_id,
        listing.snapshot_sha256,
        listing.thumbnail_url,
        listing.deal_id,
    )
    if changed != 1:
        raise VersionMoved("The listing was changed by somebody else meanwhile.")


async def add_offer(tx: Transaction, offer: Offer) -> bool:
    """Write a new offer; False if this very offer was written before."""
    return 1 == await tx.run(
        f"INSERT INTO offers ({OFFER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"  # noqa: S608
        " $12, $13) ON CONFLICT (offer_id) DO NOTHING",
        offer.offer_id,
        offer.listing_id,
        offer.buyer_id,
        offer.seller_id,
        offer.made_by,
        offer.amount.minor,
        offer.amount.currency,
        offer.conditions,
        offer.expires_at,
        offer.created_at,
        offer.state,
        offer.version,
        offer.parent_id,
    )


async def is_negotiating(database: Database, user_id: str, listing_id: str) -> bool:
    """Whether this person ever put a price to the listing's seller."""
    found: bool = await database.value(
        "SELECT EXISTS (SELECT FROM offers WHERE buyer_id = $1 AND listing_id = $2)",
        user_id,
        listing_id,
    )
    return found


async def offer(source: Transaction | Database, offer_id: str) -> Offer | None:
    """The offer as it is."""
    row = await source.row(
        f"SELECT {OFFER} FROM offers WHERE offer_id = $1",  # noqa: S608
        offer_id,
    )
    return to_offer(row) if row else None


async def lock_offer(tx: Transaction, offer_id: str) -> Offer | None:
    """The offer, locked until the transaction ends. Lock its listing first."""
    row = await tx.row(
        f"SELECT {OFFER} FROM offers WHERE offer_id = $1 FOR UPDATE",  # noqa: S608
        offer_id,
    )
    return to_offer(row) if row else None


async def lock_open_offers(tx: Transaction, listing_id: str) -> list[Offer]:
    """Every offer of the listing that still waits for an answer, locked."""
    rows = await tx.rows(
        f"SELECT {OFFER} FROM offers WHERE listing_id = $1 AND state = 'PENDING'"  # noqa: S608
        " ORDER BY offer_id FOR UPDATE",
        listing_id,
    )
    return [to_offer(row) for row in rows]


async def save_offer(tx: Transaction, offer: Offer) -> None:
    """Write the offer's next version; raises VersionMoved if it is not the next."""
    changed = await tx.run(
        "UPDATE offers SET state = $3, version = $2 WHERE offer_id = $1 AND version = $2 - 1",
        offer.offer_id,
        offer.version,
        offer.state,
    )
    if changed != 1:
        raise VersionMoved("The offer was changed by somebody else meanwhile.")


async def close_deal(tx: Transaction, deal_id: str) -> None:
    """The deal came to nothing: its offer no longer holds the listing."""
    await tx.run("UPDATE offers SET closed = true WHERE offer_id = $1", deal_id)


async def keep_verified(tx: Transaction, asset: VerifiedAsset) -> None:
    """Remember that the user owned this game; a newer check replaces an older one."""
    await tx.run(
        "INSERT INTO verified_assets (user_id, asset_id, snapshot_id, snapshot_sha256,"
        " thumbnail_url, checked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (user_id, asset_id) DO UPDATE SET snapshot_id = excluded.snapshot_id,"
        " snapshot_sha256 = excluded.snapshot_sha256, thumbnail_url = excluded.thumbnail_url,"
        " checked_at = excluded.checked_at, expires_at = excluded.expires_at"
        " WHERE verified_assets.checked_at < excluded.checked_at",
        asset.user_id,
        asset.asset_id,
        asset.snapshot_id,
        asset.snapshot_sha256,
        asset.thumbnail_url,
        asset.checked_at,
        asset.expires_at,
    )


async def forget_verified(
    tx: Transaction, user_id: str, asset_id: str, checked_at: datetime
) -> None:
    """The user no longer owned this game then.

    What is written is a proof that counted for no time: a proof that is older, but told later,
    cannot come in its place.
    """
    await keep_verified(tx, VerifiedAsset(user_id, asset_id, "", "", "", checked_at, checked_at))


async def verified(database: Database, user_id: str, asset_id: str) -> VerifiedAsset | None:
    """The check that still counts, if there is one."""
    row = await database.row(
        "SELECT user_id, asset_id, snapshot_id, snapshot_sha256, thumbnail_url, checked_at,"
        " expires_at FROM verified_assets WHERE user_id = $1 AND asset_id = $2"
        " AND expires_at > $3",
        user_id,
        asset_id,
        database.clock.now(),
    )
    return VerifiedAsset(**row) if row else None


def to_listing(row: Any) -> Listing:
    """A row as the domain knows it."""
    values = dict(row)
    price = Money(int(values.pop("price_minor")), Currency(values.pop("currency")))
    values["state"] = listings_.State(values["state"])
    values["visibility"] = Visibility(values["visibility"])
    return Listing(price=price, **values)


def to_offer(row: Any) -> Offer:
    """A row as the domain knows it."""
    values = dict(row)
    amount = Money(int(values.pop("amount_minor")), Currency(values.pop("currency")))
    values["state"] = offers_.State(values["state"])
    values["made_by"] = Side(values["made_by"])
    return Offer(amount=amount, **values)
