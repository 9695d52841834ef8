"""Contracts."""

from __future__ import annotations

from discord import app_commands

from discord_gateway.api.commands.options import CONTRACTS, Choices, press_on, suggest
from discord_gateway.api.interactions import InteractionContext
from discord_gateway.ports import Interaction
from discord_gateway.texts import text


class ContractCommands(app_commands.Group):
    """``/contract``."""

    def __init__(self, context: InteractionContext) -> None:
        """Work with these."""
        super().__init__(name="contract", description=text("command.contract"))
        self.context = context

    @app_commands.command(name="view", description=text("command.contract_view"))
    @app_commands.describe(id=text("option.contract"))
    async def view(self, interaction: Interaction, id: str) -> None:
        """Show one contract."""
        await press_on(self.context, interaction, "show", ("ctr", id))

    @view.autocomplete("id")
    async def _contracts(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.context, interaction, CONTRACTS, typed)
