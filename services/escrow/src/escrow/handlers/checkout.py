"""Where the buyer pays: a page of the provider's, made once, and made again when it expires."""

from __future__ import annotations

from datetime import timedelta

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.escrow import PaymentRequested
from contracts_schema.ids import derive_id

from escrow.domain.errors import NotAParty, NothingToPay, WrongParty
from escrow.domain.escrow import Escrow
from escrow.domain.payment import UNDER_WAY, Payment, PaymentState
from escrow.domain.payout import KEY_TRUSTED
from escrow.domain.states import By, State
from escrow.handlers import payment as payment_handlers
from escrow.ports import PaymentAsk, PaymentRail, PaymentStatus, RailRefused, Rails
from escrow.store import escrow as escrows
from escrow.store import payment as payments

SHORTEST_PAGE, LONGEST_PAGE = timedelta(hours=1), timedelta(hours=23)
TRIES = 3


async def payment_url(
    database: Database, rails: Rails, caller: Principal, escrow_id: str, cause: Cause
) -> str:
    """The page where this buyer pays, for their eyes only."""
    caller.require()
    escrow = await escrows.find(database, escrow_id)
    if escrow is None:
        raise NotAParty(escrow_id)
    if (side := escrow.side_of(caller.user_id)) is not By.BUYER:
        raise WrongParty("pay", side, By.BUYER)
    return await page(database, rails, escrow_id, cause)


async def request(database: Database, timer: Timer, *, rails: Rails) -> None:
    """Have a page ready for the buyer, if there is anything to pay."""
    try:
        await page(database, rails, timer.subject_id, timer.cause)
    except NothingToPay:
        return


async def page(database: Database, rails: Rails, escrow_id: str, cause: Cause) -> str:
    """A page that can be paid at now. Killed anywhere, it can run again: the key is kept."""
    row = escrows.row(escrow_id)
    for _ in range(TRIES):
        escrow, payment = await database.run(lambda tx: _intend(tx, escrow_id), cause, lock=row)
        rail = rails[escrow.rail]
        if payment.reference is None:
            return await _open(database, rail, escrow, payment, cause)
        seen = await rail.look_up_payment(payment.reference)
        if seen.status is PaymentStatus.OPEN and seen.url:
            return seen.url
        await payment_handlers.take_effect(database, payment, seen, cause)
    raise NothingToPay("payment_being_confirmed")


async def _intend(tx: Transaction, escrow_id: str) -> tuple[Escrow, Payment]:
    escrow = await escrows.lock(tx, escrow_id)
    if escrow.state is not State.AWAIT_FUNDS:
        raise NothingToPay(state=escrow.state)
    known = await payments.of_escrow(tx, escrow_id)
    for payment in known:
        if payment.state in UNDER_WAY and not await _given_up(tx, payment):
            return escrow, payment
    attempt = len(known) + 1
    soonest, latest = tx.now() + SHORTEST_PAGE, tx.now() + LONGEST_PAGE
    payment = Payment(
        payment_id=derive_id("pay", escrow_id, str(attempt)),
        escrow_id=escrow_id,
        attempt=attempt,
        asked=escrow.remainder,
        created_at=tx.now(),
        expires_at=min(max(escrow.deadline or soonest, soonest), latest),
    )
    await payments.add(tx, payment)
    return escrow, payment


async def _given_up(tx: Transaction, payment: Payment) -> bool:
    """A page whose making was never confirmed and whose key is too old: nobody ever saw it."""
    if payment.reference is not None or tx.now() - payment.created_at < KEY_TRUSTED:
        return False
    payment.state = PaymentState.CLOSED
    await payments.save(tx, payment)
    return True


async def _open(
    database: Database, rail: PaymentRail, escrow: Escrow, payment: Payment, cause: Cause
) -> str:
    ask = PaymentAsk(
        escrow_id=escrow.escrow_id,
        payment_id=payment.payment_id,
        title=escrow.terms.title,
        amount=payment.asked,
        expires_at=payment.expires_at,
        key=payment.key,
    )
    row = escrows.row(escrow.escrow_id)
    try:
        opened = await rail.open(ask)
    except RailRefused:
        await database.run(lambda tx: _refused(tx, payment), cause, lock=row)
        raise
    failpoint("escrow.after_page_before_store")
    await database.run(lambda tx: _opened(tx, payment, opened.reference), cause, lock=row)
    if opened.url is None:
        raise NothingToPay("payment_being_confirmed")
    return opened.url


async def _refused(tx: Transaction, asked: Payment) -> None:
    """Give it up, unless another worker has the page by now."""
    await escrows.lock(tx, asked.escrow_id)
    payment = await payments.find(tx, asked.payment_id)
    if payment is not None and payment.state is PaymentState.PREPARING:
        payment.state = PaymentState.CLOSED
        await payments.save(tx, payment)


async def _opened(tx: Transaction, asked: Payment, reference: str) -> None:
    escrow = await escrows.lock(tx, asked.escrow_id)
    payment = await payments.find(tx, asked.payment_id)
    if payment is None or payment.reference is not None:
        return
    payment.reference, payment.state = reference, PaymentState.OPEN
    await payments.save(tx, payment)
    if escrow.state is not State.AWAIT_FUNDS:
        await tx.set_timer(payment_handlers.CLOSE, escrow.escrow_id, tx.now())
        return
    await payment_handlers.look_again(tx, escrow.escrow_id)
    if payment.attempt == 1 or escrow.surplus.minor:
        tx.stage(
            PaymentRequested(
                **escrow.facts,
                amount=payment.asked,
                rail=escrow.rail,
                fund_before=escrow.deadline,
            ),
            sequence=escrow.version,
        )
