"""Events and commands in; ``notifier.events`` hears everything that any service tells."""

from __future__ import annotations

from chassis import principals
from chassis.messaging.consumers import Consumers
from contracts_schema.events.identity import UserRegistered
from contracts_schema.events.listings import ListingActivated, ListingCreated

from notifier.domain.by_event import NOTICES_BY_EVENT
from notifier.handlers import command, listing, notice, person, preference

QUEUE = "notifier.events"
EVERYTHING = (
    *("identity.#", "listings.#", "contracts.#", "escrow.#", "verification.#", "discord.#"),
    "notifier.command_rejected.v1",  # its own refusals, which are told like any other
)
REMEMBERED = (UserRegistered, ListingCreated, ListingActivated)
"""Events that are also remembered, so they have a handler of their own."""


def register(consumers: Consumers) -> Consumers:
    """What to do with each message."""
    consumers.hears(QUEUE, *EVERYTHING)
    consumers.in_bulk(QUEUE, "notifier.principals")
    consumers.commands("notifier.commands", preference.set_preferences)
    consumers.events("notifier.principals", principals.project)
    consumers.events(QUEUE, person.register, command.reject)
    consumers.events(QUEUE, listing.create, listing.activate, listing.change)
    consumers.events(QUEUE, listing.cancel, listing.reject)
    consumers.events(QUEUE, notice.notify, of=NOTICES_BY_EVENT.keys() - REMEMBERED)
    return consumers
