"""The buyer's money comes: what the provider shows is what counts, and it counts once."""

from __future__ import annotations

from datetime import timedelta

from chassis.cause import Cause
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.escrow import Cancelled, FundsHeld, PaymentFailed
from contracts_schema.money import Money

from escrow.domain.errors import NotDue
from escrow.domain.escrow import Escrow
from escrow.domain.freeze import WRONG_CURRENCY
from escrow.domain.payment import UNDER_WAY, Payment, PaymentState
from escrow.domain.payout import PayoutKind
from escrow.domain.states import By, State
from escrow.handlers import freeze, payout_order
from escrow.ports import PaymentRail, PaymentSeen, PaymentStatus, Rails
from escrow.store import escrow as escrows
from escrow.store import payment as payments

REQUEST, LOOK, CLOSE = "payment.request", "payment.look", "payment.close"
LOOK_EVERY = timedelta(minutes=5)


async def look(database: Database, timer: Timer, *, rails: Rails) -> None:
    """Ask the provider about every payment that may have news; again until none may."""
    escrow_id = timer.subject_id
    if (escrow := await escrows.find(database, escrow_id)) is None:
        return
    for payment in await payments.of_escrow(database, escrow_id):
        if payment.is_watched:
            await look_at(database, rails[escrow.rail], payment, timer.cause)
    left = await payments.of_escrow(database, escrow_id)
    if any(payment.is_watched for payment in left):
        await database.run(lambda tx: look_again(tx, escrow_id), timer.cause)


async def look_again(tx: Transaction, escrow_id: str) -> None:
    """Ask the provider again in a while, whether or not a webhook tells of news."""
    await tx.set_timer(LOOK, escrow_id, tx.now() + LOOK_EVERY)


async def look_at(database: Database, rail: PaymentRail, payment: Payment, cause: Cause) -> None:
    """Ask the provider about one payment, and let what it shows take effect."""
    if payment.reference is not None:
        seen = await rail.look_up_payment(payment.reference)
        await take_effect(database, payment, seen, cause)


async def close(database: Database, timer: Timer, *, rails: Rails) -> None:
    """Let nobody pay any more; what was paid in the last second takes effect."""
    escrow = await escrows.find(database, timer.subject_id)
    for payment in await payments.of_escrow(database, timer.subject_id):
        if escrow is not None and payment.state in UNDER_WAY and payment.reference is not None:
            seen = await rails[escrow.rail].close_payment(payment.reference)
            await take_effect(database, payment, seen, timer.cause)


async def expire(database: Database, timer: Timer, *, rails: Rails) -> None:
    """The funding window is over: close the payment first, and cancel only what was not paid."""
    escrow_id = timer.subject_id
    await close(database, timer, rails=rails)

    async def cancel_unpaid(tx: Transaction) -> None:
        escrow = await escrows.lock(tx, escrow_id)
        if escrow.state is State.AWAIT_FUNDS:
            await cancel(tx, escrow, By.TIMER, "not_funded_in_time")

    try:
        await database.run(cancel_unpaid, timer.cause, lock=escrows.row(escrow_id))
    except NotDue:
        return


async def cancel(tx: Transaction, escrow: Escrow, by: By, reason: str) -> None:
    """End what holds nothing; a part that was paid goes back, and no page stays open."""
    part = escrow.cancel(by, reason, tx.now())
    await escrows.save(tx, escrow)
    tx.stage(Cancelled(**escrow.facts, reason_code=reason), sequence=escrow.version)
    tx.audit("escrow.cancel", escrow.escrow_id, reason=reason, by=by)
    if part.minor:
        await payout_order.give_back(tx, escrow, PayoutKind.RETURN, part)
    await tx.set_timer(CLOSE, escrow.escrow_id, tx.now())


async def take_effect(
    database: Database, payment: Payment, seen: PaymentSeen, cause: Cause
) -> None:
    """Let what the provider shows of a payment take effect; seen twice, it has one."""

    async def apply(tx: Transaction) -> None:
        escrow = await escrows.lock(tx, payment.escrow_id)
        known = await payments.find(tx, payment.payment_id)
        if known is not None:
            await _apply(tx, escrow, known, seen)

    await database.run(apply, cause, lock=escrows.row(payment.escrow_id))


