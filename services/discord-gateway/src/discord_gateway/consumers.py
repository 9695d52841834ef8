"""Messages in: orders to show a card."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chassis.consumer import Consumers
from chassis.database import Transaction
from chassis.principals import Principal
from contracts_schema.commands.discord import Deliver

from discord_gateway import handlers
from discord_gateway.store import Delivery

Make = Callable[[Deliver, Principal], Awaitable[Delivery]]


def register(consumers: Consumers, make: Make) -> Consumers:
    """Show each card outside the transaction, then write down what became of it."""

    async def show(caller: Principal, command: Deliver) -> Delivery:
        return await make(command, caller)

    @consumers.command("discord-gateway.deliveries", prepare=show)
    async def deliver(
        transaction: Transaction, caller: Principal, command: Deliver, made: Delivery
    ) -> None:
        await handlers.delivered(transaction, command, made)

    return consumers
