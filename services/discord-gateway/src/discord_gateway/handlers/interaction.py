"""Takes in an interaction: its row and its command, in one transaction."""

from __future__ import annotations

from chassis.ops.failpoints import failpoint
from chassis.storage.database import Transaction
from contracts_schema.message import Command, DiscordActor

from discord_gateway.domain.interaction import Pending
from discord_gateway.store import interaction


async def take_in(tx: Transaction, actor: DiscordActor, command: Command, pending: Pending) -> bool:
    """Promise to send the command, once however often the interaction comes; False: a repeat."""
    if not await interaction.add(tx, pending):
        return False
    tx.stage_command(command, actor, pending.command_id)
    failpoint("interaction.before_commit")
    return True
