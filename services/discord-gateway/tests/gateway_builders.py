"""Cards, deliveries and answers of the owners, as small as a test needs them."""

from __future__ import annotations

from typing import Any

from contracts_schema.commands.discord import Card, Deliver, Target
from contracts_schema.ids import derive_id, new_id

SECRET = "a-secret-of-the-tests"
LISTING, OFFER = derive_id("lst", "one"), derive_id("ofr", "one")
CONTRACT, ESCROW = derive_id("ctr", "one"), derive_id("esc", "one")
USD_4000 = {"minor": 400_000, "currency": "USD"}


def a_card(**parts: Any) -> Card:
    return Card(**{"title": "A card", "body": "What happened."} | parts)


def a_delivery(target: Target, card: Card | None = None, **parts: Any) -> Deliver:
    return Deliver(
        delivery_id=parts.pop("delivery_id", new_id("dlv")),
        target=target,
        card=card or a_card(),
        **parts,
    )


def allowed(path: str, *verbs: str, preview: str = "") -> list[dict[str, Any]]:
    """What an owner says that the reader may do with what stands at this path."""
    made = {"method": "POST", "preview": preview}
    return [made | {"verb": verb, "route": f"{path}/{verb}"} for verb in verbs]


def an_escrow(*verbs: str, **parts: Any) -> dict[str, Any]:
    path = f"/v1/escrows/{ESCROW}"
    return {
        "escrow_id": ESCROW,
        "title": "Tower",
        "price": {"minor": 430_000, "currency": "USD"},
        "state": "ODD",
        "window": "delivery",
        "actions": allowed(path, *verbs, preview=f"{path}/preview"),
    } | parts


def an_offer(**parts: Any) -> dict[str, Any]:
    return {
        "offer_id": OFFER,
        "listing_id": LISTING,
        "amount": USD_4000,
        "state": "PENDING",
        "turn": "seller",
        "conditions": "",
        "unknown_field": 1,
    } | parts


def a_preview(**parts: Any) -> dict[str, Any]:
    return {
        "escrow_id": ESCROW,
        "held": {"minor": 430_000, "currency": "USD"},
        "if_released": {
            "seller": {"minor": 417_500, "currency": "USD"},
            "buyer": {"minor": 0, "currency": "USD"},
            "fee": {"minor": 12_500, "currency": "USD"},
        },
        "if_refunded": {
            "seller": {"minor": 0, "currency": "USD"},
            "buyer": {"minor": 430_000, "currency": "USD"},
            "fee": {"minor": 0, "currency": "USD"},
        },
    } | parts
