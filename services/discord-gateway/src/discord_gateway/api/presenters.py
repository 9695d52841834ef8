"""What the owners answer, as cards with the buttons that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts_schema.actions import Action
from contracts_schema.buttons import buttons_of
from contracts_schema.commands.discord import ButtonStyle, Card, Fact

from discord_gateway.api.schemas import Acted, ContractRead, EscrowRead, ListingRead, OfferRead
from discord_gateway.texts import text

TURNS = ("buyer", "seller", "funding", "delivery", "inspection")
"""What is waited for, in the owners' words."""
MOST_LISTED = 10
MOST_BUTTONS = 5


@dataclass(frozen=True, slots=True)
class Next:
    """A button under a page, labelled from the texts, with a number where there are many."""

    verb: str
    subject: str
    style: ButtonStyle = ButtonStyle.SECONDARY
    number: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A card and the buttons under it, for what the owner says that its reader may do."""

    card: Card
    buttons: tuple[Next, ...] = ()
    actions: tuple[Action, ...] = ()


def listing(body: Any, locale: str) -> Page:
    """One listing."""
    read = ListingRead.model_validate(body)
    facts = (("price", str(read.price)), ("category", read.category), ("id", read.id))
    card = Card(
        title=read.title[:256],
        body=read.summary,
        fields=_facts((("state", read.state), *facts), locale),
        image_url=read.thumbnail_url or "",
    )
    return _page(card, read)


def offer(body: Any, locale: str) -> Page:
    """One offer."""
    read = OfferRead.model_validate(body)
    facts = [("amount", str(read.amount)), ("conditions", read.conditions), ("id", read.id)]
    card = Card(
        title=(read.title or text("page.offer", locale))[:256],
        turn=_turn([read.turn] if read.turn else [], locale),
        deadline=_unix(read.expires_at) if read.turn else None,
        fields=_facts((("state", read.state), *facts), locale),
    )
    return _page(card, read)


def contract(body: Any, locale: str) -> Page:
    """One contract."""
    read = ContractRead.model_validate(body)
    facts = (("price", str(read.price)), ("terms_sha256", read.terms_sha256))
    card = Card(
        title=(read.title or text("page.contract", locale))[:256],
        turn=_turn(read.waits_for, locale),
        deadline=_unix(read.sign_before) if read.waits_for else None,
        fields=_facts((("state", read.state), *facts, ("id", read.id)), locale),
    )
    return _page(card, read)


def deal(body: Any, locale: str) -> Page:
    """One deal's money."""
    read = EscrowRead.model_validate(body)
    card = Card(
        title=(read.title or text("page.deal", locale))[:256],
        turn=_turn([read.window], locale),
        deadline=_unix(read.deadline),
        if_nobody_acts=read.if_nobody_acts[:300],
        fields=_facts((("state", read.state), ("price", str(read.price)), ("id", read.id)), locale),
    )
    return _page(card, read)


def items(body: Any) -> list[Any]:
    """The rows of one page of a list."""
    if isinstance(body, list):
        return body
    return next((body[key] for key in ("items", "data") if isinstance(body.get(key), list)), [])


def offers(body: Any, locale: str) -> Page:
    """Several offers, the newest first."""
    read = [OfferRead.model_validate(row) for row in items(body)[:MOST_LISTED]]
    rows = [(f"{o.title} {o.amount}".strip(), f"{o.state} · {o.id}") for o in read]
    return _list("offers", rows, [o.id for o in read], locale)


def deals(body: Any, locale: str) -> Page:
    """Several deals, the newest first."""
    read = [EscrowRead.model_validate(row) for row in items(body)[:MOST_LISTED]]
    rows = [(f"{d.title} {d.price}".strip(), f"{d.state} · {d.id}") for d in read]
    return _list("deals", rows, [d.id for d in read], locale)


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


def _page(card: Card, read: Acted) -> Page:
    """The card with a button for each thing that the owner says its reader may do."""
    shown = buttons_of([action.verb for action in read.actions])
    return Page(card, tuple(Next(verb, read.id, style) for verb, style in shown), read.actions)


def _facts(facts: Sequence[tuple[str, str]], locale: str) -> tuple[Fact, ...]:
    return tuple(
        Fact(name=text(f"fact.{name}", locale), value=value[:1024])
        for name, value in facts
        if value
    )


def _turn(waits_for: Sequence[str], locale: str) -> str:
    return " ".join(text(f"turn.{each}", locale) for each in waits_for if each in TURNS)


def _unix(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at is not None else None
