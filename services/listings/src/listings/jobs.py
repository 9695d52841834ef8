"""What is done when it is due."""

from __future__ import annotations

from chassis.storage.timers import Timers

from listings.handlers import draft, listing, offer


def timers() -> Timers:
    """Offers and drafts expire; listings that the migration paused are closed."""
    due = Timers()
    due.on(offer.EXPIRY)(offer.expire)
    due.on(draft.EXPIRY)(draft.expire)
    due.on(listing.DUPLICATE)(listing.close_duplicate)
    return due
