"""Where each interaction leads: commands, buttons and forms, and what is said when one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from discord_gateway.api import commands, components, interactions
from discord_gateway.api.cards import words
from discord_gateway.api.interactions import InteractionContext, locale_of
from discord_gateway.ports import Interaction, SlashCommand


@dataclass(frozen=True, slots=True)
class Routes:
    """What is done with what people do in Discord."""

    context: InteractionContext

    def commands(self) -> Sequence[SlashCommand]:
        """Every slash command there is."""
        return commands.build(self.context)

    async def pressed(self, interaction: Interaction) -> None:
        """Answer a pressed button."""
        await components.pressed(self.context, interaction)

    async def submitted(self, interaction: Interaction) -> None:
        """Answer a form that was sent."""
        await components.submitted(self.context, interaction)

    async def failed(self, interaction: Interaction) -> None:
        """Say that something failed on our side."""
        card = words("fault", locale_of(interaction))
        if interaction.response.is_done():
            await interactions.fill(interaction, card)
        else:
            await interactions.reply(interaction, card)
