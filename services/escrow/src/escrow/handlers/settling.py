"""Deciding where the money goes, and booking it; the payouts follow as jobs."""

from __future__ import annotations

from typing import Any

from chassis.database import Transaction
from contracts_schema.events.escrow import RefundStarted, ReleaseStarted
from contracts_schema.ids import derive_id
from contracts_schema.money import Money

from escrow.domain import outcome
from escrow.domain.escrow import By, Escrow
from escrow.domain.ledger import buyer_payable, escrow_account, move
from escrow.domain.outcome import Kind, Outcome
from escrow.handlers import paying
from escrow.ledger import book
from escrow.ports import PaymentState
from escrow.store import payments
from escrow.store.payments import Payment, Payout, PayoutState


async def decide(
    tx: Transaction, escrow: Escrow, kind: Kind, by: By, reason_code: str = ""
) -> Outcome:
    """Book the decision and write the payouts that it needs, in the transaction of the state."""
    held = await book.held(tx, escrow)
    decided = (
        outcome.release(escrow, held) if kind is Kind.RELEASE else outcome.refund(escrow, held)
    )
    await book.book(tx, escrow.escrow_id, decided.entry(escrow))
    paid = [
        payment
        for payment in await payments.payments_of(tx, escrow.escrow_id)
        if payment.state is PaymentState.SUCCEEDED
    ]
    first = ""
    for payment, amount in _shares(paid, decided):
        payout = _payout(escrow, kind, payment, amount, reason_code)
        await payments.add_payout(tx, payout)
        await tx.set_timer(paying.SEND, payout.payout_id, tx.now())
        first = first or payout.payout_id
    _tell(tx, escrow, decided, (first, by, reason_code))
    return decided


async def return_partial(tx: Transaction, escrow: Escrow) -> None:
    """A cancelled escrow into which a part had been paid: that part goes back by itself."""
    held = await book.held(tx, escrow)
    if not held.minor:
        return
    account, owed = escrow_account(escrow.escrow_id), buyer_payable(escrow.buyer_id)
    await book.book(tx, escrow.escrow_id, move("refund decided", account, owed, held))
    for payment in await payments.payments_of(tx, escrow.escrow_id):
        if payment.state is PaymentState.SUCCEEDED and payment.received is not None:
            await return_late(tx, escrow, payment, payment.received)


async def return_late(tx: Transaction, escrow: Escrow, payment: Payment, amount: Money) -> None:
    """Money that came when nobody waited for it goes back by itself."""
    payout = Payout(
        payout_id=derive_id("pay", payment.payment_id, "late_refund"),
        escrow_id=escrow.escrow_id,
        kind="late_refund",
        payment_id=payment.payment_id,
        user_id=escrow.buyer_id,
        amount=amount,
        state=PayoutState.PENDING,
        attempts=0,
        reason_code="late_payment",
    )
    await payments.add_payout(tx, payout)
    await tx.set_timer(paying.SEND, payout.payout_id, tx.now())
    tx.audit("escrow.return_late_payment", escrow.escrow_id, payment=payment.payment_id)


def _shares(paid: list[Payment], decided: Outcome) -> list[tuple[Payment, Money]]:
    """Which payment pays for which part of the outcome, first come, first used."""
    due = decided.seller if decided.kind is Kind.RELEASE else decided.buyer
    shares = []
    for payment in paid:
        if payment.received is None or not due.minor:
            continue
        part = min(payment.received, due, key=lambda money: money.minor)
        shares.append((payment, part))
        due = due - part
    return shares


def _payout(
    escrow: Escrow, kind: Kind, payment: Payment, amount: Money, reason_code: str
) -> Payout:
    user_id = escrow.seller_id if kind is Kind.RELEASE else escrow.buyer_id
    return Payout(
        payout_id=derive_id("pay", payment.payment_id, kind),
        escrow_id=escrow.escrow_id,
        kind=kind,
        payment_id=payment.payment_id,
        user_id=user_id,
        amount=amount,
        state=PayoutState.PENDING,
        attempts=0,
        reason_code=reason_code,
    )


def _tell(tx: Transaction, escrow: Escrow, decided: Outcome, why: tuple[str, By, str]) -> None:
    payout_id, by, reason_code = why
    shared: dict[str, Any] = {
        "escrow_id": escrow.escrow_id,
        "deal_id": escrow.deal_id,
        "listing_id": escrow.listing_id,
        "buyer_id": escrow.buyer_id,
        "seller_id": escrow.seller_id,
        "title": escrow.title,
        "payout_id": payout_id,
    }
    if decided.kind is Kind.RELEASE:
        event = ReleaseStarted(**shared, net=decided.seller, fee=decided.fee, decided_by=by)
        tx.stage(event, sequence=escrow.version)
    else:
        started = RefundStarted(**shared, amount=decided.buyer, reason_code=reason_code)
        tx.stage(started, sequence=escrow.version)
