"""What both sides are told about offers. They never swap; only whose turn it is changes."""

from __future__ import annotations

from typing import Any

from contracts_schema.events.listings import (
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    Side,
)

from notifier.domain.notice import Many, Notice, actor, may, person


def made(event: OfferMade | OfferCountered) -> list[Notice]:
    """A price is put to the other side; whose turn it is changes, the sides do not."""
    maker, other = _sides(event, event.made_by)
    kind = "offer_countered" if isinstance(event, OfferCountered) else "offer_made"
    shared: dict[str, Any] = {
        "params": _params(event),
        "step": "offer",
        "deadline": event.expires_at,
        "card_key": f"offer:{event.offer_id}",
    }
    many = Many("many.offers_made", event.listing_id)
    old: list[Notice] = []
    if isinstance(event, OfferCountered):
        old = [
            person(
                "offer_closed.countered",
                maker,
                params=_params(event),
                card_key=f"offer:{event.parent_id}",
            )
        ]
    return [
        actor(f"{kind}.maker", maker, **shared, **may(event, maker)),
        person(f"{kind}.other", other, many=many, **shared, **may(event, other)),
        *old,
    ]


def accepted(event: OfferAccepted) -> list[Notice]:
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


def closed(event: OfferDeclined | OfferWithdrawn | OfferExpired) -> list[Notice]:
    """It came to nothing: both are told why, and the old card loses its buttons."""
    key = f"offer_closed.{_how_it_closed(event)}"
    params = {"title": event.title, "amount": str(event.amount)}
    card_key = f"offer:{event.offer_id}"
    shared: dict[str, Any] = {
        "params": params,
        "card_key": card_key,
        "many": Many("many.offers_closed", event.listing_id),
    }
    told = [person(key, event.buyer_id, **shared), person(key, event.seller_id, **shared)]
    if (side := _closed_by(event)) is not None:
        told.append(actor(key, _sides(event, side)[0], params=params))
    return told


def _params(event: OfferMade | OfferCountered | OfferAccepted | OfferDeclined) -> dict[str, str]:
    return {"title": event.title, "amount": str(event.amount)}


def _sides(event: Any, side: Side) -> tuple[str, str]:
    """The user on this side, and the one across the table."""
    pair = {Side.BUYER: event.buyer_id, Side.SELLER: event.seller_id}
    return pair[side], pair[side.other]


def _how_it_closed(event: OfferDeclined | OfferWithdrawn | OfferExpired) -> str:
    match event:
        case OfferWithdrawn():
            return "withdrawn"
        case OfferExpired():
            return "expired"
        case OfferDeclined(
            reason_code="listing_reserved" | "listing_withdrawn" | "listing_closed" as reason
        ):
            return reason
        case _:
            return "declined"


def _closed_by(event: OfferDeclined | OfferWithdrawn | OfferExpired) -> Side | None:
    """Who closed it, if anybody did."""
    match event:
        case OfferWithdrawn():
            return event.made_by
        case OfferDeclined():
            return event.declined_by
        case _:
            return None
