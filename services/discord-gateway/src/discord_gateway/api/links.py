"""Secret pages: asked of their owner as the reader, shown to nobody else, kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from discord_gateway.adapters.discord.cards import openers, render
from discord_gateway.adapters.owners import OwnerAway, OwnerRefused
from discord_gateway.api import interactions, views
from discord_gateway.api.cards import words
from discord_gateway.api.interactions import Ack, InteractionContext, actor_of
from discord_gateway.domain.custom_id import Intent
from discord_gateway.ports import Interaction
from discord_gateway.texts import text


@dataclass(frozen=True, slots=True)
class LinkStep:
    """Answers with a page that only this person may open."""

    service: str
    path: str
    """Where the owner is asked for its address."""

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Show the page's address; the same press asks for the same page."""
        if await interactions.acknowledge(interaction) is not Ack.IN_TIME:
            return
        reader, path = actor_of(interaction), self.path.format(id=intent.subject)
        try:
            url = await context.owners.address(self.service, path, reader, str(interaction.id))
        except OwnerRefused as error:
            await views.refused(context, interaction, intent.subject, error)
            return
        except OwnerAway as error:
            await interactions.refused(interaction, error)
            return
        buttons, more = openers(text(f"link.{intent.verb}.button", reader.locale), url)
        card = words(f"link.{intent.verb}", reader.locale)
        view = render(card, buttons, reader.locale, *more)
        await interactions.fill_with(interaction, view=view)
