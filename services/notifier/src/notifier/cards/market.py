"""Cards about listings and offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    Side,
)
from contracts_schema.money import Money
from pydantic import TypeAdapter

from notifier.cards.account import PRIMARY
from notifier.cards.notice import Button, Notice, Press, Reader, actor, person

_MONEY: TypeAdapter[Money] = TypeAdapter(Money)
Facts = Mapping[str, Any]


def listing_created(event: ListingCreated) -> list[Notice]:
    """A draft: ownership is being checked."""
    return [actor("listing_created", event.seller_id, params={"title": event.title})]


def listing_activated(event: ListingActivated) -> list[Notice]:
    """Live: the seller is told; the channel's card is made of what is known of the listing."""
    params = {"title": event.title, "price": str(event.price)}
    return [person("listing_activated", event.seller_id, params=params)]


def channel_card(facts: Facts) -> list[Notice]:
    """The listing's public card as it stands in the channel it was created from."""
    if not facts.get("channel_id"):
        return []
    state = facts.get("state", "active")  # not noted for cards of before states were
    listing_id = str(facts["listing_id"])
    price = str(_MONEY.validate_python(facts["price"]))
    buttons: tuple[Button, ...] = ()
    if state == "active":
        buttons = (Press("make_offer", listing_id, PRIMARY), Press("view_offers", listing_id))
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
            buttons=buttons,
        )
    ]


def _answer_buttons(offer_id: str) -> tuple[Button, ...]:
    return (
        Press("accept", offer_id, PRIMARY),
        Press("counter", offer_id),
        Press("decline", offer_id),
    )


def _params(event: OfferMade | OfferCountered | OfferAccepted | OfferDeclined) -> dict[str, str]:
    return {"title": event.title, "amount": str(event.amount)}


def _sides(event: Any, side: Side) -> tuple[str, str]:
    """The user on this side, and the one across the table."""
    pair = {Side.BUYER: event.buyer_id, Side.SELLER: event.seller_id}
    return pair[side], pair[side.other]


def offer_made(event: OfferMade | OfferCountered) -> list[Notice]:
    """A price is put to the other side; whose turn it is changes, the sides do not."""
    maker, other = _sides(event, event.made_by)
    kind = "offer_countered" if isinstance(event, OfferCountered) else "offer_made"
    shared: dict[str, Any] = {
        "params": _params(event),
        "step": "offer",
        "deadline": event.expires_at,
        "card_key": f"offer:{event.offer_id}",
    }
    closed = []
    if isinstance(event, OfferCountered):
        closed = [
            person(
                "offer_closed.countered",
                maker,
                params=_params(event),
                card_key=f"offer:{event.parent_id}",
            )
        ]
    return [
        actor(f"{kind}.maker", maker, **shared, buttons=(Press("withdraw_offer", event.offer_id),)),
        person(f"{kind}.other", other, **shared, buttons=_answer_buttons(event.offer_id)),
        *closed,
    ]


def offer_accepted(event: OfferAccepted) -> list[Notice]:
    """They agree: the contract is being written."""
    accepter, other = _sides(event, event.accepted_by)
    shared: dict[str, Any] = {
        "params": _params(event),
        "step": "contract",
        "card_key": f"offer:{event.offer_id}",
    }
    return [
        actor("offer_accepted.accepter", accepter, **shared),
        person("offer_accepted.accepter", accepter, **shared),
        person("offer_accepted.other", other, **shared),
    ]


def offer_closed(event: OfferDeclined | OfferWithdrawn | OfferExpired) -> list[Notice]:
    """It came to nothing: both are told why, and the old card loses its buttons."""
    key = f"offer_closed.{_how_it_closed(event)}"
    params = {"title": event.title, "amount": str(event.amount)}
    card_key = f"offer:{event.offer_id}"
    told = [
        person(key, event.buyer_id, params=params, card_key=card_key),
        person(key, event.seller_id, params=params, card_key=card_key),
    ]
    if (side := _closed_by(event)) is not None:
        told.append(actor(key, _sides(event, side)[0], params=params))
    return told


def _how_it_closed(event: OfferDeclined | OfferWithdrawn | OfferExpired) -> str:
    match event:
        case OfferWithdrawn():
            return "withdrawn"
        case OfferExpired():
            return "expired"
        case OfferDeclined(reason_code="listing_reserved" | "listing_withdrawn" as reason):
            return reason
        case _:
            return "declined"


def _closed_by(event: OfferDeclined | OfferWithdrawn | OfferExpired) -> Side | None:
    """Whose own wish it was, if anybody's."""
    match event:
        case OfferWithdrawn():
            return event.made_by
        case OfferDeclined():
            return event.declined_by
        case _:
            return None


def listing_withdrawn(event: ListingCancelled, title: str) -> list[Notice]:
    """The seller took it down."""
    if event.reason_code != "withdrawn":
        return []
    return [actor("listing_withdrawn", event.seller_id, params={"title": title})]
