"""Slash commands: names, options and descriptions; what they do is what buttons do."""

from __future__ import annotations

from discord_gateway.api.commands import account
from discord_gateway.api.commands.contract import ContractCommands
from discord_gateway.api.commands.deal import DealCommands
from discord_gateway.api.commands.listing import ListingCommands
from discord_gateway.api.commands.offer import OfferCommands
from discord_gateway.api.interactions import InteractionContext
from discord_gateway.ports import SlashCommand


def build(context: InteractionContext) -> list[SlashCommand]:
    """Every command."""
    return [
        *account.build(context),
        ListingCommands(context),
        OfferCommands(context),
        ContractCommands(context),
        DealCommands(context),
    ]
