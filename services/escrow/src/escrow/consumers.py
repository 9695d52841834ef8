"""Events and commands in; money queues take one message at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis import principals
from chassis.cause import Cause
from chassis.messaging.consumers import Consumers, Poison
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.escrow import Cancel, Confirm, Deliver, RequestRefund
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred

from escrow.domain.errors import RailNotEnabled, TermsRefused
from escrow.handlers import deciding, delivering, onboarding, opening
from escrow.ports import Rails

COMMANDS = "escrow.commands"
PROOFS = "escrow.proofs"


class Wishes:
    """What a command needs to know before its transaction begins."""

    def __init__(self, rails: Rails) -> None:
        """Ask these rails."""
        self._rails = rails

    @asynccontextmanager
    async def payable(
        self, database: Database, caller: Principal, command: Deliver
    ) -> AsyncIterator[None]:
        """Whether the seller can be paid by now, though no webhook told of it yet."""
        if caller.user_id:
            cause = Cause(actor=caller.user_id)
            await onboarding.refresh_unready(database, self._rails, caller.user_id, cause)
        yield


def register(consumers: Consumers, rails: Rails, wishes: Wishes) -> Consumers:
    """Bind the service's queues."""
    _events(consumers, rails)

    @consumers.command(COMMANDS, prepare=wishes.payable, prefetch=1)
    async def deliver(tx: Transaction, caller: Principal, command: Deliver) -> None:
        await delivering.deliver(tx, caller, command)

    @consumers.command(COMMANDS, prefetch=1)
    async def confirm(tx: Transaction, caller: Principal, command: Confirm) -> None:
        await deciding.confirm(tx, caller, command)

    @consumers.command(COMMANDS, prefetch=1)
    async def refund(tx: Transaction, caller: Principal, command: RequestRefund) -> None:
        await deciding.request_refund(tx, caller, command)

    @consumers.command(COMMANDS, prefetch=1)
    async def cancel(tx: Transaction, caller: Principal, command: Cancel) -> None:
        await deciding.cancel(tx, caller, command)

    return consumers


def _events(consumers: Consumers, rails: Rails) -> None:
    @consumers.event("escrow.principals")
    async def know(tx: Transaction, event: principals.IdentityEvent) -> None:
        await principals.project(tx, event)

    @consumers.event("escrow.executed_contracts", prefetch=1)
    async def open_on_executed(tx: Transaction, event: ContractExecuted) -> None:
        try:
            await opening.open_for(tx, event, rails)
        except (TermsRefused, RailNotEnabled) as error:
            raise Poison(str(error)) from error

    @consumers.event(PROOFS, prefetch=1)
    async def confirm_on_transferred(tx: Transaction, event: OwnershipTransferred) -> None:
        await delivering.prove(tx, event)

    @consumers.event(PROOFS, prefetch=1)
    async def freeze_on_lost(tx: Transaction, event: OwnershipLost) -> None:
        await delivering.lose(tx, event)
