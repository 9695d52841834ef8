"""Offers."""

from __future__ import annotations

from discord import app_commands

from discord_gateway.api import views
from discord_gateway.api.interactions import InteractionContext
from discord_gateway.ports import Interaction
from discord_gateway.texts import text


class OfferCommands(app_commands.Group):
    """``/offer``."""

    def __init__(self, context: InteractionContext) -> None:
        """Work with these."""
        super().__init__(name="offer", description=text("command.offer"))
        self.context = context

    @app_commands.command(name="list", description=text("command.offer_list"))
    async def list_(self, interaction: Interaction) -> None:
        """Show one's offers."""
        await views.offers(self.context, interaction, "")
