"""Irreversible steps: each is asked again, with a preview read from its owner just now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts_schema.commands import escrow, identity, listings
from contracts_schema.commands.discord import ButtonStyle, Card, Fact
from contracts_schema.message import Command
from contracts_schema.money import Money

from discord_gateway.catalogue import text
from discord_gateway.models import OfferRead, PreviewRead, Share


@dataclass(frozen=True, slots=True)
class Ask:
    """A question before a step: what to read, how to show it, and the verb that says yes."""

    service: str
    path: str
    preview: Callable[[Any, str], Card]
    yes: str


def _about_offer(key: str) -> Callable[[Any, str], Card]:
    def preview(body: Any, locale: str) -> Card:
        offer = OfferRead.model_validate(body)
        facts = [("title", offer.title), ("amount", str(offer.amount))]
        facts += [("conditions", offer.conditions), ("state", offer.state)]
        return _question(key, facts, locale)

    return preview


def _about_money(key: str, branch: Callable[[PreviewRead], Share]) -> Callable[[Any, str], Card]:
    def preview(body: Any, locale: str) -> Card:
        read = PreviewRead.model_validate(body)
        share = branch(read)
        facts = [("title", read.title), ("held", _shown(read.held))]
        facts += [("seller_receives", _shown(share.seller)), ("fee", _shown(share.fee))]
        facts += [("buyer_receives", _shown(share.buyer))]
        return _question(key, facts, locale)

    return preview


def _shown(amount: Money | None) -> str:
    return "" if amount is None or not amount.minor else str(amount)


def _question(key: str, facts: list[tuple[str, str]], locale: str) -> Card:
    return Card(
        title=text(f"ask.{key}.title", locale),
        body=text(f"ask.{key}.body", locale),
        fields=tuple(
            Fact(name=text(f"fact.{name}", locale), value=value[:1024])
            for name, value in facts
            if value
        ),
    )


ASKS: Mapping[str, Ask] = {
    "accept": Ask("listings", "/v1/offers/{id}", _about_offer("accept"), "accept_yes"),
    "decline": Ask("listings", "/v1/offers/{id}", _about_offer("decline"), "decline_yes"),
    "confirm": Ask(
        "escrow",
        "/v1/escrows/{id}/preview",
        _about_money("confirm", lambda read: read.if_released),
        "confirm_yes",
    ),
    "refund": Ask(
        "escrow",
        "/v1/escrows/{id}/preview",
        _about_money("refund", lambda read: read.if_refunded),
        "refund_yes",
    ),
    "cancel": Ask(
        "escrow",
        "/v1/escrows/{id}/preview",
        _about_money("cancel", lambda read: Share()),
        "cancel_yes",
    ),
}

SURE = ButtonStyle.DANGER

WISHES: Mapping[str, Callable[[str], Command]] = {
    "consent": lambda version: identity.RegisterUser(consent=True, terms_version=version),
    "accept_yes": lambda subject: listings.AcceptOffer(offer_id=subject),
    "decline_yes": lambda subject: listings.DeclineOffer(offer_id=subject),
    "withdraw_offer": lambda subject: listings.WithdrawOffer(offer_id=subject),
    "withdraw_listing": lambda subject: listings.WithdrawListing(listing_id=subject),
    "confirm_yes": lambda subject: escrow.Confirm(escrow_id=subject),
    "refund_yes": lambda subject: escrow.RequestRefund(escrow_id=subject),
    "cancel_yes": lambda subject: escrow.Cancel(escrow_id=subject),
}
"""Verbs that are a command as they are."""
