"""Commands and events about listings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer
from contracts_schema.commands.listings import CreateListing, WithdrawListing
from contracts_schema.events.contracts import ContractVoided
from contracts_schema.events.escrow import Cancelled, Refunded, Released
from contracts_schema.events.identity import Tier
from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    ListingReopened,
    ListingSold,
    ListingUpdated,
)
from contracts_schema.money import Money

from listings import store
from listings.domain.asset import VerifiedAsset
from listings.domain.errors import AssetListed
from listings.domain.listing import Action, Listing, State
from listings.handlers import offer

DUPLICATE = "listing.duplicate"


@dataclass(frozen=True, slots=True)
class Edit:
    """What changes; None stays as it is."""

    listing_id: str
    title: str | None = None
    summary: str | None = None
    price: Money | None = None
    category: str | None = None


async def create(
    tx: Transaction, caller: Principal, command: CreateListing, proof: VerifiedAsset | None
) -> Listing:
    """Put an asset up for sale: live with a proof of ownership, else a draft until there is one.

    Creating the same again gives what was created. Raises AssetListed where the asset is live in
    another listing.
    """
    caller.require(Tier.TIER_1)
    listing = Listing(
        listing_id=tx.cause.derive_id("lst"),
        seller_id=caller.user_id,
        kind=command.kind,
        asset_id=command.asset_id,
        title=command.title,
        summary=command.summary,
        price=command.price,
        category=command.category,
        visibility=command.visibility,
        delivery_window_s=command.delivery_window_s,
        created_at=tx.now(),
        guild_id=caller.guild_id,
        channel_id=caller.channel_id,
    )
    if proof is not None:
        listing = listing.activated(proof)
    if not await store.listing.add(tx, listing):
        return await _made_before(tx, listing)
    _stage_created(tx, listing)
    if listing.state is State.ACTIVE:
        stage_activated(tx, listing)
    tx.audit("listing.create", listing.listing_id, price=listing.price, state=listing.state)
    return listing


async def edit(
    tx: Transaction, caller: Principal, change: Edit, *, seen: int | None = None
) -> Listing:
    """Change what a listing says; offers that are above a lowered price are declined."""
    caller.require(Tier.TIER_1)
    found = await _own(tx, caller, change.listing_id, seen)
    if change.price is not None:
        found.check_currency(change.price)
    edited = replace(
        found.after(Action.EDIT),
        title=change.title or found.title,
        summary=found.summary if change.summary is None else change.summary,
        price=change.price or found.price,
        category=change.category or found.category,
    )
    await store.listing.save(tx, edited)
    tx.stage(
        ListingUpdated(**edited.facts(), title=edited.title, price=edited.price),
        sequence=edited.version,
    )
    tx.audit("listing.edit", edited.listing_id, price=edited.price)
    if edited.price < found.price:
        await offer.decline_all(tx, edited, "price_lowered", above=edited.price)
    return edited


async def withdraw(
    tx: Transaction, caller: Principal, command: WithdrawListing, *, seen: int | None = None
) -> Listing:
    """Take a listing down; its open offers are declined."""
    caller.require(Tier.TIER_0)
    found = await _own(tx, caller, command.listing_id, seen)
    gone = found.after(Action.WITHDRAW)
    await store.listing.save(tx, gone)
    await offer.decline_all(tx, gone, "listing_withdrawn")
    stage_cancelled(tx, gone, "withdrawn")
    return gone


async def reopen(tx: Transaction, event: ContractVoided | Refunded | Cancelled) -> None:
    """The deal that reserved the listing came to nothing; it is live again.

    Where its asset is live in another listing meanwhile, it is closed.
    """
    found = await _reserved(tx, event)
    if found is None:
        return
    if await store.listing.turn_of(tx, found.asset) is not None:
        await store.offer.close_deal(tx, event.deal_id)
        await close(tx, replace(found.after(Action.REJECT), deal_id=None))
        return
    open_again = replace(found.after(Action.REOPEN), deal_id=None)
    await store.listing.save(tx, open_again)
    await store.offer.close_deal(tx, event.deal_id)
    reason_code = type(event).__name__.lower()
    tx.stage(
        ListingReopened(**open_again.facts(), deal_id=event.deal_id, reason_code=reason_code),
        sequence=open_again.version,
    )
    tx.audit("listing.reopen", found.listing_id, reason=reason_code, deal=event.deal_id)


async def sell(tx: Transaction, event: Released) -> None:
    """The deal that reserved the listing ended with the money released."""
    found = await _reserved(tx, event)
    if found is None:
        return
    sold = found.after(Action.SELL)
    await store.listing.save(tx, sold)
    await store.asset.keep(tx, VerifiedAsset.refuted(sold.seller_id, sold.asset, tx.now()))
    tx.stage(
        ListingSold(**sold.facts(), deal_id=event.deal_id, buyer_id=event.buyer_id),
        sequence=sold.version,
    )
    tx.audit("listing.sell", sold.listing_id, deal=event.deal_id)


def _stage_created(tx: Transaction, listing: Listing) -> None:
    tx.stage(
        ListingCreated(
            **listing.facts(),
            kind=listing.kind,
            asset_id=listing.asset_id,
            title=listing.title,
            price=listing.price,
            guild_id=listing.guild_id,
            visibility=listing.visibility,
        ),
        sequence=1,
    )


def stage_activated(tx: Transaction, listing: Listing) -> None:
    """Tell that the listing is live."""
    tx.stage(
        ListingActivated(
            **listing.facts(),
            kind=listing.kind,
            asset_id=listing.asset_id,
            title=listing.title,
            summary=listing.summary,
            category=listing.category,
            price=listing.price,
            guild_id=listing.guild_id,
            channel_id=listing.channel_id,
            visibility=listing.visibility,
            thumbnail_url=listing.thumbnail_url,
        ),
        sequence=listing.version,
    )


async def close(tx: Transaction, gone: Listing) -> None:
    """Save that the listing is gone because its asset is live in another; all are told."""
    await store.listing.save(tx, gone)
    await offer.decline_all(tx, gone, "listing_closed")
    stage_cancelled(tx, gone, "asset_listed")


async def close_duplicate(tx: Transaction, timer: Timer) -> None:
    """Close a listing that was paused when its asset was found live in several."""
    found = await store.listing.lock(tx, timer.subject_id)
    if found is not None and found.state is State.INACTIVE:
        await close(tx, found.after(Action.WITHDRAW))


def stage_cancelled(tx: Transaction, listing: Listing, reason_code: str) -> None:
    """Tell that the listing is gone, and why."""
    tx.stage(
        ListingCancelled(**listing.facts(), reason_code=reason_code),
        sequence=listing.version,
    )
    tx.audit("listing.cancel", listing.listing_id, reason=reason_code)


async def _made_before(tx: Transaction, listing: Listing) -> Listing:
    """The listing as it was made by the same request; else its asset is live in another."""
    if (made := await store.listing.find(tx, listing.listing_id)) is not None:
        return made
    other = await store.listing.active_of(tx, listing.asset)
    raise other.listed_instead_of(listing.seller_id) if other else AssetListed()


async def _reserved(
    tx: Transaction, event: ContractVoided | Refunded | Cancelled | Released
) -> Listing | None:
    """The listing that is reserved for the deal of this event, locked."""
    found = await store.listing.lock(tx, event.listing_id)
    if found is None or found.deal_id != event.deal_id or found.state is not State.RESERVED:
        return None
    return found


async def _own(tx: Transaction, caller: Principal, listing_id: str, seen: int | None) -> Listing:
    found = await store.listing.lock(tx, listing_id)
    if found is None or found.seller_id != caller.user_id:
        raise not_found("listing", listing_id)
    require_version(seen, found.version)
    return found
