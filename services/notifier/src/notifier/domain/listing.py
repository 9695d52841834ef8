"""Listings, their public cards, and what sellers are told about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from contracts_schema.actions import EVERYBODY
from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    ListingReopened,
    ListingReserved,
    ListingSold,
    ListingUpdated,
)
from contracts_schema.message import Event
from contracts_schema.money import Money
from pydantic import TypeAdapter

from notifier.domain.notice import Notice, Reader, actor, may, person, presses

Facts = dict[str, Any]
"""What is known of one listing: the fields of the events that told of it, and where it stands."""
Described = ListingCreated | ListingActivated | ListingUpdated
Moved = ListingActivated | ListingReserved | ListingReopened | ListingSold | ListingCancelled

STATES: Mapping[type[Event], str] = MappingProxyType(
    {
        ListingActivated: "active",
        ListingReserved: "reserved",
        ListingReopened: "active",
        ListingSold: "sold",
        ListingCancelled: "cancelled",
    }
)
_MONEY: TypeAdapter[Money] = TypeAdapter(Money)


@dataclass(frozen=True, slots=True)
class Change:
    """What one event tells of a listing as of ``revision``: its words, and where it stands."""

    listing_id: str
    revision: int
    words: Facts = field(default_factory=dict)
    standing: Facts = field(default_factory=dict)


def change(event: Described | Moved, revision: int) -> Change:
    """What the event tells; whoever sees the card is everybody, so it has everybody's buttons."""
    words: Facts = {}
    if isinstance(event, Described):
        words = event.model_dump(mode="json", exclude={"actions"}) | {"worded": revision}
    standing: Facts = {"verbs": list(event.actions.get(EVERYBODY, ())), "revision": revision}
    if isinstance(event, Moved):
        standing["state"] = STATES[type(event)]
    return Change(event.listing_id, revision, words, standing)


def created(event: ListingCreated) -> list[Notice]:
    """A draft: ownership is being checked."""
    return [actor("listing_created", event.seller_id, params={"title": event.title})]


def activated(event: ListingActivated) -> list[Notice]:
    """Live: the seller is told; the channel's card is made of what is known of the listing."""
    params = {"title": event.title, "price": str(event.price)}
    own = may(event, event.seller_id)
    return [person("listing_activated", event.seller_id, params=params, **own)]


def card(facts: Facts) -> list[Notice]:
    """The listing's public card as it stands in the channel it was created from."""
    if not facts.get("channel_id"):
        return []
    state = facts.get("state", "active")
    listing_id = str(facts["listing_id"])
    price = str(_MONEY.validate_python(facts["price"]))
    return [
        Notice(
            f"listing_card.{state}",
            Reader.CHANNEL,
            channel_id=str(facts["channel_id"]),
            guild_id=str(facts.get("guild_id") or ""),
            card_key=f"listing:{listing_id}",
            params={"title": str(facts["title"]), "summary": str(facts.get("summary", ""))},
            fields=(("price", price), ("category", str(facts.get("category", "")))),
            image_url=str(facts.get("thumbnail_url", "")),
            buttons=presses(facts.get("verbs", ()), listing_id),
        )
    ]


def rejected(user_id: str, facts: Facts) -> list[Notice]:
    """Ownership was not confirmed: it was never live."""
    return [person("listing_rejected", user_id, params={"title": str(facts["title"])})]


def cancelled(event: ListingCancelled, facts: Facts) -> list[Notice]:
    """The seller took it down, or it was closed because the asset is on sale elsewhere."""
    params = {"title": str(facts["title"])}
    match event.reason_code:
        case "withdrawn":
            return [actor("listing_withdrawn", event.seller_id, params=params)]
        case "asset_listed":
            return [person("listing_closed", event.seller_id, params=params)]
        case _:
            return []
