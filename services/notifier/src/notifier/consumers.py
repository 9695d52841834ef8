"""Events and commands in; ``notifier.events`` sees everything that any service tells."""

from __future__ import annotations

from typing import Any

from chassis import principals
from chassis.messaging.consumers import Consumers, TooEarly
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.notifier import SetPreferences
from contracts_schema.events.identity import UserRegistered
from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    ListingReopened,
    ListingReserved,
    ListingSold,
    ListingUpdated,
)
from contracts_schema.events.rejected import CommandRejected
from contracts_schema.events.verification import AssetRejected

from notifier import handlers, store
from notifier.cards import account, market
from notifier.cards.catalogue import Catalogue
from notifier.cards.notice import person
from notifier.cards.telling import TELLERS

QUEUE = "notifier.events"
Facts = dict[str, Any]
STATES = {
    ListingActivated: "active",
    ListingReserved: "reserved",
    ListingReopened: "active",
    ListingSold: "sold",
    ListingCancelled: "cancelled",
}
ListingMoved = ListingReserved | ListingReopened | ListingSold | ListingCancelled
APART = (UserRegistered, ListingCreated, ListingActivated)
"""Events that are also remembered, so they have a handler of their own."""


def register(consumers: Consumers, catalogue: Catalogue) -> Consumers:
    """Bind every event that is told, and the commands."""
    _remembering(consumers, catalogue)
    _listing_cards(consumers, catalogue)

    @consumers.event("notifier.principals")
    async def know(tx: Transaction, event: principals.IdentityEvent) -> None:
        await principals.project(tx, event)

    @consumers.event(QUEUE)
    async def refuse(tx: Transaction, event: CommandRejected) -> None:
        [notice] = account.rejected(event)
        await handlers.answer(tx, catalogue, notice, event.discord_user_id, event.command_id)

    @consumers.command("notifier.commands")
    async def set_preferences(tx: Transaction, caller: Principal, command: SetPreferences) -> None:
        await handlers.set_preferences(tx, caller, command)

    for model, teller in TELLERS.items():
        if model not in APART:
            consumers.event(QUEUE)(_telling(catalogue, model, teller))
    return consumers


def _telling(catalogue: Catalogue, model: type[Any], teller: Any) -> Any:
    async def tell(tx: Transaction, event: Any) -> None:
        await handlers.tell(tx, catalogue, teller(event))

    tell.__annotations__["event"] = model
    return tell


def _remembering(consumers: Consumers, catalogue: Catalogue) -> None:
    @consumers.event(QUEUE)
    async def greet(tx: Transaction, event: UserRegistered) -> None:
        await store.add_person(tx, event.user_id, event.discord_id, event.locale)
        await handlers.tell(tx, catalogue, TELLERS[UserRegistered](event))

    @consumers.event(QUEUE)
    async def remember(tx: Transaction, event: ListingCreated | ListingActivated) -> None:
        await store.keep_listing(tx, event.model_dump(mode="json"))
        notices = TELLERS[type(event)](event)
        if isinstance(event, ListingActivated):
            notices += market.channel_card(await _moved(tx, event))
        await handlers.tell(tx, catalogue, notices)

    @consumers.event(QUEUE)
    async def not_listed(tx: Transaction, event: AssetRejected) -> None:
        if event.listing_id is None:
            return  # A check at another step than listing: who asked is answered by who asked us.
        facts = _known(await store.listing(tx, event.listing_id), event.listing_id)
        params = {"title": str(facts["title"])}
        await handlers.tell(
            tx, catalogue, [person("listing_rejected", event.user_id, params=params)]
        )


def _listing_cards(consumers: Consumers, catalogue: Catalogue) -> None:
    @consumers.event(QUEUE)
    async def show(tx: Transaction, event: ListingMoved) -> None:
        facts = await _moved(tx, event)
        notices = market.channel_card(facts)
        if isinstance(event, ListingCancelled):
            notices += market.listing_withdrawn(event, str(facts["title"]))
        await handlers.tell(tx, catalogue, notices)

    @consumers.event(QUEUE)
    async def reprice(tx: Transaction, event: ListingUpdated) -> None:
        _known(await store.listing(tx, event.listing_id), event.listing_id)
        facts = await store.keep_listing(tx, event.model_dump(mode="json"))
        await handlers.tell(tx, catalogue, market.channel_card(facts))


async def _moved(tx: Transaction, event: ListingActivated | ListingMoved) -> Facts:
    """The listing's facts with the newest state that was told of it, in whatever order."""
    state, revision = STATES[type(event)], handlers.revision(tx)
    return _known(await store.move_listing(tx, event.listing_id, state, revision), event.listing_id)


def _known(facts: Facts | None, listing_id: str) -> Facts:
    if facts is None:
        raise TooEarly(f"the listing {listing_id} is not known here yet")
    return facts
