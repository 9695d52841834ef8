"""Events and commands in."""

from __future__ import annotations

from chassis import principals
from chassis.messaging.consumers import Consumers
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.contracts import CreateSigningLink, Sign
from contracts_schema.events.listings import OfferAccepted

from contracts.domain.contract import Method, Signing
from contracts.domain.policy import Deal, Policy
from contracts.handlers import drafting, signing


def register(consumers: Consumers, policy: Policy) -> Consumers:
    """Bind the service's queues."""

    @consumers.event("contracts.principals")
    async def know(tx: Transaction, event: principals.IdentityEvent) -> None:
        await principals.project(tx, event)

    @consumers.event("contracts.accepted_offers")
    async def draft_on_accepted(tx: Transaction, event: OfferAccepted) -> None:
        await drafting.begin(tx, _deal(event), policy)

    @consumers.command("contracts.commands")
    async def sign(tx: Transaction, caller: Principal, command: Sign) -> None:
        wish = Signing(
            phrase=command.phrase,
            method=Method.DISCORD,
            request_id=tx.cause.causation_id,
            seen_terms=command.terms_sha256,
        )
        await signing.sign(tx, caller, command.contract_id, wish)

    @consumers.command("contracts.commands")
    async def create_signing_link(
        tx: Transaction, caller: Principal, command: CreateSigningLink
    ) -> None:
        await signing.offer_link(tx, caller, command.contract_id)

    return consumers


def _deal(event: OfferAccepted) -> Deal:
    return Deal(
        deal_id=event.offer_id,
        listing_id=event.listing_id,
        seller_id=event.seller_id,
        buyer_id=event.buyer_id,
        title=event.title,
        asset_id=event.asset_id,
        snapshot_sha256=event.snapshot_sha256,
        price=event.amount,
        delivery_s=event.delivery_window_s,
        conditions=event.conditions,
    )
