"""Events in: new listings to check, and deals to watch."""

from __future__ import annotations

from typing import Annotated

from chassis import principals
from chassis.messaging.consumers import Consumers
from chassis.storage.database import Transaction
from contracts_schema.events.escrow import (
    Cancelled,
    Delivered,
    FundsHeld,
    Refunded,
    Released,
)
from contracts_schema.events.identity import AccountLinked, AccountUnlinked
from contracts_schema.events.listings import ListingCreated
from contracts_schema.events.verification import Purpose
from contracts_schema.ids import AssetId, derive_id
from pydantic import Field, TypeAdapter

from verification import handlers, store, watching
from verification.store import Verification, Watch

DEALS = "verification.deals"
_ACCOUNT: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1, lt=2**63)])
_NUMBER: TypeAdapter[str] = TypeAdapter(AssetId)
"""No table takes another asset id, and Roblox has none: a message that names one is parked."""


def register(consumers: Consumers) -> Consumers:
    """Bind what verification listens to."""

    @consumers.event("verification.principals")
    async def know(tx: Transaction, event: principals.IdentityEvent) -> None:
        await principals.project(tx, event)
        match event:
            case AccountLinked(provider="roblox"):
                account = _ACCOUNT.validate_python(event.provider_user_id)
                await store.link_account(tx, event.user_id, account)
            case AccountUnlinked(provider="roblox"):
                await store.unlink_account(tx, event.user_id)
            case _:
                pass

    @consumers.event("verification.listings")
    async def check_on_listing(tx: Transaction, event: ListingCreated) -> None:
        question = Verification(
            derive_id("ver", event.listing_id),
            event.seller_id,
            _NUMBER.validate_python(event.asset_id),
            Purpose.LISTING,
            listing_id=event.listing_id,
        )
        await handlers.request(tx, question)

    @consumers.event(DEALS)
    async def watch_on_funding(tx: Transaction, event: FundsHeld) -> None:
        await watching.begin(tx, _watch(event, "FUNDED"))

    @consumers.event(DEALS)
    async def prove_on_delivery(tx: Transaction, event: Delivered) -> None:
        await watching.begin(tx, _watch(event, "DELIVERED"))

    @consumers.event(DEALS)
    async def stop_on_end(tx: Transaction, event: Released | Refunded | Cancelled) -> None:
        parties = event.seller_id, event.buyer_id
        await watching.end(tx, Watch(event.escrow_id, event.deal_id, "", *parties, "ENDED"))

    return consumers


def _watch(event: FundsHeld | Delivered, state: str) -> Watch:
    until = event.deliver_before if isinstance(event, FundsHeld) else event.inspect_before
    return Watch(
        event.escrow_id,
        event.deal_id,
        _NUMBER.validate_python(event.asset_id),
        event.seller_id,
        event.buyer_id,
        state,
        until=until,
    )
