"""Keeps what the listings' public cards show, and shows it as it stands."""

from __future__ import annotations

from chassis.messaging.consumers import TooEarly
from chassis.storage.database import Transaction
from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    ListingReopened,
    ListingReserved,
    ListingSold,
    ListingUpdated,
)
from contracts_schema.events.verification import AssetRejected

from notifier.domain import listing
from notifier.domain.listing import STATES, Facts
from notifier.handlers.notice import revision, send
from notifier.store import listing as store

Moved = ListingActivated | ListingReserved | ListingReopened | ListingSold | ListingCancelled


async def create(tx: Transaction, event: ListingCreated) -> None:
    """Remember the draft, and tell its seller what comes next."""
    await store.keep(tx, event.model_dump(mode="json"))
    await send(tx, listing.created(event))


async def activate(tx: Transaction, event: ListingActivated) -> None:
    """Put the card into the channel that the listing was made in, and tell its seller."""
    await store.keep(tx, event.model_dump(mode="json"))
    await send(tx, listing.activated(event) + listing.card(await _moved(tx, event)))


async def move(tx: Transaction, event: ListingReserved | ListingReopened | ListingSold) -> None:
    """Show the state on the card."""
    await send(tx, listing.card(await _moved(tx, event)))


async def cancel(tx: Transaction, event: ListingCancelled) -> None:
    """Close the card, and answer the seller who took the listing down."""
    facts = await _moved(tx, event)
    await send(tx, listing.card(facts) + listing.withdrawn(event, facts))


async def update(tx: Transaction, event: ListingUpdated) -> None:
    """Show what reads differently now."""
    _known(await store.find(tx, event.listing_id), event.listing_id)
    facts = await store.keep(tx, event.model_dump(mode="json"))
    await send(tx, listing.card(facts))


async def reject(tx: Transaction, event: AssetRejected) -> None:
    """Tell the seller whose game is not theirs; a check at another step is answered elsewhere."""
    if event.listing_id is None:
        return
    facts = _known(await store.find(tx, event.listing_id), event.listing_id)
    await send(tx, listing.rejected(event.user_id, facts))


async def _moved(tx: Transaction, event: Moved) -> Facts:
    """The listing's facts with the newest state that was told of it, in whatever order."""
    facts = await store.move(tx, event.listing_id, STATES[type(event)], revision(tx))
    return _known(facts, event.listing_id)


def _known(facts: Facts | None, listing_id: str) -> Facts:
    if facts is None:
        raise TooEarly(f"the listing {listing_id} is not known here yet")
    return facts
