"""Answers that change nothing: one thing, a list, a document, each read as the person who asks."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import ui

from discord_gateway.adapters.discord.cards import link, render
from discord_gateway.adapters.owners import NOT_REGISTERED, OwnerAway, OwnerRefused
from discord_gateway.api import interactions, presenters, things
from discord_gateway.api.cards import refusal, words
from discord_gateway.api.interactions import Ack, InteractionContext, actor_of
from discord_gateway.api.presenters import Page
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

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Show it."""
        await self.show(context, interaction, intent.subject)


async def show(context: InteractionContext, interaction: Interaction, subject: str) -> None:
    """Show the thing that this id names."""
    if await interactions.acknowledge(interaction) is not Ack.IN_TIME:
        return
    try:
        thing = await things.read(context.owners, actor_of(interaction), subject)
    except (OwnerAway, OwnerRefused) as error:
        await interactions.refused(interaction, error)
        return
    await fill_page(context, interaction, thing.page)


async def refused(
    context: InteractionContext, interaction: Interaction, subject: str, error: OwnerRefused
) -> None:
    """Say why the owner refused, and how the thing stands that was asked about."""
    if error.code == NOT_REGISTERED:
        await interactions.refused(interaction, error)
        return
    reader = actor_of(interaction)
    card = refusal(error.detail, error.next_action, reader.locale)
    said = card.model_copy(update={"now": subject})
    await fill_page(context, interaction, await things.below(context.owners, reader, said))


async def fill_page(context: InteractionContext, interaction: Interaction, page: Page) -> None:
    """Fill the answer that was deferred with a page and its buttons."""
    shown = things.buttons(context.buttons, page, actor_of(interaction).locale)
    await interactions.fill(interaction, page.card, *shown)


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
    path, reader = f"/v1/contracts/{contract_id}/pdf?copy=latest", actor_of(interaction)
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
        page = things.presented(source.service, source.present, body, reader.locale)
    except (OwnerAway, OwnerRefused) as error:
        await interactions.refused(interaction, error)
        return
    await fill_page(context, interaction, page)
