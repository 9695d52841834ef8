"""The payer's bank takes money back, or gives it back again: each is booked once."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.money import Money

from escrow.domain.chargeback import Chargeback, borne, given_back
from escrow.domain.escrow import Escrow
from escrow.domain.freeze import CHARGEBACK
from escrow.domain.payment import Payment
from escrow.domain.states import State
from escrow.handlers import freeze, payment
from escrow.ports import ChargebackSeen
from escrow.store import chargeback as chargebacks
from escrow.store import escrow as escrows


async def apply(tx: Transaction, paid: Payment, seen: ChargebackSeen) -> str:
    """Let what the provider shows of a chargeback take effect; the state does not change by it."""
    escrow = await escrows.lock(tx, paid.escrow_id)
    known = await chargebacks.find(tx, seen.provider_id)
    if known is None and seen.taken:
        await _take(tx, escrow, paid, seen)
        return "booked"
    if known is None:
        return "known"
    corrected = await _correct_fee(tx, escrow, known, seen)
    if known.taken and not seen.taken:
        await _give_back(tx, escrow, known)
        return "given back"
    return "fee corrected" if corrected else "known"


async def _take(tx: Transaction, escrow: Escrow, paid: Payment, seen: ChargebackSeen) -> None:
    parts = borne(escrow, seen.amount)
    escrow.book(escrow.books.chargeback(seen.provider_id, parts))
    if seen.fee.minor:
        escrow.book(escrow.books.provider_fee(seen.provider_id, seen.fee))
    await escrows.save(tx, escrow)
    ids = (seen.provider_id, escrow.escrow_id, paid.payment_id)
    await chargebacks.add(tx, Chargeback(*ids, parts, seen.fee, seen.reason, taken=True))
    details = {"amount": seen.amount, "foreign_fee": seen.foreign_fee}
    tx.audit("chargeback.open", escrow.escrow_id, reason=seen.reason, **details)
    await freeze.freeze(tx, escrow, CHARGEBACK)


async def _correct_fee(
    tx: Transaction, escrow: Escrow, known: Chargeback, seen: ChargebackSeen
) -> bool:
    """The provider's fee comes with the first event or later, and may be given back."""
    if seen.fee == known.fee:
        return False
    reference, books = f"{known.provider_id}:{escrow.version}", escrow.books
    if known.fee < seen.fee:
        escrow.book(books.provider_fee(reference, seen.fee - known.fee))
    else:
        escrow.book(books.provider_fee_returned(reference, known.fee - seen.fee))
    await escrows.save(tx, escrow)
    await chargebacks.set_fee(tx, known.provider_id, seen.fee)
    tx.audit("chargeback.fee", escrow.escrow_id, before=known.fee, fee=seen.fee)
    return True


async def _give_back(tx: Transaction, escrow: Escrow, known: Chargeback) -> None:
    parts = given_back(escrow, known.parts)
    escrow.book(escrow.books.chargeback_won(known.provider_id, parts))
    await escrows.save(tx, escrow)
    await chargebacks.give_back(tx, known.provider_id)
    tx.audit("chargeback.win", escrow.escrow_id, amount=known.parts.total)
    if escrow.state is State.AWAIT_FUNDS and escrow.agreed <= escrow.surplus:
        await payment.hold(tx, escrow, known.provider_id, Money(0, escrow.currency))
        await tx.set_timer(payment.CLOSE, escrow.escrow_id, tx.now())
    if not await chargebacks.is_taken(tx, escrow.escrow_id):
        await freeze.thaw(tx, escrow, (CHARGEBACK,), "chargeback_won")
