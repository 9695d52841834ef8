"""Answers that change nothing: one thing, a list, a document, each read as the person who asks."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import discord
from contracts_schema.commands.discord import ButtonStyle
from discord import ui
from pydantic import ValidationError

from discord_gateway.adapters.discord.cards import AnyButton, link, render
from discord_gateway.adapters.owners import OwnerAway, OwnerRefused
from discord_gateway.api import interactions, presenters
from discord_gateway.api.cards import words
from discord_gateway.api.interactions import Ack, InteractionContext, actor_of
from discord_gateway.api.presenters import Next, Page
from discord_gateway.domain.custom_id import Intent
from discord_gateway.ports import Interaction
from discord_gateway.texts import text


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is read, and how it is shown."""

    service: str
    path: str
    present: Callable[[Any, str], Page]
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViewStep:
    """Shows something."""

    show: Callable[[InteractionContext, Interaction, str], Awaitable[None]]
    style: ButtonStyle = ButtonStyle.SECONDARY

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Show it."""
        await self.show(context, interaction, intent.subject)


_BY_PREFIX = {
    "lst": ("listings", "/v1/listings/", presenters.listing),
    "ofr": ("listings", "/v1/offers/", presenters.offer),
    "ctr": ("contracts", "/v1/contracts/", presenters.contract),
    "esc": ("escrow", "/v1/escrows/", presenters.deal),
}


async def show(context: InteractionContext, interaction: Interaction, subject: str) -> None:
    """Show the thing that this id names."""
    service, path, present = _BY_PREFIX[subject.partition("_")[0]]
    await _read(context, interaction, Source(service, path + subject, present))


async def offers(context: InteractionContext, interaction: Interaction, listing_id: str) -> None:
    """Show the person's offers, or those on one listing."""
    params = {"listing_id": listing_id} if listing_id else {}
    source = Source("listings", "/v1/offers", presenters.offers, params)
    await _read(context, interaction, source)


async def deals(context: InteractionContext, interaction: Interaction) -> None:
    """Show the person's deals."""
    await _read(context, interaction, Source("escrow", "/v1/escrows", presenters.deals))


async def document(context: InteractionContext, interaction: Interaction, contract_id: str) -> None:
    """Show the contract's PDF: as a file, or by the address its owner gives."""
    if await interactions.acknowledge(interaction) is not Ack.IN_TIME:
        return
    path, reader = f"/v1/contracts/{contract_id}/pdf", actor_of(interaction)
    try:
        found = await context.owners.document("contracts", path, reader)
    except (OwnerAway, OwnerRefused) as error:
        await interactions.refused(interaction, error)
        return
    card = words("pdf", reader.locale)
    if found.url:
        button = link(text("button.review_pdf", reader.locale), found.url)
        await interactions.fill(interaction, card, button)
        return
    name = f"{contract_id}.pdf"
    item: ui.File[Any] = ui.File(f"attachment://{name}")
    file = discord.File(io.BytesIO(found.content), filename=name)
    view = render(card, (), reader.locale, item)
    await interactions.fill_with(interaction, view=view, attachments=[file])


async def _read(context: InteractionContext, interaction: Interaction, source: Source) -> None:
    """Answer with what the owner says to this person."""
    if await interactions.acknowledge(interaction) is not Ack.IN_TIME:
        return
    reader = actor_of(interaction)
    try:
        body = await context.owners.get(source.service, source.path, reader, source.params)
        page = source.present(body, reader.locale)
    except (OwnerAway, OwnerRefused) as error:
        await interactions.refused(interaction, error)
        return
    except ValidationError as error:
        away = OwnerAway(f"{source.service} answers otherwise: {error}")
        await interactions.refused(interaction, away)
        return
    buttons = [_button(context, each, reader.locale) for each in _ordered(context, page.buttons)]
    await interactions.fill(interaction, page.card, *buttons)


def _ordered(context: InteractionContext, buttons: Sequence[Next]) -> list[Next]:
    """Those that the registry knows, in its order; others are not shown."""
    order = list(context.verbs)
    known = [each for each in buttons if each.verb in context.verbs]
    return sorted(known, key=lambda each: order.index(each.verb))


def _button(context: InteractionContext, shown: Next, locale: str) -> AnyButton:
    label = f"{text(f'button.{shown.verb}', locale)} {shown.number or ''}".strip()
    return context.buttons.press(label, shown.verb, shown.subject, context.verbs[shown.verb].style)