async def _apply(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    if payment.state is PaymentState.MISMATCH:
        return
    if seen.status is PaymentStatus.PAID and payment.state is PaymentState.PAID:
        if _learn_fee(tx, escrow, payment, seen):
            await payments.save(tx, payment)
            await escrows.book(tx, escrow)
    elif seen.status is PaymentStatus.PAID:
        await _receive(tx, escrow, payment, seen)
    elif payment.state in UNDER_WAY:
        _note(tx, escrow, payment, seen)
        await payments.save(tx, payment)


def _note(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    if seen.status is PaymentStatus.CLOSED:
        payment.state = PaymentState.CLOSED
    if seen.failure_id and seen.failure_id != payment.last_failure:
        payment.last_failure = seen.failure_id
        failed = PaymentFailed(**escrow.facts, reason_code=seen.failure_code or "declined")
        tx.stage(failed, sequence=escrow.version)


async def _receive(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    payment.provider_id, payment.charge_id = seen.provider_id, seen.charge_id
    if seen.currency != escrow.currency:
        payment.state = PaymentState.MISMATCH
        await payments.save(tx, payment)
        await freeze.freeze(tx, escrow, WRONG_CURRENCY)
        return
    payment.state = PaymentState.PAID
    payment.received = Money(seen.received_minor, escrow.currency)
    _learn_fee(tx, escrow, payment, seen)
    await payments.save(tx, payment)
    if payment.is_watched:
        await look_again(tx, escrow.escrow_id)
    await _credit(tx, escrow, payment.payment_id, payment.received)
    tx.audit(
        "payment.receive",
        escrow.escrow_id,
        received=payment.received,
        payment_id=payment.payment_id,
        provider_id=payment.provider_id,
    )


async def _credit(tx: Transaction, escrow: Escrow, payment_id: str, received: Money) -> None:
    """Hold it, keep it until the rest comes, or owe it back: whatever the deal's state says."""
    match escrow.state:
        case State.AWAIT_FUNDS if received < escrow.remainder:
            escrow.book(escrow.books.kept_as_surplus(payment_id, received))
            await escrows.save(tx, escrow)
            await tx.set_timer(REQUEST, escrow.escrow_id, tx.now())
        case State.AWAIT_FUNDS:
            await hold(tx, escrow, payment_id, received)
        case State.CANCELLED:
            escrow.book(escrow.books.paid_late(payment_id, received))
            await escrows.save(tx, escrow)
            await payout_order.give_back(tx, escrow, PayoutKind.RETURN, received)
        case _:
            escrow.book(escrow.books.kept_as_surplus(payment_id, received))
            await escrows.save(tx, escrow)


async def hold(tx: Transaction, escrow: Escrow, reference: str, received: Money) -> None:
    """Hold what came now and before, which covers what was agreed; the seller delivers."""
    escrow.hold(received, reference, tx.now())
    await escrows.save(tx, escrow)
    tx.stage(
        FundsHeld(
            **escrow.facts,
            contract_id=escrow.terms.contract_id,
            kind=escrow.terms.goods,
            asset_id=escrow.terms.asset_id,
            held=escrow.held,
            deliver_before=escrow.deadline,
        ),
        sequence=escrow.version,
    )
    tx.audit("escrow.hold", escrow.escrow_id, held=escrow.held)


def _learn_fee(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> bool:
    """Book the provider's own fee once it is known; a foreign one is only noted. False: no news."""
    before = payment.foreign_fee, payment.provider_fee
    if seen.foreign_fee and not payment.foreign_fee:
        payment.foreign_fee = seen.foreign_fee
        noted = {"fee": seen.foreign_fee, "payment_id": payment.payment_id}
        tx.audit("payment.foreign_fee", escrow.escrow_id, **noted)
    if payment.provider_fee is None and seen.provider_fee is not None:
        payment.provider_fee = seen.provider_fee
        if seen.provider_fee.minor:
            escrow.book(escrow.books.provider_fee(payment.payment_id, seen.provider_fee))
    return before != (payment.foreign_fee, payment.provider_fee)
