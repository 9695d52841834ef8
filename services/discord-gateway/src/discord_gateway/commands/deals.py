"""Contracts and deals."""

from __future__ import annotations

from discord import app_commands

from discord_gateway import presses, views
from discord_gateway.catalogue import text
from discord_gateway.commands.options import CONTRACTS, DEALS, Choices, named, suggest
from discord_gateway.intake import Desk, Interaction


class ContractCommands(app_commands.Group):
    """``/contract``."""

    def __init__(self, desk: Desk) -> None:
        """Work at this desk."""
        super().__init__(name="contract", description=text("command.contract"))
        self.desk = desk

    @app_commands.command(name="view", description=text("command.contract_view"))
    @app_commands.describe(id=text("option.contract"))
    async def view(self, interaction: Interaction, id: str) -> None:
        """Show one contract."""
        if contract_id := await named(interaction, "ctr", id):
            await views.show(self.desk, interaction, contract_id)

    @view.autocomplete("id")
    async def _contracts(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.desk, interaction, CONTRACTS, typed)


class DealCommands(app_commands.Group):
    """``/deal``."""

    def __init__(self, desk: Desk) -> None:
        """Work at this desk."""
        super().__init__(name="deal", description=text("command.deal"))
        self.desk = desk

    @app_commands.command(name="list", description=text("command.deal_list"))
    async def list_(self, interaction: Interaction) -> None:
        """Show one's deals."""
        await views.deals(self.desk, interaction)

    @app_commands.command(name="show", description=text("command.deal_show"))
    @app_commands.describe(id=text("option.deal"))
    async def show(self, interaction: Interaction, id: str) -> None:
        """Show one deal."""
        if escrow_id := await named(interaction, "esc", id):
            await views.show(self.desk, interaction, escrow_id)

    @app_commands.command(name="deliver", description=text("command.deal_deliver"))
    @app_commands.describe(id=text("option.deal"))
    async def deliver(self, interaction: Interaction, id: str) -> None:
        """Open the form for handing over."""
        if escrow_id := await named(interaction, "esc", id):
            await presses.open_form(self.desk, interaction, "deliver", escrow_id)

    @app_commands.command(name="confirm", description=text("command.deal_confirm"))
    @app_commands.describe(id=text("option.deal"))
    async def confirm(self, interaction: Interaction, id: str) -> None:
        """Ask whether to release the money."""
        if escrow_id := await named(interaction, "esc", id):
            await presses.ask(self.desk, interaction, "confirm", escrow_id)

    @app_commands.command(name="cancel", description=text("command.deal_cancel"))
    @app_commands.describe(id=text("option.deal"))
    async def cancel(self, interaction: Interaction, id: str) -> None:
        """Ask whether to end the deal."""
        if escrow_id := await named(interaction, "esc", id):
            await presses.ask(self.desk, interaction, "cancel", escrow_id)

    @show.autocomplete("id")
    @deliver.autocomplete("id")
    @confirm.autocomplete("id")
    @cancel.autocomplete("id")
    async def _deals(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.desk, interaction, DEALS, typed)
