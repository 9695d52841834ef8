"""Commands about offers. A listing is locked before its offers, always in this order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.commands.listings import (
    AcceptOffer,
    CounterOffer,
    DeclineOffer,
    MakeOffer,
    WithdrawOffer,
)
from contracts_schema.events.identity import Tier
from contracts_schema.events.listings import (
    ListingReserved,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    Side,
)
from contracts_schema.money import Money

from listings import store
from listings.domain.errors import ListingReserved as Reserved
from listings.domain.listing import Action as ListingAction
from listings.domain.listing import Listing, State
from listings.domain.offer import DEFAULT_CAPS, TRANSITIONS, Action, Caps, Offer
from listings.ports import OwnershipCheck

EXPIRY = "offer.expiry"


async def make(
    tx: Transaction, caller: Principal, command: MakeOffer, *, caps: Caps = DEFAULT_CAPS
) -> Offer:
    """Put a price to the seller; raises TooManyOffers who has enough open ones."""
    caller.require(Tier.TIER_1)
    listing = await _listing(tx, caller, command.listing_id)
    listing.check_offer(caller.user_id, command.amount)
    now = tx.now()
    offer = Offer(
        offer_id=tx.cause.derive_id("ofr", listing.listing_id),
        listing_id=listing.listing_id,
        buyer_id=caller.user_id,
        seller_id=listing.seller_id,
        made_by=Side.BUYER,
        amount=command.amount,
        conditions=command.conditions,
        expires_at=now + timedelta(seconds=command.expires_in_s),
        created_at=now,
    )
    if not await store.offer.add(tx, offer):
        return await store.offer.find(tx, offer.offer_id) or offer
    caps.check(*await store.offer.count_open(tx, offer.buyer_id, offer.listing_id))
    await tx.set_timer(EXPIRY, offer.offer_id, offer.expires_at)
    facts = offer.facts(listing.title, now)
    tx.stage(OfferMade(**facts, made_by=offer.made_by, expires_at=offer.expires_at), sequence=1)
    tx.audit("offer.make", offer.offer_id, amount=offer.amount)
    return offer


async def counter(tx: Transaction, caller: Principal, command: CounterOffer) -> Offer:
    """Answer a price with another: the earlier offer is closed, whose turn it is changes."""
    caller.require(Tier.TIER_1)
    listing, parent = await _both(tx, caller, command.offer_id)
    _still_open(listing, parent)
    closed = parent.by(caller.user_id, Action.COUNTER, tx.now())
    listing.check_amount(command.amount)
    now = tx.now()
    answer = replace(
        parent,
        offer_id=tx.cause.derive_id("ofr", parent.offer_id),
        made_by=parent.made_by.other,
        amount=command.amount,
        conditions=command.conditions,
        expires_at=now + timedelta(seconds=command.expires_in_s),
        created_at=now,
        parent_id=parent.offer_id,
    )
    await _close(tx, closed)
    await store.offer.add(tx, answer)
    await tx.set_timer(EXPIRY, answer.offer_id, answer.expires_at)
    tx.stage(
        OfferCountered(
            **answer.facts(listing.title, tx.now()),
            parent_id=parent.offer_id,
            made_by=answer.made_by,
            expires_at=answer.expires_at,
        ),
        sequence=1,
    )
    tx.audit("offer.counter", answer.offer_id, parent=parent.offer_id, amount=answer.amount)
    return answer


@asynccontextmanager
async def ownership(
    database: Database, caller: Principal, command: AcceptOffer, *, check: OwnershipCheck
) -> AsyncIterator[str]:
    """Before an acceptance, outside any transaction: the seller must own the asset right now.

    Gives the hash of the fresh snapshot. Raises NotOwner or OwnershipUnknown. An offer that could
    not be accepted anyway is refused first, so that nobody makes us ask Roblox for nothing.
    """
    caller.require(Tier.TIER_1)
    found = await store.offer.find(database, command.offer_id)
    if found is None or found.side_of(caller.user_id) is None:
        raise not_found("offer", command.offer_id)
    listing = await store.listing.find(database, found.listing_id)
    if listing is None:
        raise not_found("offer", command.offer_id)
    _still_open(listing, found)
    found.by(caller.user_id, Action.ACCEPT, database.clock.now())
    yield await check.still_owns(found.seller_id, listing.asset, found.offer_id)


async def accept(
    tx: Transaction, caller: Principal, command: AcceptOffer, snapshot_sha256: str
) -> Offer:
    """Agree: the listing is reserved, and every other open offer on it is declined."""
    caller.require(Tier.TIER_1)
    listing, found = await _both(tx, caller, command.offer_id)
    _still_open(listing, found)
    accepted = found.by(caller.user_id, Action.ACCEPT, tx.now())
    reserved = replace(listing.after(ListingAction.RESERVE), deal_id=accepted.offer_id)
    await store.listing.save(tx, reserved)
    await _close(tx, accepted)
    tx.stage(
        OfferAccepted(
            **accepted.facts(listing.title, tx.now()),
            accepted_by=accepted.made_by.other,
            kind=listing.kind,
            asset_id=listing.asset_id,
            snapshot_sha256=snapshot_sha256,
            conditions=accepted.conditions,
            delivery_window_s=listing.delivery_window_s,
            guild_id=listing.guild_id,
        ),
        sequence=accepted.version,
    )
    told = ListingReserved(**reserved.facts(), deal_id=accepted.offer_id)
    tx.stage(told, sequence=reserved.version)
    await decline_all(tx, reserved, "listing_reserved")
    tx.audit("offer.accept", accepted.offer_id, amount=accepted.amount)
    return accepted


async def decline(tx: Transaction, caller: Principal, command: DeclineOffer) -> Offer:
    """Say no to the other side's price."""
    caller.require(Tier.TIER_0)
    listing, found = await _both(tx, caller, command.offer_id)
    declined = found.by(caller.user_id, Action.DECLINE, tx.now())
    await _decline(tx, declined, listing, "declined")
    return declined


