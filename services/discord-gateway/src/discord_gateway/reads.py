"""What a person asks to see: read from the owner, shown as a card with the buttons that fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts_schema.commands.discord import ButtonStyle, Card, Fact

from discord_gateway.catalogue import text
from discord_gateway.models import ContractRead, EscrowRead, ListingRead, OfferRead

SIDES = ("buyer", "seller")
MOST_LISTED = 10
MOST_BUTTONS = 5
PRIMARY, SECONDARY = ButtonStyle.PRIMARY, ButtonStyle.SECONDARY


@dataclass(frozen=True, slots=True)
class Next:
    """A button under a page, labelled from the catalogue, with a number where there are many."""

    verb: str
    subject: str
    style: ButtonStyle = SECONDARY
    number: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A card and what one may press under it."""

    card: Card
    presses: tuple[Next, ...] = ()


@dataclass(frozen=True, slots=True)
class Show:
    """Where things of one kind are read, and how one of them, or many, are shown."""

    service: str
    path: str
    one: Callable[[Any, str], Page]


def listing_page(body: Any, locale: str) -> Page:
    """One listing."""
    listing = ListingRead.model_validate(body)
    facts = (("price", str(listing.price)), ("category", listing.category), ("id", listing.id))
    live = listing.state == "ACTIVE"
    card = Card(
        title=listing.title[:256],
        body=listing.summary,
        fields=_facts((("state", listing.state), *facts), locale),
        image_url=listing.thumbnail_url or "",
    )
    offers = Next("view_offers", listing.id)
    return Page(card, (Next("make_offer", listing.id, PRIMARY), offers) if live else (offers,))


def offer_page(body: Any, locale: str) -> Page:
    """One offer."""
    offer = OfferRead.model_validate(body)
    facts = [("amount", str(offer.amount)), ("conditions", offer.conditions), ("id", offer.id)]
    card = Card(
        title=(offer.title or text("page.offer", locale))[:256],
        turn=_turn([offer.turn] if offer.turn else [], locale),
        deadline=_unix(offer.expires_at) if offer.turn else None,
        fields=_facts((("state", offer.state), *facts), locale),
    )
    if offer.state != "PENDING":
        return Page(card)
    verbs = ("accept", "counter", "decline", "withdraw_offer")
    return Page(card, tuple(Next(verb, offer.id) for verb in verbs))


def contract_page(body: Any, locale: str) -> Page:
    """One contract."""
    contract = ContractRead.model_validate(body)
    facts = (("price", str(contract.price)), ("terms_sha256", contract.terms_sha256))
    waiting = contract.state == "PENDING_SIGNATURE"
    card = Card(
        title=(contract.title or text("page.contract", locale))[:256],
        turn=_turn(contract.waits_for, locale) if waiting else "",
        deadline=_unix(contract.sign_before) if waiting else None,
        fields=_facts((("state", contract.state), *facts, ("id", contract.id)), locale),
    )
    review = Next("review_pdf", contract.id)
    if not waiting:
        return Page(card, (review,))
    sign = Next("sign", contract.id, PRIMARY)
    return Page(card, (sign, Next("sign_web", contract.id), review))


DEAL_VERBS: Mapping[str, tuple[str, ...]] = {
    "AWAIT_FUNDS": ("pay", "onboard", "cancel"),
    "FUNDS_HELD": ("deliver", "refund"),
    "DELIVERED": ("confirm", "refund"),
}
"""What one may want next in a state; the owner decides who may."""


def deal_page(body: Any, locale: str) -> Page:
    """One deal's money."""
    deal = EscrowRead.model_validate(body)
    card = Card(
        title=(deal.title or text("page.deal", locale))[:256],
        turn=text(f"turn.{deal.state}", locale) if deal.state in DEAL_VERBS else "",
        deadline=_unix(deal.deadline),
        if_nobody_acts=deal.if_nobody_acts[:300],
        fields=_facts((("state", deal.state), ("price", str(deal.price)), ("id", deal.id)), locale),
    )
    return Page(card, tuple(Next(verb, deal.id) for verb in DEAL_VERBS.get(deal.state, ())))


SHOWS: Mapping[str, Show] = {
    "lst": Show("listings", "/v1/listings/{id}", listing_page),
    "ofr": Show("listings", "/v1/offers/{id}", offer_page),
    "ctr": Show("contracts", "/v1/contracts/{id}", contract_page),
    "esc": Show("escrow", "/v1/escrows/{id}", deal_page),
}


def items(body: Any) -> list[Any]:
    """The rows of one page of a list."""
    if isinstance(body, list):
        return body
    return next((body[key] for key in ("items", "data") if isinstance(body.get(key), list)), [])


def offers_list(body: Any, locale: str) -> Page:
    """Several offers, the newest first."""
    offers = [OfferRead.model_validate(row) for row in items(body)[:MOST_LISTED]]
    rows = [(f"{o.title} {o.amount}".strip(), f"{o.state} · {o.id}") for o in offers]
    return _list("offers", rows, [o.id for o in offers], locale)


def deals_list(body: Any, locale: str) -> Page:
    """Several deals, the newest first."""
    deals = [EscrowRead.model_validate(row) for row in items(body)[:MOST_LISTED]]
    rows = [(f"{d.title} {d.price}".strip(), f"{d.state} · {d.id}") for d in deals]
    return _list("deals", rows, [d.id for d in deals], locale)


def _list(key: str, rows: Sequence[tuple[str, str]], ids: Sequence[str], locale: str) -> Page:
    card = Card(
        title=text(f"page.{key}", locale),
        body="" if rows else text(f"page.no_{key}", locale),
        fields=tuple(
            Fact(name=f"{number}. {name}"[:256], value=value[:1024])
            for number, (name, value) in enumerate(rows, 1)
        ),
    )
    return Page(
        card, tuple(Next("show", one, number=n) for n, one in enumerate(ids[:MOST_BUTTONS], 1))
    )


def _facts(facts: Sequence[tuple[str, str]], locale: str) -> tuple[Fact, ...]:
    return tuple(
        Fact(name=text(f"fact.{name}", locale), value=value[:1024])
        for name, value in facts
        if value
    )


def _turn(sides: Sequence[str], locale: str) -> str:
    return " ".join(text(f"turn.{side}", locale) for side in sides if side in SIDES)


def _unix(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at is not None else None
