"""Commands from Discord, and what is due."""

from __future__ import annotations

from chassis.messaging.consumers import Consumers
from chassis.principals import Principal
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer, Timers
from contracts_schema.commands.identity import CreateLink, RegisterUser

from identity.handlers import linking, people
from identity.handlers.clean_up import EVERY, clean_up

COMMANDS = "identity.commands"
CLEAN_UP = "identity.clean_up"


def register(consumers: Consumers, admins: frozenset[str]) -> Consumers:
    """Fulfil identity's commands; these Discord accounts become administrators by joining."""

    @consumers.command(COMMANDS)
    async def register_user(tx: Transaction, caller: Principal, command: RegisterUser) -> None:
        await people.register_user(tx, caller, command, admins)

    @consumers.command(COMMANDS)
    async def create_link(tx: Transaction, caller: Principal, command: CreateLink) -> None:
        await linking.create_link(tx, caller, command, seed=tx.cause.causation_id)

    return consumers


def timers() -> Timers:
    """Clean up now and then; the timer sets itself again in the transaction that fired it."""
    due = Timers()

    @due.on(CLEAN_UP)
    async def clean(tx: Transaction, timer: Timer) -> None:
        await clean_up(tx)
        await tx.set_timer(CLEAN_UP, timer.subject_id, tx.now() + EVERY)

    return due
