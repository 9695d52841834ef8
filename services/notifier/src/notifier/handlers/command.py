"""Answers commands that were refused."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.events.rejected import CommandRejected

from notifier.domain import command
from notifier.handlers.notice import answer


async def reject(tx: Transaction, event: CommandRejected) -> None:
    """Tell who gave the command why it was refused, and what to do."""
    await answer(tx, command.rejected(event), event.discord_user_id, event.command_id)
