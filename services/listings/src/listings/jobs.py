"""What is done when it is due."""

from __future__ import annotations

from chassis.storage.timers import Timers

from listings.handlers import draft, offer


def timers() -> Timers:
    """Offers and drafts expire."""
    due = Timers()
    due.on(offer.EXPIRY)(offer.expire)
    due.on(draft.EXPIRY)(draft.expire)
    return due
