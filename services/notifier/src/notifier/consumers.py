"""Events and commands in; ``notifier.events`` sees everything that any service tells."""

from __future__ import annotations

from typing import Any

from chassis import principals
from chassis.consumer import Consumers
from chassis.database import Transaction
from chassis.principals import Principal
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
STATES = {
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
        await handlers.tell(tx, catalogue, TELLERS[type(event)](event))

    @consumers.event(QUEUE)
    async def not_listed(tx: Transaction, event: AssetRejected) -> None:
        facts = await store.listing(tx, event.listing_id or "")
        if facts is not None:
            params = {"title": str(facts["title"])}
            await handlers.tell(
                tx, catalogue, [person("listing_rejected", event.user_id, params=params)]
            )


def _listing_cards(consumers: Consumers, catalogue: Catalogue) -> None:
    @consumers.event(QUEUE)
    async def show(tx: Transaction, event: ListingMoved) -> None:
        facts = await store.listing(tx, event.listing_id)
        if facts is not None:
            notices = market.channel_card(facts, STATES[type(event)])
            if isinstance(event, ListingCancelled):
                notices += market.listing_withdrawn(event, str(facts["title"]))
            await handlers.tell(tx, catalogue, notices)

    @consumers.event(QUEUE)
    async def reprice(tx: Transaction, event: ListingUpdated) -> None:
        facts = await store.listing(tx, event.listing_id)
        if facts is not None:
            await store.keep_listing(tx, facts | event.model_dump(mode="json"))
            await handlers.tell(
                tx, catalogue, market.channel_card(facts | event.model_dump(mode="json"), "active")
            )
