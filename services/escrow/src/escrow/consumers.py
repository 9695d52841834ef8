"""Commands and events in. Queues that move money are taken one message at a time."""

from __future__ import annotations

from chassis import principals
from chassis.consumer import Consumers
from chassis.database import Transaction
from chassis.principals import Principal
from contracts_schema.commands.escrow import Cancel, Confirm, Deliver, RequestRefund
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred

from escrow.handlers import deal

COMMANDS, PROOFS = "escrow.commands", "escrow.proofs"
ONE_AT_A_TIME = 1


def register(consumers: Consumers) -> Consumers:
    """Bind what escrow listens to."""

    @consumers.event("escrow.principals")
    async def know(tx: Transaction, event: principals.IdentityEvent) -> None:
        await principals.project(tx, event)

    @consumers.event("escrow.executed_contracts", prefetch=ONE_AT_A_TIME)
    async def open_on_contract_executed(tx: Transaction, event: ContractExecuted) -> None:
        await deal.open_escrow(tx, event)

    @consumers.event(PROOFS, prefetch=ONE_AT_A_TIME)
    async def prove_on_transfer(tx: Transaction, event: OwnershipTransferred) -> None:
        await deal.prove_delivery(tx, event)

    @consumers.event(PROOFS, prefetch=ONE_AT_A_TIME)
    async def freeze_on_loss(tx: Transaction, event: OwnershipLost) -> None:
        await deal.freeze(tx, event)

    _commands(consumers)
    return consumers


def _commands(consumers: Consumers) -> None:
    @consumers.command(COMMANDS, prefetch=ONE_AT_A_TIME)
    async def deliver(tx: Transaction, caller: Principal, command: Deliver) -> None:
        await deal.deliver(tx, caller, command)

    @consumers.command(COMMANDS, prefetch=ONE_AT_A_TIME)
    async def confirm(tx: Transaction, caller: Principal, command: Confirm) -> None:
        await deal.confirm(tx, caller, command)

    @consumers.command(COMMANDS, prefetch=ONE_AT_A_TIME)
    async def request_refund(tx: Transaction, caller: Principal, command: RequestRefund) -> None:
        await deal.request_refund(tx, caller, command)

    @consumers.command(COMMANDS, prefetch=ONE_AT_A_TIME)
    async def cancel(tx: Transaction, caller: Principal, command: Cancel) -> None:
        await deal.cancel(tx, caller, command)
