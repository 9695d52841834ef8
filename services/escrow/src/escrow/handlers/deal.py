"""What the two parties do, what time does, and what verification proves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chassis.consumer import Poison, TooEarly
from chassis.database import Transaction
from chassis.preconditions import require_version
from chassis.principals import Principal
from chassis.problems import not_found
from contracts_schema.commands.escrow import Cancel, Confirm, Deliver, RequestRefund
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.events.escrow import (
    Cancelled,
    DeadlineNear,
    Delivered,
    DeliveryProven,
    Frozen,
    FundsHeld,
    Opened,
)
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred
from contracts_schema.ids import derive_id
from contracts_schema.terms import Rail

from escrow.domain.errors import (
    MoneyHeld,
    PayoutAccountMissing,
)
from escrow.domain.escrow import RUNNING, TERMINAL, Action, By, Escrow, State
from escrow.domain.outcome import Kind
from escrow.handlers import clocks, settling
from escrow.ledger import book
from escrow.store import escrows, payments

RAILS = frozenset({Rail.STRIPE})


async def open_escrow(tx: Transaction, event: ContractExecuted) -> None:
    """Open on the signed terms and on no others; a contract has one escrow.

    Raises Poison when the hash does not fit or no rail could carry the money: nothing is opened,
    and the message is parked for an operator.
    """
    if event.terms.sha256() != event.terms_sha256:
        raise Poison(f"the terms of {event.contract_id} do not have the hash that was signed")
    if event.terms.contract_id != event.contract_id or event.terms.deal_id != event.deal_id:
        raise Poison(f"the terms are those of another contract than {event.contract_id}")
    if event.terms.rail not in RAILS:
        raise Poison(f"the rail {event.terms.rail} is not configured here; configure it and retry")
    escrow_id = derive_id("esc", event.contract_id)
    begun = escrows.from_terms(event.terms, event.terms_sha256, escrow_id, tx.now())
    if escrows.total(begun.tranches) != begun.price:
        raise Poison(f"the tranches of {event.contract_id} do not sum to its price")
    opened = replace(begun, deadline=begun.window_end(tx.now()))
    if not await escrows.add(tx, opened, event.terms):
        return
    _, ready = await payments.account(tx, opened.seller_id)
    await clocks.start(tx, opened)
    await tx.set_timer("payment.open", escrow_id, tx.now())
    tx.stage(
        Opened(
            **facts(opened),
            contract_id=opened.contract_id,
            asset_id=opened.asset_id,
            price=opened.price,
            rail=opened.rail,
            terms_sha256=opened.terms_sha256,
            fund_before=opened.deadline,
            seller_can_be_paid=ready,
        ),
        sequence=opened.version,
    )
    tx.audit("escrow.open", escrow_id, price=opened.price, terms=opened.terms_sha256)


async def hold(tx: Transaction, escrow: Escrow) -> None:
    """The exact price has arrived and is booked: the seller may deliver."""
    held = await move(tx, escrow, Action.HOLD, By.PROVIDER)
    tx.stage(
        FundsHeld(
            **facts(held),
            contract_id=held.contract_id,
            asset_id=held.asset_id,
            held=held.price,
            deliver_before=held.deadline,
        ),
        sequence=held.version,
    )


async def deliver(
    tx: Transaction, caller: Principal, command: Deliver, seen: int | None = None
) -> Escrow:
    """The seller says that the goods were handed over; the buyer's inspection begins."""
    escrow, by = await party(tx, caller, command.escrow_id, seen)
    delivered = escrow.after(Action.DELIVER, by, tx.now())
    _, ready = await payments.account(tx, escrow.seller_id)
    if not ready:
        raise PayoutAccountMissing("Set up your payouts first: you could not be paid.")
    delivery_id = derive_id("dlv", escrow.escrow_id, str(escrow.tranches[0].number))
    await escrows.add_delivery(tx, delivery_id, escrow, command)
    await _save(tx, delivered, "escrow.deliver")
    tx.stage(
        Delivered(
            **facts(delivered),
            delivery_id=delivery_id,
            asset_id=delivered.asset_id,
            price=delivered.price,
            inspect_before=delivered.deadline,
        ),
        sequence=delivered.version,
    )
    return delivered


async def confirm(
    tx: Transaction, caller: Principal, command: Confirm, seen: int | None = None
) -> Escrow:
    """The buyer says that the goods are right: the money goes to the seller."""
    escrow, by = await party(tx, caller, command.escrow_id, seen)
    return await release(tx, escrow, by)


async def release(tx: Transaction, escrow: Escrow, by: By) -> Escrow:
    """Decide the release, book it, and let the payout begin."""
    releasing = await move(tx, escrow, Action.RELEASE, by)
    await escrows.confirm_delivery(tx, escrow.escrow_id, None)
    await settling.decide(tx, releasing, Kind.RELEASE, by)
    return releasing


async def request_refund(
    tx: Transaction, caller: Principal, command: RequestRefund, seen: int | None = None
) -> Escrow:
    """The seller gives the buyer the money back."""
    escrow, by = await party(tx, caller, command.escrow_id, seen)
    return await refund(tx, escrow, by, command.reason or "seller")


async def refund(tx: Transaction, escrow: Escrow, by: By, reason_code: str) -> Escrow:
    """Decide the refund, book it, and let it begin."""
    refunding = await move(tx, escrow, Action.REFUND, by, reason_code)
    code = reason_code if by is not By.SELLER else "seller"
    await settling.decide(tx, refunding, Kind.REFUND, by, code)
    return refunding


