"""Commands and events about listings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.cause import Cause
from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import CreateListing, WithdrawListing
from contracts_schema.events.identity import Tier
from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    ListingReopened,
    ListingSold,
    ListingUpdated,
)
from contracts_schema.events.verification import AssetRejected, AssetVerified
from contracts_schema.money import Money

from listings import store
from listings.domain.listing import Action, Listing, State
from listings.handlers import offers
from listings.store import VerifiedAsset


@dataclass(frozen=True, slots=True)
class Edit:
    """What changes; None stays as it is."""

    title: str | None = None
    summary: str | None = None
    price: Money | None = None
    category: str | None = None


def draft(caller: Principal, command: CreateListing, listing_id: str, now: datetime) -> Listing:
    """The listing as it begins; refuses who may not sell."""
    caller.require(Tier.TIER_1)
    return Listing(
        listing_id=listing_id,
        seller_id=caller.user_id,
        asset_id=command.asset_id,
        title=command.title,
        summary=command.summary,
        price=command.price,
        category=command.category,
        visibility=command.visibility,
        delivery_window_s=command.delivery_window_s,
        created_at=now,
        guild_id=caller.guild_id,
        channel_id=caller.channel_id,
    )


def tell_new(tx: Transaction, listing: Listing) -> None:
    """A listing exists; if a check that still counts was at hand, it is live at once."""
    tx.stage(
        ListingCreated(
            listing_id=listing.listing_id,
            seller_id=listing.seller_id,
            asset_id=listing.asset_id,
            title=listing.title,
            price=listing.price,
            guild_id=listing.guild_id,
            visibility=listing.visibility,
        ),
        sequence=1,
    )
    if listing.state is State.ACTIVE:
        tx.stage(activated(listing), sequence=listing.version)
    tx.audit("listing.create", listing.listing_id, price=listing.price, state=listing.state)


def with_proof(listing: Listing, proof: VerifiedAsset | None) -> Listing:
    """Live, if ownership was proven a short while ago; else a draft that waits for the check."""
    if proof is None:
        return listing
    return replace(
        listing.after(Action.ACTIVATE),
        snapshot_id=proof.snapshot_id,
        snapshot_sha256=proof.snapshot_sha256,
        thumbnail_url=proof.thumbnail_url,
    )


async def create(tx: Transaction, listing: Listing) -> Listing:
    """Write the listing; writing the same again gives what was written."""
    if not await store.add_listing(tx, listing):
        found = await store.lock_listing(tx, listing.listing_id)
        return found or listing
    tell_new(tx, listing)
    return listing


async def create_at_once(database: Database, cause: Cause, listing: Listing) -> None:
    """The same as one statement, for a listing that needs nothing else in its transaction."""
    work = Transaction(None, database.clock, database.service, cause)
    tell_new(work, listing)
    await store.add_listing_at_once(database, work, listing)


async def edit(
    tx: Transaction, caller: Principal, listing_id: str, change: Edit, seen: int | None
) -> Listing:
    """Change what a listing says; offers that are above a lowered price are declined."""
    caller.require(Tier.TIER_1)
    found = await _own(tx, caller, listing_id, seen)
    if change.price is not None:
        found.check_currency(change.price)
    edited = replace(
        found.after(Action.EDIT),
        title=change.title or found.title,
        summary=found.summary if change.summary is None else change.summary,
        price=change.price or found.price,
        category=change.category or found.category,
    )
    await store.save_listing(tx, edited)
    tx.stage(
        ListingUpdated(
            listing_id=listing_id,
            seller_id=edited.seller_id,
            title=edited.title,
            price=edited.price,
        ),
        sequence=edited.version,
    )
    tx.audit("listing.edit", listing_id, price=edited.price)
    if edited.price < found.price:
        await offers.decline_all(tx, edited, "price_lowered", above=edited.price)
    return edited


async def withdraw(
    tx: Transaction, caller: Principal, command: WithdrawListing, seen: int | None = None
) -> Listing:
    """Take a listing down; its open offers are declined."""
    caller.require(Tier.TIER_0)
    found = await _own(tx, caller, command.listing_id, seen)
    gone = found.after(Action.WITHDRAW)
    await store.save_listing(tx, gone)
    await offers.decline_all(tx, gone, "listing_withdrawn")
    _tell_cancelled(tx, gone, "withdrawn")
    return gone


async def activate(tx: Transaction, event: AssetVerified) -> None:
    """Ownership is proven: remember it, and let the draft it was asked for go live."""
    proof = VerifiedAsset(
        event.user_id,
        event.asset_id,
        event.snapshot_id,
        event.snapshot_sha256,
        event.thumbnail_url,
        event.checked_at,
        event.expires_at,
    )
    await store.keep_verified(tx, proof)
    found = await _draft_of(tx, event)
    if found is None:
        return
    live = with_proof(found, proof)
    await store.save_listing(tx, live)
    tx.stage(activated(live), sequence=live.version)
    tx.audit("listing.activate", live.listing_id, snapshot=live.snapshot_id)


async def reject(tx: Transaction, event: AssetRejected) -> None:
    """The game is not theirs: forget older proof, and take the draft down."""
    await store.forget_verified(tx, event.user_id, event.asset_id, event.checked_at)
    found = await _draft_of(tx, event)
    if found is None:
        return
    gone = found.after(Action.REJECT)
    await store.save_listing(tx, gone)
    _tell_cancelled(tx, gone, event.reason_code)


async def reopen(tx: Transaction, listing_id: str, deal_id: str, reason_code: str) -> None:
    """The deal that reserved the listing came to nothing."""
    found = await store.lock_listing(tx, listing_id)
    if found is None or found.deal_id != deal_id or found.state is not State.RESERVED:
        return
    open_again = replace(found.after(Action.REOPEN), deal_id=None)
    await store.save_listing(tx, open_again)
    await store.close_deal(tx, deal_id)
    tx.stage(
        ListingReopened(
            listing_id=listing_id,
            seller_id=found.seller_id,
            deal_id=deal_id,
            reason_code=reason_code,
        ),
        sequence=open_again.version,
    )
    tx.audit("listing.reopen", listing_id, reason=reason_code, deal=deal_id)


async def sell(tx: Transaction, listing_id: str, deal_id: str, buyer_id: str) -> None:
    """The deal that reserved the listing ended with the money released."""
    found = await store.lock_listing(tx, listing_id)
    if found is None or found.deal_id != deal_id or found.state is not State.RESERVED:
        return
    sold = found.after(Action.SELL)
    await store.save_listing(tx, sold)
    await store.forget_verified(tx, sold.seller_id, sold.asset_id, tx.now())
    tx.stage(
        ListingSold(
            listing_id=listing_id, seller_id=sold.seller_id, deal_id=deal_id, buyer_id=buyer_id
        ),
        sequence=sold.version,
    )
    tx.audit("listing.sell", listing_id, deal=deal_id)


def activated(listing: Listing) -> ListingActivated:
    """What is told when a listing goes live."""
    return ListingActivated(
        listing_id=listing.listing_id,
        seller_id=listing.seller_id,
        asset_id=listing.asset_id,
        title=listing.title,
        summary=listing.summary,
        category=listing.category,
        price=listing.price,
        guild_id=listing.guild_id,
        channel_id=listing.channel_id,
        visibility=listing.visibility,
        thumbnail_url=listing.thumbnail_url,
    )


def _tell_cancelled(tx: Transaction, listing: Listing, reason_code: str) -> None:
    tx.stage(
        ListingCancelled(
            listing_id=listing.listing_id, seller_id=listing.seller_id, reason_code=reason_code
        ),
        sequence=listing.version,
    )
    tx.audit("listing.cancel", listing.listing_id, reason=reason_code)


async def _draft_of(tx: Transaction, event: AssetVerified | AssetRejected) -> Listing | None:
    """The draft that the check was about, locked; another's check says nothing of it."""
    found = await store.lock_listing(tx, event.listing_id) if event.listing_id else None
    if found is None or found.state is not State.DRAFT:
        return None
    checked = (event.user_id, event.asset_id)
    return found if (found.seller_id, found.asset_id) == checked else None


async def _own(tx: Transaction, caller: Principal, listing_id: str, seen: int | None) -> Listing:
    found = await store.lock_listing(tx, listing_id)
    if found is None or found.seller_id != caller.user_id:
        raise not_found(f"The listing {listing_id}")
    require_version(seen, found.version)
    return found
