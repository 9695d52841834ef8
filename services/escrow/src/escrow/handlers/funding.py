"""The buyer's money comes: what the provider shows is what counts, and it counts once."""

from __future__ import annotations

from datetime import timedelta

from chassis.cause import Cause
from chassis.storage.database import Database, Transaction
from contracts_schema.events.escrow import Cancelled, FundsHeld, PaymentFailed
from contracts_schema.money import Money

from escrow.domain.errors import NotDue
from escrow.domain.escrow import WRONG_CURRENCY, Escrow
from escrow.domain.payment import UNDER_WAY, Payment, PaymentState
from escrow.domain.states import By, State
from escrow.handlers import freezing, ordering
from escrow.handlers.telling import (
    DELIVERY,
    begin_window,
    end_windows,
    locked,
    parties,
    post,
    thread,
)
from escrow.ports import PaymentSeen, PaymentStatus, Rails
from escrow.store import escrows, payments

REQUEST, LOOK, CLOSE = "payment.request", "payment.look", "payment.close"
LOOK_EVERY = timedelta(minutes=5)


async def look(database: Database, rails: Rails, escrow_id: str, cause: Cause) -> None:
    """Ask the provider about every payment that may have news; again until none may."""
    for payment in await payments.of_escrow(database, escrow_id):
        if payment.is_watched and payment.reference is not None:
            await look_at(database, rails, payment, cause)
    left = await payments.of_escrow(database, escrow_id)
    if any(payment.is_watched for payment in left):
        await database.run(lambda tx: _look_again(tx, escrow_id), cause)


async def _look_again(tx: Transaction, escrow_id: str) -> None:
    await tx.set_timer(LOOK, escrow_id, tx.now() + LOOK_EVERY, thread(tx))


async def look_at(database: Database, rails: Rails, payment: Payment, cause: Cause) -> None:
    """Ask the provider about one payment, and let what it shows take effect."""
    if payment.reference is None:
        return
    escrow = await escrows.find(database, payment.escrow_id)
    if escrow is not None:
        seen = await rails[escrow.rail].look_up_payment(payment.reference)
        await database.run(lambda tx: apply(tx, payment.payment_id, seen), cause)


async def close(database: Database, rails: Rails, escrow_id: str, cause: Cause) -> None:
    """Let nobody pay any more; what was paid in the last second takes effect."""
    escrow = await escrows.find(database, escrow_id)
    for payment in await payments.of_escrow(database, escrow_id):
        if escrow is not None and payment.state in UNDER_WAY and payment.reference is not None:
            seen = await rails[escrow.rail].close_payment(payment.reference)
            payment_id = payment.payment_id
            await database.run(lambda tx: apply(tx, payment_id, seen), cause)  # noqa: B023


async def expire(database: Database, rails: Rails, escrow_id: str, cause: Cause) -> None:
    """The funding window is over: close the payment first, and cancel only what was not paid."""
    await close(database, rails, escrow_id, cause)

    async def cancel_unpaid(tx: Transaction) -> None:
        escrow = await locked(tx, escrow_id)
        if escrow.state is State.AWAIT_FUNDS:
            await cancel(tx, escrow, By.TIMER, "not_funded_in_time")

    try:
        await database.run(cancel_unpaid, cause)
    except NotDue:
        return


async def cancel(tx: Transaction, escrow: Escrow, by: By, reason: str) -> None:
    """End what holds nothing; a part that was paid goes back, and no page stays open."""
    escrow.cancel(by, tx.now())
    escrow.end_reason = reason
    parts = escrow.surplus
    if parts.minor:
        await post(tx, escrow, escrow.books.surplus_returned(escrow.escrow_id, parts))
    await escrows.save(tx, escrow)
    tx.stage(Cancelled(**parties(escrow), reason_code=reason), sequence=escrow.version)
    tx.audit("escrow.cancel", escrow.escrow_id, reason=reason, by=by)
    if parts.minor:
        await ordering.give_back(tx, escrow, parts)
    await end_windows(tx, escrow)
    await tx.set_timer(CLOSE, escrow.escrow_id, tx.now(), thread(tx))


