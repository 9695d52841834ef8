"""Who gets the money: the buyer confirms, the seller gives back, nobody acts in time."""

from __future__ import annotations

from chassis.principals import Principal
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer
from contracts_schema.commands.escrow import Cancel, Confirm, RequestRefund
from contracts_schema.events.escrow import Refunded, Released, ReleaseStarted
from contracts_schema.events.identity import Tier
from contracts_schema.ids import derive_id

from escrow.domain.errors import IsFrozen, NoSurplus, NotDue, WrongParty
from escrow.domain.escrow import Escrow
from escrow.domain.outcome import if_released
from escrow.domain.payout import Payout, PayoutKind
from escrow.domain.states import By, State
from escrow.handlers import payment, payout_order
from escrow.store import chargeback as chargebacks
from escrow.store import delivery as deliveries
from escrow.store import escrow as escrows


async def confirm(tx: Transaction, caller: Principal, command: Confirm) -> Escrow:
    """The buyer says the goods are right: the money goes to the seller."""
    caller.require(Tier.TIER_1)
    escrow, by = await escrows.lock_as_party(tx, caller, command.escrow_id)
    await release(tx, escrow, by)
    return escrow


async def request_refund(tx: Transaction, caller: Principal, command: RequestRefund) -> Escrow:
    """The seller gives the buyer the money back."""
    caller.require(Tier.TIER_1)
    escrow, by = await escrows.lock_as_party(tx, caller, command.escrow_id)
    await refund(tx, escrow, by, command.reason or "seller_refunded")
    return escrow


async def cancel(tx: Transaction, caller: Principal, command: Cancel) -> Escrow:
    """A party ends an escrow that holds nothing."""
    caller.require(Tier.TIER_1)
    escrow, by = await escrows.lock_as_party(tx, caller, command.escrow_id)
    await payment.cancel(tx, escrow, by, f"cancelled_by_{by}")
    return escrow


async def return_surplus(tx: Transaction, caller: Principal, escrow_id: str) -> Escrow:
    """The buyer asks back what was paid too much; the deal goes on."""
    caller.require()
    escrow, side = await escrows.lock_as_party(tx, caller, escrow_id)
    if side is not By.BUYER:
        raise WrongParty("ask the surplus back", side, By.BUYER)
    if escrow.state is State.AWAIT_FUNDS or not escrow.surplus.minor:
        raise NoSurplus
    amount = escrow.return_surplus(f"{escrow_id}:{escrow.version}")
    await escrows.save(tx, escrow)
    await payout_order.give_back(tx, escrow, PayoutKind.SURPLUS, amount)
    tx.audit("surplus.return", escrow_id, amount=amount)
    return escrow


async def on_delivery_expiry(tx: Transaction, timer: Timer) -> None:
    """Nothing was delivered in time: the buyer has the money back."""
    escrow = await escrows.lock(tx, timer.subject_id)
    if escrow.state is State.FUNDS_HELD and _is_due(tx, escrow):
        await refund(tx, escrow, By.TIMER, "not_delivered_in_time")


async def on_inspection_expiry(tx: Transaction, timer: Timer) -> None:
    """Nobody objected in time: the seller has the money."""
    escrow = await escrows.lock(tx, timer.subject_id)
    if escrow.state is State.DELIVERED and _is_due(tx, escrow):
        await release(tx, escrow, By.TIMER)


def _is_due(tx: Transaction, escrow: Escrow) -> bool:
    """A timer lets go of what is frozen, and of a window that was moved."""
    try:
        escrow.require_due(By.TIMER, tx.now())
    except (IsFrozen, NotDue):
        return False
    return True


async def release(tx: Transaction, escrow: Escrow, by: By, why: str = "") -> None:
    """Give the held money to the seller: decided now, RELEASED when the provider proves it."""
    decided = escrow.release(by, tx.now())
    await escrows.save(tx, escrow)
    [first, *_] = await payout_order.order(tx, escrow, PayoutKind.RELEASE, decided.shares)
    await deliveries.confirm(tx, escrow.escrow_id, by)
    tx.stage(
        ReleaseStarted(
            **escrow.facts,
            payout_id=first.payout_id,
            net=decided.divided.seller,
            fee=decided.divided.fee,
            decided_by=by,
        ),
        sequence=escrow.version,
    )
    details = {"by": by, "net": decided.divided.seller, "fee": decided.divided.fee}
    tx.audit("escrow.release", escrow.escrow_id, reason=why, **details)


async def refund(tx: Transaction, escrow: Escrow, by: By, reason: str, why: str = "") -> None:
    """Give the held money back to the buyer: decided now, REFUNDED when the provider proves it."""
    decided = escrow.refund(by, reason, tx.now())
    await escrows.save(tx, escrow)
    made = await payout_order.order(tx, escrow, PayoutKind.REFUND, decided.shares)
    amount = decided.divided.buyer
    tx.audit("escrow.refund", escrow.escrow_id, by=by, reason=why or reason, amount=amount)
    if made:
        payout_order.stage_refund(tx, escrow, made[0].payout_id, amount)
    else:
        await _end_by_bank(tx, escrow)


async def _end_by_bank(tx: Transaction, escrow: Escrow) -> None:
    """The payer's bank has taken everything: its chargeback is the proof that the buyer has it."""
    proof = await chargebacks.latest_id(tx, escrow.escrow_id)
    escrow.all_paid()
    await escrows.save(tx, escrow)
    ended = Refunded(
        **escrow.facts,
        payout_id=derive_id("cbk", proof),
        amount=escrow.agreed,
        reason_code=payout_order.reason_of(escrow),
    )
    tx.stage(ended, sequence=escrow.version)
    tx.audit("escrow.refunded", escrow.escrow_id, provider_id=proof)


async def finish(tx: Transaction, escrow: Escrow, last: Payout) -> None:
    """Every payout of the decision is proven: this is the end of the escrow."""
    escrow.all_paid()
    await escrows.save(tx, escrow)
    if last.kind is PayoutKind.RELEASE:
        divided = if_released(escrow.tranches, escrow.currency)
        amounts = {"paid": escrow.agreed, "net": divided.seller, "fee": divided.fee}
        released = Released(**escrow.facts, payout_id=last.payout_id, **amounts)
        tx.stage(released, sequence=escrow.version)
    else:
        stage_refunded(tx, escrow, last)
    tx.audit(f"escrow.{escrow.state.lower()}", escrow.escrow_id)


def stage_refunded(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    """Both are told that the buyer has the money back."""
    refunded = Refunded(
        **escrow.facts,
        payout_id=payout.payout_id,
        amount=payout.amount if payout.kind is PayoutKind.RETURN else escrow.agreed,
        reason_code=payout_order.reason_of(escrow),
    )
    tx.stage(refunded, sequence=escrow.version)
