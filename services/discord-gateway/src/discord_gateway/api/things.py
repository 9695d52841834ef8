"""What people read and do things with, as its owner says that it stands for them just now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from contracts_schema.actions import Action
from contracts_schema.commands.discord import Card, Fact
from contracts_schema.message import DiscordActor
from pydantic import ValidationError

from discord_gateway.adapters.discord.cards import AnyButton, Buttons
from discord_gateway.adapters.owners import OwnerAway, OwnerRefused, Owners
from discord_gateway.api import presenters
from discord_gateway.api.presenters import Page
from discord_gateway.texts import text

_BY_PREFIX: Mapping[str, tuple[str, str, Callable[[Any, str], Page]]] = MappingProxyType(
    {
        "lst": ("listings", "/v1/listings/", presenters.listing),
        "ofr": ("listings", "/v1/offers/", presenters.offer),
        "ctr": ("contracts", "/v1/contracts/", presenters.contract),
        "esc": ("escrow", "/v1/escrows/", presenters.deal),
    }
)
"""Who owns what an id names, where it is read, and how it is shown."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A listing, an offer, a contract or a deal, as this reader may see it."""

    service: str
    path: str
    body: Any
    page: Page

    def action(self, verb: str) -> Action | None:
        """What its owner says of this verb; None: the reader may not do that now."""
        return next((each for each in self.page.actions if each.verb == verb), None)


async def read(owners: Owners, reader: DiscordActor, subject: str) -> Thing:
    """The thing that this id names; raises OwnerAway or OwnerRefused."""
    service, path, present = _BY_PREFIX[subject.partition("_")[0]]
    body = await owners.get(service, path + subject, reader)
    return Thing(service, path + subject, body, presented(service, present, body, reader.locale))


def presented(service: str, present: Callable[[Any, str], Page], body: Any, locale: str) -> Page:
    """The owner's answer as a page; raises OwnerAway for one that is no answer to this."""
    try:
        return present(body, locale)
    except ValidationError as error:
        raise OwnerAway(f"{service} answers otherwise: {error}") from error


async def below(owners: Owners, reader: DiscordActor, card: Card) -> Page:
    """The card, and below it how the thing stands that it is about; alone if that is not told."""
    try:
        thing = await read(owners, reader, card.now or "")
    except (OwnerAway, OwnerRefused, KeyError):
        return Page(card)
    return joined(card, thing.page, reader.locale)


def buttons(signed: Buttons, page: Page, locale: str) -> list[AnyButton]:
    """The page's buttons, labelled from the texts."""
    return [
        signed.press(
            f"{text(f'button.{each.verb}', locale)} {each.number or ''}".strip(),
            *(each.verb, each.subject, each.style),
        )
        for each in page.buttons
    ]


def joined(card: Card, page: Page, locale: str) -> Page:
    """What the card says, and then how the thing stands, with the buttons for it."""
    said = "\n".join(part for part in (card.body, card.turn) if part)
    named = Fact(name=text("fact.title", locale), value=page.card.title)
    now = {name: getattr(page.card, name) for name in ("turn", "deadline", "if_nobody_acts")}
    fields = (named, *page.card.fields)
    shown = card.model_copy(update=now | {"body": said, "fields": fields, "now": None})
    return Page(shown, page.buttons, page.actions)
