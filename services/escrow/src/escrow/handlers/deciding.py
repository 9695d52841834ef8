"""Who gets the money: the buyer confirms, the seller gives back, nobody acts in time."""

from __future__ import annotations

from chassis.principals import Principal
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer
from contracts_schema.commands.escrow import Cancel, Confirm, RequestRefund
from contracts_schema.events.identity import Tier

from escrow.domain.errors import IsFrozen, NoSurplus, NotDue, WrongParty
from escrow.domain.escrow import Escrow
from escrow.domain.states import By, State
from escrow.handlers import funding, ordering
from escrow.handlers.telling import locked
from escrow.store import deliveries


async def confirm(tx: Transaction, caller: Principal, command: Confirm) -> Escrow:
    """The buyer says the goods are right: the money goes to the seller."""
    caller.require(Tier.TIER_1)
    escrow = await locked(tx, command.escrow_id)
    by = escrow.side_of(caller.user_id)
    await ordering.release(tx, escrow, by)
    await deliveries.confirm(tx, escrow.escrow_id, by)
    return escrow


async def request_refund(tx: Transaction, caller: Principal, command: RequestRefund) -> Escrow:
    """The seller gives the buyer the money back."""
    caller.require(Tier.TIER_1)
    escrow = await locked(tx, command.escrow_id)
    by = escrow.side_of(caller.user_id)
    await ordering.refund(tx, escrow, by, command.reason or "seller_refunded")
    return escrow


async def cancel(tx: Transaction, caller: Principal, command: Cancel) -> Escrow:
    """A party ends an escrow that holds nothing."""
    caller.require(Tier.TIER_1)
    escrow = await locked(tx, command.escrow_id)
    by = escrow.side_of(caller.user_id)
    await funding.cancel(tx, escrow, by, f"cancelled_by_{by}")
    return escrow


async def return_surplus(tx: Transaction, caller: Principal, escrow_id: str) -> Escrow:
    """The buyer asks back what was paid too much."""
    caller.require()
    escrow = await locked(tx, escrow_id)
    if (side := escrow.side_of(caller.user_id)) is not By.BUYER:
        raise WrongParty("ask the surplus back", side, By.BUYER)
    if escrow.state is State.AWAIT_FUNDS or not escrow.surplus.minor:
        raise NoSurplus("Nothing was paid beyond what was agreed.")
    amount = await ordering.return_surplus(tx, escrow)
    tx.audit("surplus.return", escrow_id, amount=amount)
    return escrow


async def on_delivery_expiry(tx: Transaction, timer: Timer) -> None:
    """Nothing was delivered in time: the buyer has the money back."""
    escrow = await locked(tx, timer.subject_id)
    if escrow.state is State.FUNDS_HELD and _may_act(tx, escrow):
        await ordering.refund(tx, escrow, By.TIMER, "not_delivered_in_time")


async def on_inspection_expiry(tx: Transaction, timer: Timer) -> None:
    """Nobody objected in time: the seller has the money."""
    escrow = await locked(tx, timer.subject_id)
    if escrow.state is State.DELIVERED and _may_act(tx, escrow):
        await ordering.release(tx, escrow, By.TIMER)
        await deliveries.confirm(tx, escrow.escrow_id, By.TIMER)


def _may_act(tx: Transaction, escrow: Escrow) -> bool:
    """A timer lets go of what is frozen, and of a window that was moved."""
    try:
        escrow.require_due(By.TIMER, tx.now())
    except (IsFrozen, NotDue):
        return False
    return True
