"""Commands and events in, each to its handler."""

from __future__ import annotations

from functools import partial

from chassis import principals
from chassis.messaging.consumers import Consumers

from listings.domain.offer import Caps
from listings.handlers import asset, listing, offer
from listings.ports import OwnershipCheck

COMMANDS = "listings.commands"


def register(consumers: Consumers, check: OwnershipCheck, caps: Caps) -> Consumers:
    """Bind what listings listens to."""
    consumers.in_bulk("listings.principals")
    consumers.events("listings.principals", principals.project)
    consumers.events("listings.verification_results", asset.activate, asset.reject)
    consumers.events("listings.deal_outcomes", listing.sell, listing.reopen)
    consumers.commands(COMMANDS, listing.create, prepare=asset.proof)
    consumers.commands(COMMANDS, listing.withdraw)
    consumers.commands(COMMANDS, partial(offer.make, caps=caps))
    consumers.commands(COMMANDS, offer.counter, offer.decline, offer.withdraw)
    consumers.commands(COMMANDS, offer.accept, prepare=partial(offer.ownership, check=check))
    return consumers