async def withdraw(tx: Transaction, caller: Principal, command: WithdrawOffer) -> Offer:
    """Take one's own price back."""
    caller.require(Tier.TIER_0)
    listing, found = await _both(tx, caller, command.offer_id)
    withdrawn = found.by(caller.user_id, Action.WITHDRAW, tx.now())
    await _close(tx, withdrawn)
    event = OfferWithdrawn(**withdrawn.facts(listing.title, tx.now()), made_by=withdrawn.made_by)
    tx.stage(event, sequence=withdrawn.version)
    tx.audit("offer.withdraw", withdrawn.offer_id)
    return withdrawn


async def expire(tx: Transaction, timer: Timer) -> None:
    """Nobody answered in time."""
    known = await store.offer.find(tx, timer.subject_id)
    listing = await store.listing.lock(tx, known.listing_id) if known else None
    found = await store.offer.lock(tx, timer.subject_id)
    if found is None or listing is None or (found.state, Action.EXPIRE) not in TRANSITIONS:
        return
    expired = found.after(Action.EXPIRE)
    await store.offer.save(tx, expired)
    event = OfferExpired(**expired.facts(listing.title, tx.now()), made_by=expired.made_by)
    tx.stage(event, sequence=expired.version)
    tx.audit("offer.expire", expired.offer_id)


async def decline_all(
    tx: Transaction, listing: Listing, reason_code: str, above: Money | None = None
) -> None:
    """Close every offer on the listing that still waits, or those above an amount; tell why."""
    for waiting in await store.offer.lock_open(tx, listing.listing_id):
        if above is None or above < waiting.amount:
            await _decline(tx, waiting.after(Action.DECLINE), listing, reason_code)


async def _decline(tx: Transaction, declined: Offer, listing: Listing, reason_code: str) -> None:
    await _close(tx, declined)
    by_hand = declined.made_by.other if reason_code == "declined" else None
    event = OfferDeclined(
        **declined.facts(listing.title, tx.now()), reason_code=reason_code, declined_by=by_hand
    )
    tx.stage(event, sequence=declined.version)
    tx.audit("offer.decline", declined.offer_id, reason=reason_code)


async def _close(tx: Transaction, offer: Offer) -> None:
    await store.offer.save(tx, offer)
    await tx.drop_timers(offer.offer_id, EXPIRY)


async def _both(tx: Transaction, caller: Principal, offer_id: str) -> tuple[Listing, Offer]:
    """Listing and offer, both locked; not found for whom the offer does not concern."""
    known = await store.offer.find(tx, offer_id)
    if known is None or known.side_of(caller.user_id) is None:
        raise not_found("offer", offer_id)
    listing = await store.listing.lock(tx, known.listing_id)
    found = await store.offer.lock(tx, offer_id)
    if listing is None or found is None:
        raise not_found("offer", offer_id)
    return listing, found


async def _listing(tx: Transaction, caller: Principal, listing_id: str) -> Listing:
    listing = await store.listing.lock(tx, listing_id)
    if listing is None or not listing.visible_to(caller.user_id, caller.guild_id):
        raise not_found("listing", listing_id)
    return listing


def _still_open(listing: Listing, offer: Offer) -> None:
    if listing.state is State.RESERVED and listing.deal_id != offer.offer_id:
        raise Reserved()
