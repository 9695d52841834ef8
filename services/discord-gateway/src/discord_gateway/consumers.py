"""Messages in: orders to show a card."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from chassis.messaging.consumers import Consumers
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.discord import Deliver
from contracts_schema.message import DiscordActor

from discord_gateway import handlers
from discord_gateway.store import Shown

Show = Callable[[Database, DiscordActor, Deliver], AbstractAsyncContextManager[Shown]]


def register(consumers: Consumers, show: Show) -> Consumers:
    """Show each card outside the transaction, then write down what became of it."""

    @consumers.command("discord-gateway.deliveries", prepare=show)
    async def deliver(
        transaction: Transaction, reader: DiscordActor, command: Deliver, shown: Shown
    ) -> None:
        await handlers.delivered(transaction, command, shown)

    return consumers