async def cancel(
    tx: Transaction, caller: Principal, command: Cancel, seen: int | None = None
) -> Escrow:
    """A party ends an escrow that holds nothing."""
    escrow, by = await party(tx, caller, command.escrow_id, seen)
    if escrow.state is State.AWAIT_FUNDS and (await book.held(tx, escrow)).minor:
        raise MoneyHeld("Part of the price has arrived; it goes back when the window ends.")
    return await _cancel(tx, escrow, by, f"cancelled_by_{by}")


async def _cancel(tx: Transaction, escrow: Escrow, by: By, reason_code: str) -> Escrow:
    cancelled = await move(tx, escrow, Action.CANCEL, by, reason_code)
    await tx.set_timer("payment.close", escrow.escrow_id, tx.now())
    await settling.return_partial(tx, cancelled)
    tx.stage(Cancelled(**facts(cancelled), reason_code=reason_code), sequence=cancelled.version)
    return cancelled


async def window_ended(tx: Transaction, escrow_id: str) -> None:
    """Nobody acted: what the terms say happens then. A frozen escrow waits for a person."""
    escrow = await escrows.lock(tx, escrow_id)
    if escrow is None or escrow.frozen or escrow.deadline is None:
        return
    if tx.now() < escrow.deadline:
        await clocks.start(tx, escrow)
        return
    match escrow.state:
        case State.AWAIT_FUNDS:
            await _cancel(tx, escrow, By.TIMER, "funding_window_over")
        case State.FUNDS_HELD:
            await refund(tx, escrow, By.TIMER, "delivery_window_over")
        case State.DELIVERED:
            await release(tx, escrow, By.TIMER)
        case _:
            pass


async def remind(tx: Transaction, escrow_id: str, payload: dict[str, Any]) -> None:
    """Half, or nine tenths, of the window that still runs has passed."""
    escrow = await escrows.lock(tx, escrow_id)
    if escrow is None or escrow.state not in RUNNING or escrow.deadline is None:
        return
    window, _ = RUNNING[escrow.state]
    if window == payload["window"] and not escrow.frozen:
        tx.stage(
            DeadlineNear(
                **facts(escrow),
                window=window,
                percent=payload["percent"],
                deadline=escrow.deadline,
            ),
            sequence=escrow.version,
        )


async def prove_delivery(tx: Transaction, event: OwnershipTransferred) -> None:
    """The asset left the seller and the buyer has it: the inspection is shorter."""
    escrow = await escrows.lock(tx, event.escrow_id)
    if escrow is None or escrow.state in {State.AWAIT_FUNDS, State.FUNDS_HELD}:
        raise TooEarly(f"{event.escrow_id} is not delivered here yet")
    if escrow.state is not State.DELIVERED:
        return
    delivery_id = await escrows.confirm_delivery(tx, escrow.escrow_id, event.proof_id)
    if delivery_id is None:
        return
    proven = escrow.proven(tx.now())
    await _save(tx, proven, "escrow.delivery_proven")
    tx.stage(
        DeliveryProven(
            **facts(proven),
            delivery_id=delivery_id,
            proof_id=event.proof_id,
            inspect_before=proven.deadline,
        ),
        sequence=proven.version,
    )


async def freeze(tx: Transaction, event: OwnershipLost) -> None:
    """The asset is with a stranger: nothing moves by itself until somebody looked."""
    escrow = await escrows.lock(tx, event.escrow_id)
    if escrow is None:
        raise TooEarly(f"{event.escrow_id} is not known here yet")
    if escrow.frozen or escrow.state not in {State.FUNDS_HELD, State.DELIVERED}:
        return
    frozen = replace(escrow, frozen=True, version=escrow.version + 1)
    await escrows.save(tx, frozen)
    await clocks.stop(tx, frozen.escrow_id)
    tx.audit("escrow.freeze", escrow.escrow_id, reason="ownership_lost")
    tx.stage(Frozen(**facts(frozen), reason_code="ownership_lost"), sequence=frozen.version)


async def move(tx: Transaction, escrow: Escrow, action: Action, by: By, reason: str = "") -> Escrow:
    """Take a step of the table: save it, restart the clocks, and audit who took it."""
    moved = escrow.after(action, by, tx.now())
    await _save(tx, moved, f"escrow.{action.name.lower()}", reason)
    return moved


async def party(
    tx: Transaction, caller: Principal, escrow_id: str, seen: int | None
) -> tuple[Escrow, By]:
    """The escrow, locked, and which party is calling; not found for anybody else."""
    caller.require()
    escrow = await escrows.lock(tx, escrow_id)
    by = escrow.side_of(caller.user_id) if escrow else None
    if escrow is None or by is None:
        raise not_found(f"The escrow {escrow_id}")
    require_version(seen, escrow.version)
    return escrow, by


async def _save(tx: Transaction, escrow: Escrow, audited_as: str, reason: str = "") -> None:
    await escrows.save(tx, escrow)
    await clocks.stop(tx, escrow.escrow_id)
    if escrow.state not in TERMINAL:
        await clocks.start(tx, escrow)
    tx.audit(audited_as, escrow.escrow_id, reason=reason, state=escrow.state)


def facts(escrow: Escrow) -> dict[str, Any]:
    """What every event of an escrow says."""
    return {
        "escrow_id": escrow.escrow_id,
        "deal_id": escrow.deal_id,
        "listing_id": escrow.listing_id,
        "buyer_id": escrow.buyer_id,
        "seller_id": escrow.seller_id,
        "title": escrow.title,
    }
