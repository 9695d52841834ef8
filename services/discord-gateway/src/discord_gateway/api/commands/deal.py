"""Deals."""

from __future__ import annotations

from discord import app_commands

from discord_gateway.api import views
from discord_gateway.api.commands.options import DEALS, Choices, press_on, suggest
from discord_gateway.api.interactions import InteractionContext
from discord_gateway.ports import Interaction
from discord_gateway.texts import text


class DealCommands(app_commands.Group):
    """``/deal``."""

    def __init__(self, context: InteractionContext) -> None:
        """Work with these."""
        super().__init__(name="deal", description=text("command.deal"))
        self.context = context

    @app_commands.command(name="list", description=text("command.deal_list"))
    async def list_(self, interaction: Interaction) -> None:
        """Show one's deals."""
        await views.deals(self.context, interaction)

    @app_commands.command(name="show", description=text("command.deal_show"))
    @app_commands.describe(id=text("option.deal"))
    async def show(self, interaction: Interaction, id: str) -> None:
        """Show one deal."""
        await press_on(self.context, interaction, "show", ("esc", id))

    @app_commands.command(name="deliver", description=text("command.deal_deliver"))
    @app_commands.describe(id=text("option.deal"))
    async def deliver(self, interaction: Interaction, id: str) -> None:
        """Open the form for handing over."""
        await press_on(self.context, interaction, "deliver", ("esc", id))

    @app_commands.command(name="confirm", description=text("command.deal_confirm"))
    @app_commands.describe(id=text("option.deal"))
    async def confirm(self, interaction: Interaction, id: str) -> None:
        """Ask whether to release the money."""
        await press_on(self.context, interaction, "confirm", ("esc", id))

    @app_commands.command(name="cancel", description=text("command.deal_cancel"))
    @app_commands.describe(id=text("option.deal"))
    async def cancel(self, interaction: Interaction, id: str) -> None:
        """Ask whether to end the deal."""
        await press_on(self.context, interaction, "cancel", ("esc", id))

    @show.autocomplete("id")
    @deliver.autocomplete("id")
    @confirm.autocomplete("id")
    @cancel.autocomplete("id")
    async def _deals(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.context, interaction, DEALS, typed)