async def apply(tx: Transaction, payment_id: str, seen: PaymentSeen) -> None:
    """Let what the provider shows of a payment take effect; seen twice, it has one."""
    asked = await payments.find(tx, payment_id)
    if asked is None:
        return
    escrow = await locked(tx, asked.escrow_id)
    payment = await payments.find(tx, payment_id)
    if payment is None or payment.state is PaymentState.MISMATCH:
        return
    if seen.status is PaymentStatus.PAID and payment.state is PaymentState.PAID:
        await _book_fee(tx, escrow, payment, seen)
    elif seen.status is PaymentStatus.PAID:
        await _receive(tx, escrow, payment, seen)
    elif payment.state in UNDER_WAY:
        await _note(tx, escrow, payment, seen)


async def _note(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    if seen.status is PaymentStatus.CLOSED:
        payment.state = PaymentState.CLOSED
    if seen.failure_id and seen.failure_id != payment.last_failure:
        payment.last_failure = seen.failure_id
        failed = PaymentFailed(**parties(escrow), reason_code=seen.failure_code or "declined")
        tx.stage(failed, sequence=escrow.version)
    await payments.save(tx, payment)


async def _receive(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    payment.provider_id, payment.charge_id = seen.provider_id, seen.charge_id
    if seen.currency != escrow.currency:
        payment.state = PaymentState.MISMATCH
        await payments.save(tx, payment)
        await freezing.freeze(tx, escrow, WRONG_CURRENCY)
        return
    payment.state = PaymentState.PAID
    payment.received = Money(seen.received_minor, escrow.currency)
    await payments.save(tx, payment)
    await _credit(tx, escrow, payment, payment.received)
    tx.audit(
        "payment.receive",
        escrow.escrow_id,
        received=payment.received,
        payment_id=payment.payment_id,
        provider_id=payment.provider_id,
    )
    await _book_fee(tx, escrow, payment, seen)


async def _credit(tx: Transaction, escrow: Escrow, payment: Payment, received: Money) -> None:
    match escrow.state:
        case State.AWAIT_FUNDS if received < escrow.remainder:
            entry = escrow.books.kept_as_surplus(payment.payment_id, received)
            await post(tx, escrow, entry)
            await escrows.save(tx, escrow)
            await tx.set_timer(REQUEST, escrow.escrow_id, tx.now(), thread(tx))
        case State.AWAIT_FUNDS:
            await hold(tx, escrow, payment.payment_id, received)
        case State.CANCELLED:
            await post(tx, escrow, escrow.books.paid_late(payment.payment_id, received))
            await escrows.save(tx, escrow)
            await ordering.give_back(tx, escrow, received)
        case _:
            entry = escrow.books.kept_as_surplus(payment.payment_id, received)
            await post(tx, escrow, entry)
            await escrows.save(tx, escrow)


async def hold(tx: Transaction, escrow: Escrow, reference: str, received: Money) -> None:
    """Hold what came now and before, which covers what was agreed; the seller delivers."""
    early = escrow.surplus
    escrow.hold(received, tx.now())
    entry = escrow.books.funds_held(reference, received, escrow.agreed, early)
    await post(tx, escrow, entry)
    await escrows.save(tx, escrow)
    tx.stage(
        FundsHeld(
            **parties(escrow),
            contract_id=escrow.terms.contract_id,
            asset_id=escrow.terms.asset_id,
            held=escrow.held,
            deliver_before=escrow.deadline,
        ),
        sequence=escrow.version,
    )
    tx.audit("escrow.hold", escrow.escrow_id, held=escrow.held)
    await begin_window(tx, escrow, DELIVERY)


async def _book_fee(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    """The provider's own fee, as soon as the provider tells it; a foreign one is only noted."""
    if seen.foreign_fee and not payment.foreign_fee:
        payment.foreign_fee = seen.foreign_fee
        await payments.save(tx, payment)
        noted = {"fee": seen.foreign_fee, "payment_id": payment.payment_id}
        tx.audit("payment.foreign_fee", escrow.escrow_id, **noted)
    if payment.provider_fee is not None or seen.provider_fee is None:
        return
    payment.provider_fee = seen.provider_fee
    await payments.save(tx, payment)
    if seen.provider_fee.minor:
        entry = escrow.books.provider_fee(payment.payment_id, seen.provider_fee)
        await post(tx, escrow, entry)
