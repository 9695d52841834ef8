"""Sellers, buyers, listings and offers of the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any

from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import AcceptOffer, CreateListing, MakeOffer
from contracts_schema.events.contracts import ContractVoided
from contracts_schema.events.escrow import Cancelled, Refunded, Released
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import AssetVerified, Ownership, Purpose
from contracts_schema.ids import new_id
from contracts_schema.money import Currency, Money
from listings import handlers
from listings.domain.listing import Listing
from listings.domain.offer import Offer

GAME = "777"
_ASSETS = count(1_000_000)
ASKED = Money(450_000, Currency.USD)


def usd(minor: int) -> Money:
    """An amount in cents."""
    return Money(minor, Currency.USD)


def a_person(tier: Tier = Tier.TIER_1, **more: Any) -> Principal:
    """Somebody who asks."""
    return Principal(new_id("usr"), tier, **more)


def a_command(**given: Any) -> CreateListing:
    """A command to put the game up for sale."""
    return CreateListing(**{"asset_id": GAME, "title": "Tower", "price": ASKED, **given})


def a_verification(seller: str, listing_id: str | None, tx_now: Any, **given: Any) -> AssetVerified:
    """Verification says that the seller owns the game."""
    return AssetVerified(
        verification_id=new_id("ver"),
        user_id=seller,
        asset_id=given.pop("asset_id", GAME),
        purpose=Purpose.LISTING,
        listing_id=listing_id,
        ownership=Ownership.OWNER,
        snapshot_id=new_id("snp"),
        snapshot_sha256="a" * 64,
        checked_at=tx_now,
        expires_at=tx_now + timedelta(hours=24),
        **given,
    )


async def a_draft(db: Database, seller: Principal, **given: Any) -> Listing:
    """A listing that nothing was proven of yet."""
    async with db.transaction() as tx:
        return await handlers.listing.create(tx, seller, a_command(**given), None)


async def a_listing(db: Database, seller: Principal, **given: Any) -> Listing:
    """A live listing, of an asset of its own unless one is named."""
    listing = await a_draft(db, seller, **{"asset_id": str(next(_ASSETS)), **given})
    async with db.transaction() as tx:
        event = a_verification(
            seller.user_id, listing.listing_id, tx.now(), asset_id=listing.asset_id
        )
        await handlers.asset.activate(tx, event)
    return listing


async def proven(db: Database, person: Principal, asset_id: str = GAME) -> None:
    """A check of the last day says that the person owns the asset."""
    async with db.transaction() as tx:
        event = a_verification(person.user_id, None, tx.now(), asset_id=asset_id)
        await handlers.asset.activate(tx, event)


async def an_offer(
    db: Database, buyer: Principal, listing: Listing, amount: Money | None = None
) -> Offer:
    """An open offer."""
    command = MakeOffer(listing_id=listing.listing_id, amount=amount or usd(400_000))
    async with db.transaction() as tx:
        return await handlers.offer.make(tx, buyer, command)


async def accept(db: Database, person: Principal, offer_id: str) -> Offer:
    """Agree, with a fresh proof."""

    async def work(tx: Transaction) -> Offer:
        return await handlers.offer.accept(tx, person, AcceptOffer(offer_id=offer_id), "b" * 64)

    return await db.run(work)


def an_end(kind: str, deal_id: str, listing_id: str, seller: Principal, buyer: Principal) -> Any:
    """The event with which a deal ends."""
    parties = {
        "deal_id": deal_id,
        "listing_id": listing_id,
        "seller_id": seller.user_id,
        "buyer_id": buyer.user_id,
    }
    escrow = {**parties, "escrow_id": new_id("esc"), "title": "Tower"}
    match kind:
        case "voided":
            return ContractVoided(**parties, contract_id=new_id("ctr"), reason_code="unsigned")
        case "refunded":
            return Refunded(**escrow, payout_id=new_id("pay"), amount=usd(1))
        case "cancelled":
            return Cancelled(**escrow, reason_code="unfunded")
    return Released(**escrow, payout_id=new_id("pay"), paid=usd(2), net=usd(1), fee=usd(1))


async def race(*acts: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Begin all at the same instant; what each gave or raised."""
    barrier = asyncio.Barrier(len(acts))

    async def at_once(act: Callable[[], Awaitable[Any]]) -> Any:
        await barrier.wait()
        return await act()

    return await asyncio.gather(*map(at_once, acts), return_exceptions=True)


async def topics(source: Database | Transaction) -> list[str]:
    """What was told, in order, without service and version."""
    rows = await source.rows("SELECT topic FROM outbox ORDER BY position")
    return [row["topic"].split(".")[1] for row in rows]


async def state_of(db: Database, table: str, key: str) -> str:
    """The state of a listing or an offer."""
    column = {"listings": "listing_id", "offers": "offer_id"}[table]
    found: str = await db.value(f"SELECT state FROM {table} WHERE {column} = $1", key)
    return found
