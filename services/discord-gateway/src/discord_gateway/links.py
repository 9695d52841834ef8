"""Secret addresses: asked of their owner as the reader, shown to nobody else, kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord import ui

from discord_gateway import intake
from discord_gateway.cards import MOST_URL, AnyButton, link, render
from discord_gateway.catalogue import text
from discord_gateway.clients import OwnerAway, OwnerRefused, Owners
from discord_gateway.escaping import escaped
from discord_gateway.intake import Ack, Desk, Interaction, locale_of

MOST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Source:
    """Which owner makes the address, and where it is asked."""

    service: str
    path: str


SOURCES: Mapping[str, Source] = {
    "sign_web": Source("contracts", "/v1/contracts/{id}/signing-links"),
    "pay": Source("escrow", "/v1/escrows/{id}/payment-link"),
    "onboard": Source("escrow", "/v1/payout-accounts/onboarding-link"),
}
"""By verb: pressing it answers with a page that only this person may open."""


async def address(owners: Owners, source: Source, reader: str, key: str) -> str:
    """The address, fresh from its owner."""
    body = await owners.post(source.service, source.path, reader, key)
    url = str(body.get("url", "")) if isinstance(body, dict) else ""
    if not url.startswith(("https://", "http://")) or len(url) > MOST_SHOWN:
        raise OwnerAway(f"{source.service} gave no usable address")
    return url


def openers(label: str, url: str) -> tuple[list[AnyButton], list[ui.Item[Any]]]:
    """What opens the page: a button, or the address itself where it is too long for one."""
    if len(url) <= MOST_URL:
        return [link(label, url)], []
    return [], [ui.TextDisplay(f"<{url}>")]


async def give(desk: Desk, interaction: Interaction, verb: str, subject: str) -> None:
    """Answer a press with the page it asks for."""
    if await intake.acknowledge(interaction) is not Ack.IN_TIME:
        return
    source, locale = SOURCES[verb], locale_of(interaction)
    asked = Source(source.service, source.path.format(id=subject))
    try:
        url = await address(desk.owners, asked, str(interaction.user.id), str(interaction.id))
    except (OwnerAway, OwnerRefused) as error:
        await intake.refused(interaction, error)
        return
    buttons, more = openers(text(f"link.{verb}.button", locale), url)
    card = intake.words(f"link.{verb}", locale)
    await intake.show(interaction, view=render(card, buttons, locale, *more))


def refused_line(reason: str) -> str:
    """What stands in the place of a link that its owner refused."""
    return f"-# {escaped(reason, 300)}"
