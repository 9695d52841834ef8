"""The slash commands, one module for each part of the trade; each only asks, opens or shows."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from discord_gateway.commands import account
from discord_gateway.commands.deals import ContractCommands, DealCommands
from discord_gateway.commands.market import ListingCommands, OfferCommands
from discord_gateway.intake import Desk

AnyCommand = app_commands.Command[Any, ..., None] | app_commands.Group


def build(desk: Desk) -> list[AnyCommand]:
    """Every command, working at this desk."""
    return [
        *account.build(desk),
        ListingCommands(desk),
        OfferCommands(desk),
        ContractCommands(desk),
        DealCommands(desk),
    ]
