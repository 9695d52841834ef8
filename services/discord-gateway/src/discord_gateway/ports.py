"""What the session with Discord needs from those who answer people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import discord
from discord import app_commands

Interaction = discord.Interaction[Any]
SlashCommand = app_commands.Command[Any, ..., None] | app_commands.Group


class Interactions(Protocol):
    """What is done with what people do in Discord."""

    def commands(self) -> Sequence[SlashCommand]:
        """Every slash command there is."""

    async def pressed(self, interaction: Interaction) -> None:
        """Answer a pressed button."""

    async def submitted(self, interaction: Interaction) -> None:
        """Answer a form that was sent."""

    async def failed(self, interaction: Interaction) -> None:
        """Say that something failed on our side."""
