"""Answers that change nothing: one thing, a list, a document, each read as the person who asks."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import ui
from pydantic import ValidationError

from discord_gateway import intake
from discord_gateway.cards import link, render
from discord_gateway.catalogue import text
from discord_gateway.clients import OwnerAway, OwnerRefused
from discord_gateway.intake import Ack, Desk, Interaction, locale_of
from discord_gateway.reads import SHOWS, Page, deals_list, offers_list

Paged = Callable[[Any, str], Page]


async def show(desk: Desk, interaction: Interaction, subject: str) -> None:
    """Show the thing that this id names."""
    shown = SHOWS[subject.partition("_")[0]]
    await read(desk, interaction, (shown.service, shown.path.format(id=subject), {}), shown.one)


async def offers(desk: Desk, interaction: Interaction, listing_id: str = "") -> None:
    """Show the person's offers, or those on one listing."""
    params = {"listing_id": listing_id} if listing_id else {}
    await read(desk, interaction, ("listings", "/v1/offers", params), offers_list)


async def deals(desk: Desk, interaction: Interaction) -> None:
    """Show the person's deals."""
    await read(desk, interaction, ("escrow", "/v1/escrows", {}), deals_list)


async def read(
    desk: Desk, interaction: Interaction, asked: tuple[str, str, dict[str, str]], page: Paged
) -> None:
    """Answer with what the owner says to this person."""
    if await intake.acknowledge(interaction) is not Ack.IN_TIME:
        return
    service, path, params = asked
    locale = locale_of(interaction)
    try:
        body = await desk.owners.get(service, path, str(interaction.user.id), params)
        shown = page(body, locale)
    except (OwnerAway, OwnerRefused) as error:
        await intake.refused(interaction, error)
        return
    except ValidationError as error:
        await intake.refused(interaction, OwnerAway(f"{service} answers otherwise: {error}"))
        return
    buttons = [
        desk.buttons.press(
            f"{text(f'button.{n.verb}', locale)} {n.number or ''}".strip(),
            n.verb,
            n.subject,
            n.style,
        )
        for n in shown.presses
    ]
    await intake.tell(interaction, shown.card, *buttons)


async def document(desk: Desk, interaction: Interaction, contract_id: str) -> None:
    """Show the contract's PDF: as a file, or by the address its owner gives."""
    if await intake.acknowledge(interaction) is not Ack.IN_TIME:
        return
    path, locale = f"/v1/contracts/{contract_id}/pdf", locale_of(interaction)
    try:
        found = await desk.owners.document("contracts", path, str(interaction.user.id))
    except (OwnerAway, OwnerRefused) as error:
        await intake.refused(interaction, error)
        return
    card = intake.words("pdf", locale)
    if found.url:
        await intake.tell(interaction, card, link(text("button.review_pdf", locale), found.url))
        return
    name = f"{contract_id}.pdf"
    item: ui.File[Any] = ui.File(f"attachment://{name}")
    file = discord.File(io.BytesIO(found.content), filename=name)
    await intake.show(interaction, view=render(card, (), locale, item), attachments=[file])


VIEWS: Mapping[str, Callable[[Desk, Interaction, str], Awaitable[None]]] = {
    "show": show,
    "view_offers": offers,
    "review_pdf": document,
}
"""By verb: buttons that only show something."""
