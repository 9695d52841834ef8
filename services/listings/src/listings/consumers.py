"""Commands and events in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis import principals
from chassis.messaging.consumers import Consumers
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import (
    AcceptOffer,
    CounterOffer,
    CreateListing,
    DeclineOffer,
    MakeOffer,
    WithdrawListing,
    WithdrawOffer,
)
from contracts_schema.events.contracts import ContractVoided
from contracts_schema.events.escrow import Cancelled, Refunded, Released
from contracts_schema.events.verification import AssetRejected, AssetVerified
from contracts_schema.ids import derive_id

from listings import store
from listings.handlers import market, offers
from listings.ports import OwnershipCheck
from listings.store import VerifiedAsset

COMMANDS = "listings.commands"
OUTCOMES = "listings.deal_outcomes"


class Wishes:
    """What commands need to know before their transaction begins."""

    def __init__(self, check: OwnershipCheck) -> None:
        self._check = check

    @asynccontextmanager
    async def ownership(
        self, database: Database, caller: Principal, command: AcceptOffer
    ) -> AsyncIterator[str]:
        """A fresh proof that the seller owns the game."""
        yield await offers.check_ownership(database, self._check, caller, command.offer_id)

    @asynccontextmanager
    async def proof(
        self, database: Database, caller: Principal, command: CreateListing
    ) -> AsyncIterator[VerifiedAsset | None]:
        """A check of the same game that still counts."""
        yield await store.verified(database, caller.user_id, command.asset_id)


def register(consumers: Consumers, wishes: Wishes) -> Consumers:
    """Bind what listings listens to."""
    _market(consumers, wishes)
    _offers(consumers, wishes)

    @consumers.event("listings.principals")
    async def know(tx: Transaction, event: principals.IdentityEvent) -> None:
        await principals.project(tx, event)

    @consumers.event("listings.verification_results")
    async def activate_on_proof(tx: Transaction, event: AssetVerified) -> None:
        await market.activate(tx, event)

    @consumers.event("listings.verification_results")
    async def reject_on_refutation(tx: Transaction, event: AssetRejected) -> None:
        await market.reject(tx, event)

    @consumers.event(OUTCOMES)
    async def sell_on_release(tx: Transaction, event: Released) -> None:
        await market.sell(tx, event.listing_id, event.deal_id, event.buyer_id)

    @consumers.event(OUTCOMES)
    async def reopen_on_failure(
        tx: Transaction, event: ContractVoided | Refunded | Cancelled
    ) -> None:
        reason = type(event).__name__.lower()
        await market.reopen(tx, event.listing_id, event.deal_id, reason)

    return consumers


def _market(consumers: Consumers, wishes: Wishes) -> None:
    @consumers.command(COMMANDS, prepare=wishes.proof)
    async def create(
        tx: Transaction, caller: Principal, command: CreateListing, proof: VerifiedAsset | None
    ) -> None:
        listing_id = derive_id("lst", caller.user_id, tx.cause.causation_id)
        listing = market.draft(caller, command, listing_id, tx.now())
        await market.create(tx, market.with_proof(listing, proof))

    @consumers.command(COMMANDS)
    async def withdraw(tx: Transaction, caller: Principal, command: WithdrawListing) -> None:
        await market.withdraw(tx, caller, command)


def _offers(consumers: Consumers, wishes: Wishes) -> None:
    @consumers.command(COMMANDS)
    async def make(tx: Transaction, caller: Principal, command: MakeOffer) -> None:
        offer_id = offers.new_offer_id(caller, command.listing_id, tx.cause.causation_id)
        await offers.make(tx, caller, command, offer_id)

    @consumers.command(COMMANDS)
    async def counter(tx: Transaction, caller: Principal, command: CounterOffer) -> None:
        offer_id = offers.new_offer_id(caller, command.offer_id, tx.cause.causation_id)
        await offers.counter(tx, caller, command, offer_id)

    @consumers.command(COMMANDS, prepare=wishes.ownership)
    async def accept(
        tx: Transaction, caller: Principal, command: AcceptOffer, snapshot_sha256: str
    ) -> None:
        await offers.accept(tx, caller, command, snapshot_sha256)

    @consumers.command(COMMANDS)
    async def decline(tx: Transaction, caller: Principal, command: DeclineOffer) -> None:
        await offers.decline(tx, caller, command)

    @consumers.command(COMMANDS)
    async def withdraw_offer(tx: Transaction, caller: Principal, command: WithdrawOffer) -> None:
        await offers.withdraw(tx, caller, command)
