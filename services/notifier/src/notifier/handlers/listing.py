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
from notifier.domain.listing import Facts
from notifier.handlers.notice import revision, send
from notifier.store import listing as store


async def create(tx: Transaction, event: ListingCreated) -> None:
    """Remember the draft, and tell its seller what comes next."""
    await store.keep(tx, listing.change(event, revision(tx)))
    await send(tx, listing.created(event))


async def activate(tx: Transaction, event: ListingActivated) -> None:
    """Put the card into the channel that the listing was made in, and tell its seller."""
    facts = await store.keep(tx, listing.change(event, revision(tx)))
    await send(tx, listing.activated(event) + listing.card(facts))


async def change(
    tx: Transaction, event: ListingUpdated | ListingReserved | ListingReopened | ListingSold
) -> None:
    """Show on the card what is different now."""
    facts = _known(await store.change(tx, listing.change(event, revision(tx))), event.listing_id)
    await send(tx, listing.card(facts))


async def cancel(tx: Transaction, event: ListingCancelled) -> None:
    """Close the card, and tell the seller who took the listing down, or why it was."""
    facts = _known(await store.change(tx, listing.change(event, revision(tx))), event.listing_id)
    await send(tx, listing.card(facts) + listing.cancelled(event, facts))


async def reject(tx: Transaction, event: AssetRejected) -> None:
    """Tell the seller whose game is not theirs; a check at another step is answered elsewhere."""
    if event.listing_id is None:
        return
    facts = _known(await store.find(tx, event.listing_id), event.listing_id)
    await send(tx, listing.rejected(event.user_id, facts))


def _known(facts: Facts | None, listing_id: str) -> Facts:
    if facts is None:
        raise TooEarly(f"the listing {listing_id} is not known here yet")
    return facts
