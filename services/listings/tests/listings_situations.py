"""How a listing, and an offer on it, come to be in each state that people can meet them in."""

from __future__ import annotations

from datetime import timedelta

from chassis.clock import ManualClock
from chassis.principals import Principal
from chassis.storage.database import Database
from contracts_schema.commands.listings import (
    CounterOffer,
    DeclineOffer,
    WithdrawListing,
    WithdrawOffer,
)
from listings import handlers
from listings.domain.listing import Listing
from listings.domain.offer import Offer
from listings_builders import a_draft, a_listing, accept, an_end, an_offer, usd


async def draft(db: Database, seller: Principal, buyer: Principal) -> Listing:
    return await a_draft(db, seller)


async def live(db: Database, seller: Principal, buyer: Principal) -> Listing:
    return await a_listing(db, seller)


async def reserved(db: Database, seller: Principal, buyer: Principal) -> Listing:
    listing = await a_listing(db, seller)
    await accept(db, seller, (await an_offer(db, buyer, listing)).offer_id)
    return listing


async def sold(db: Database, seller: Principal, buyer: Principal) -> Listing:
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing)
    await accept(db, seller, offer.offer_id)
    async with db.transaction() as tx:
        end = an_end("released", offer.offer_id, listing.listing_id, seller, buyer)
        await handlers.listing.sell(tx, end)
    return listing


async def withdrawn(db: Database, seller: Principal, buyer: Principal) -> Listing:
    listing = await a_listing(db, seller)
    async with db.transaction() as tx:
        command = WithdrawListing(listing_id=listing.listing_id)
        await handlers.listing.withdraw(tx, seller, command)
    return listing


async def open_(
    db: Database, seller: Principal, buyer: Principal, listing: Listing, clock: ManualClock
) -> Offer:
    return await an_offer(db, buyer, listing)


async def accepted(
    db: Database, seller: Principal, buyer: Principal, listing: Listing, clock: ManualClock
) -> Offer:
    return await accept(db, seller, (await an_offer(db, buyer, listing)).offer_id)


async def declined(
    db: Database, seller: Principal, buyer: Principal, listing: Listing, clock: ManualClock
) -> Offer:
    offer = await an_offer(db, buyer, listing)
    async with db.transaction() as tx:
        return await handlers.offer.decline(tx, seller, DeclineOffer(offer_id=offer.offer_id))


async def past_its_time(
    db: Database, seller: Principal, buyer: Principal, listing: Listing, clock: ManualClock
) -> Offer:
    offer = await an_offer(db, buyer, listing)
    clock.advance(timedelta(hours=72))
    return offer


async def countered(
    db: Database, seller: Principal, buyer: Principal, listing: Listing, clock: ManualClock
) -> Offer:
    offer = await an_offer(db, buyer, listing)
    command = CounterOffer(offer_id=offer.offer_id, amount=usd(2))
    async with db.transaction() as tx:
        return await handlers.offer.counter(tx, seller, command)


async def withdrawn_offer(
    db: Database, seller: Principal, buyer: Principal, listing: Listing, clock: ManualClock
) -> Offer:
    offer = await an_offer(db, buyer, listing)
    async with db.transaction() as tx:
        return await handlers.offer.withdraw(tx, buyer, WithdrawOffer(offer_id=offer.offer_id))


LISTINGS = (draft, live, reserved, sold, withdrawn)
OFFERS = (open_, countered, accepted, declined, withdrawn_offer, past_its_time)
