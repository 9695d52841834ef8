"""Money in and money out, as jobs: commit the intention, call the provider, commit the outcome.

No provider is called inside a transaction. After any doubt the provider is asked what happened
before anything is tried again, so a crash at any line loses nothing and pays nothing twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chassis.database import Cause, Database, Transaction
from chassis.failpoints import failpoint
from contracts_schema.events.escrow import (
    PaymentFailed,
    PaymentRequested,
    PayoutFailed,
    Refunded,
    Released,
)
from contracts_schema.ids import derive_id
from contracts_schema.money import Money

from escrow.domain.errors import RailRefused, RailUnavailable
from escrow.domain.escrow import Action, By, Escrow, State
from escrow.domain.ledger import (
    PROVIDER_FEES,
    buyer_payable,
    escrow_account,
    move,
    rail_account,
    seller_payable,
    surplus,
)
from escrow.handlers import deal, settling
from escrow.ledger import book
from escrow.ports import (
    PaymentOrder,
    PaymentRail,
    PaymentSeen,
    PaymentState,
    PayoutOrder,
    PayoutSeen,
)
from escrow.store import escrows, halts, payments
from escrow.store.payments import Payment, Payout, PayoutState

SEND, POLL = "payout.send", "payment.poll"
POLL_EVERY = timedelta(minutes=10)
URL_MARGIN = timedelta(minutes=5)
ALERT_AFTER = 3


class Halted(Exception):
    """The ledger check is red: nothing goes out until an operator looked."""


class NotProven(Exception):
    """The provider has it, but it is not final yet."""


async def open_payment(
    database: Database, rail: PaymentRail, escrow_id: str, base_url: str
) -> str | None:
    """The address where the buyer pays the remainder; None when nothing is due any more.

    A page that is about to expire is closed and replaced under the next attempt's key.
    """
    escrow = await escrows.find(database, escrow_id)
    if escrow is None or escrow.state is not State.AWAIT_FUNDS:
        return None
    known = await payments.payments_of(database, escrow_id)
    last = known[-1] if known else None
    if last is not None and last.reference is not None:
        await settle(database, rail, last)
        fresh = await payments.payment(database, last.payment_id)
        if fresh is not None and _usable(database, fresh):
            return fresh.url
        await rail.close(last.reference)
    escrow = await escrows.find(database, escrow_id)
    if escrow is None or escrow.state is not State.AWAIT_FUNDS:
        return None
    unbound = last is not None and last.reference is None
    attempt = last.attempt if last and unbound else len(known) + 1
    return await _open(database, rail, escrow, (attempt, base_url))


def _usable(database: Database, payment: Payment) -> bool:
    soon = database.clock.now() + URL_MARGIN
    waiting = payment.state in {PaymentState.OPEN, PaymentState.FAILED}
    return waiting and payment.expires_at is not None and payment.expires_at > soon


async def _open(database: Database, rail: PaymentRail, escrow: Escrow, how: tuple[int, str]) -> str:
    attempt, base_url = how
    due = escrow.price - await book.held(database, escrow)
    payment_id = derive_id("pmt", escrow.escrow_id, str(attempt))
    cause = Cause(escrow.deal_id, actor="escrow")

    async def intend(tx: Transaction) -> None:
        await payments.add_payment(tx, payment_id, escrow.escrow_id, attempt, due)

    await database.run(intend, cause)
    failpoint("escrow.before_open")
    opened = await rail.open(
        PaymentOrder(
            escrow.escrow_id,
            escrow.title,
            due,
            f"escrow:{escrow.escrow_id}:open:{attempt}",
            f"{base_url}/v1/escrows/{escrow.escrow_id}/paid",
        )
    )
    failpoint("escrow.after_open")

    async def remember(tx: Transaction) -> None:
        await payments.bind_payment(tx, payment_id, opened)
        await tx.set_timer(POLL, payment_id, tx.now() + POLL_EVERY)
        if attempt == 1:
            tx.stage(
                PaymentRequested(
                    **deal.facts(escrow),
                    amount=due,
                    rail=escrow.rail,
                    fund_before=escrow.deadline or tx.now(),
                ),
                sequence=escrow.version,
            )

    await database.run(remember, cause)
    return opened.url


async def settle(database: Database, rail: PaymentRail, payment: Payment) -> PaymentSeen | None:
    """Ask the provider what became of a payment, and act on it; what it says now is what counts."""
    if payment.reference is None or payment.state is PaymentState.SUCCEEDED:
        return None
    seen = await rail.look_up_payment(payment.reference)

    async def apply(tx: Transaction) -> None:
        await _apply(tx, payment, seen)

    await database.run(apply, Cause(payment.escrow_id, actor="provider"))
    return seen


async def _apply(tx: Transaction, payment: Payment, seen: PaymentSeen) -> None:
    escrow = await escrows.lock(tx, payment.escrow_id)
    if escrow is None:
        return
    before = await payments.payment(tx, payment.payment_id)
    first = await payments.see_payment(tx, payment.payment_id, seen)
    if first and seen.received is not None:
        await _receive(tx, escrow, payment, seen)
    elif seen.state is PaymentState.FAILED and before and before.state is PaymentState.OPEN:
        tx.stage(PaymentFailed(**deal.facts(escrow), reason_code=seen.failure_code))


async def _receive(tx: Transaction, escrow: Escrow, payment: Payment, seen: PaymentSeen) -> None:
    """Book what came in: what is due to the escrow, the rest as surplus; late money is owed back."""
    received, rail = seen.received, rail_account(escrow.rail)
    if received is None:
        return
    if received.currency is not escrow.price.currency:
        raise RailRefused("wrong_currency", f"{received} arrived for {escrow.price}")
    waiting = escrow.state is State.AWAIT_FUNDS
    missing = escrow.price - await book.held(tx, escrow) if waiting else Money(0, received.currency)
    due = min(received, missing, key=lambda money: money.minor)
    rest = received - due
    target = surplus(escrow.buyer_id) if waiting else buyer_payable(escrow.buyer_id)
    if due.minor:
        entry = move("funds held", rail, escrow_account(escrow.escrow_id), due)
        await book.book(tx, escrow.escrow_id, entry, payment.payment_id)
    if rest.minor:
        moment = "surplus received" if waiting else "late payment received"
        await book.book(tx, escrow.escrow_id, move(moment, rail, target, rest), payment.payment_id)
    if seen.provider_fee is not None and seen.provider_fee.minor:
        entry = move("provider fee", PROVIDER_FEES, rail, seen.provider_fee)
        await book.book(tx, escrow.escrow_id, entry, payment.payment_id)
    tx.audit("payment.receive", escrow.escrow_id, payment=payment.payment_id, received=received)
    if not waiting:
        await settling.return_late(tx, escrow, payment, received)
    elif due == missing:
        await deal.hold(tx, escrow)


async def poll(database: Database, rail: PaymentRail, payment_id: str) -> None:
    """Look at a payment that no webhook announced, every ten minutes while it may still come."""
    payment = await payments.payment(database, payment_id)
    if payment is None:
        return
    seen = await settle(database, rail, payment)
    if seen is not None and seen.state in {PaymentState.OPEN, PaymentState.FAILED}:
        async with database.transaction() as tx:
            await tx.set_timer(POLL, payment_id, tx.now() + POLL_EVERY)


async def close_payments(database: Database, rail: PaymentRail, escrow_id: str) -> None:
    """After a cancellation: let nobody pay any more; what was paid meanwhile is seen as late."""
    for payment in await payments.payments_of(database, escrow_id):
        if payment.reference is not None and payment.state is not PaymentState.SUCCEEDED:
            await rail.close(payment.reference)
            await settle(database, rail, payment)


async def send(database: Database, rail: PaymentRail, payout_id: str) -> None:
    """Carry a payout to its proof. Raises to be tried again; a success is never assumed."""
    payout = await payments.payout(database, payout_id)
    if payout is None or payout.state is PayoutState.SUCCEEDED:
        return
    if (reason := await halts.halted(database)) is not None:
        raise Halted(reason)
    try:
        seen = await _send(database, rail, payout)
    except RailRefused as refused:
        await _failed(database, payout, refused)
        raise
    except RailUnavailable as unknown:
        async with database.transaction() as tx:
            await payments.fail_attempt(tx, payout_id, PayoutState.UNKNOWN, str(unknown))
        raise
    await prove(database, payout_id, seen)


async def _send(database: Database, rail: PaymentRail, payout: Payout) -> PayoutSeen:
    refund = payout.kind != "release"
    if payout.attempts:
        order = await _order(database, payout, payout.attempts)
        if (found := await rail.find_payout(order, refund=refund)) is not None:
            return found
    async with database.transaction() as tx:
        attempt = await payments.begin_attempt(tx, payout.payout_id)
    order = await _order(database, payout, attempt or payout.attempts)
    failpoint("escrow.before_payout")
    sent = await (rail.refund(order) if refund else rail.pay_out(order))
    failpoint("escrow.after_payout")
    return await rail.find_payout(order, refund=refund) or sent


async def _order(database: Database, payout: Payout, attempt: int) -> PayoutOrder:
    payment = await payments.payment(database, payout.payment_id)
    if payment is None or not payment.charge_reference or not payment.source_reference:
        raise RailRefused("payment_unbound", f"{payout.payment_id} is bound to no charge")
    destination: str | None = payment.charge_reference
    if payout.kind == "release":
        destination, _ = await payments.account(database, payout.user_id)
    if destination is None:
        raise RailRefused("payout_account_missing", f"{payout.user_id} has no payout account")
    key = f"escrow:{payout.escrow_id}:{payout.kind}:{payout.payment_id}:{attempt}"
    return PayoutOrder(
        payout.payout_id,
        payout.escrow_id,
        payout.amount,
        destination,
        payment.source_reference,
        key,
    )


async def prove(database: Database, payout_id: str, seen: PayoutSeen) -> None:
    """Book a payout that the provider proves, and end the escrow when all are proven.

    Raises NotProven while the provider has not finished; RailRefused if it is not what we asked.
    """
    payout = await payments.payout(database, payout_id)
    if payout is None:
        return
    if seen.amount != payout.amount:
        raise RailRefused("amount_differs", f"{seen.reference} moved {seen.amount}")
    if not seen.final:
        raise NotProven(f"{seen.reference} is not final at the provider")

    async def write(tx: Transaction) -> None:
        await _prove(tx, payout, seen.reference)

    await database.run(write, Cause(payout.escrow_id, actor="provider"))


async def _prove(tx: Transaction, payout: Payout, reference: str) -> None:
    escrow = await escrows.lock(tx, payout.escrow_id)
    if escrow is None or not await payments.prove_payout(tx, payout.payout_id, reference):
        return
    owed = seller_payable if payout.kind == "release" else buyer_payable
    entry = move("payout proven", owed(payout.user_id), rail_account(escrow.rail), payout.amount)
    await book.book(tx, escrow.escrow_id, entry, payout.payout_id)
    tx.audit("payout.prove", escrow.escrow_id, payout=payout.payout_id, reference=reference)
    waiting = [
        other
        for other in await payments.payouts_of(tx, escrow.escrow_id)
        if other.state is not PayoutState.SUCCEEDED and other.kind != "late_refund"
    ]
    if not waiting:
        await _end(tx, escrow, payout)


async def _end(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    shared: dict[str, Any] = {"payout_id": payout.payout_id}
    if escrow.state is State.RELEASING:
        ended = await deal.move(tx, escrow, Action.PAYOUT_SUCCEEDED, By.PROVIDER)
        fee = escrow.seller_fee.of(escrow.price)
        net = escrow.price - fee
        told = Released(**deal.facts(ended), **shared, paid=escrow.price, net=net, fee=fee)
        tx.stage(told, sequence=ended.version)
    elif escrow.state is State.REFUNDING:
        ended = await deal.move(tx, escrow, Action.REFUND_SUCCEEDED, By.PROVIDER)
        tx.stage(
            Refunded(
                **deal.facts(ended),
                **shared,
                amount=escrow.price,
                reason_code=payout.reason_code,
            ),
            sequence=ended.version,
        )


async def _failed(database: Database, payout: Payout, refused: RailRefused) -> None:
    async def write(tx: Transaction) -> None:
        attempts = await payments.fail_attempt(
            tx, payout.payout_id, PayoutState.FAILED, str(refused)
        )
        escrow = await escrows.lock(tx, payout.escrow_id)
        if escrow is not None and attempts:
            tx.stage(
                PayoutFailed(
                    **deal.facts(escrow),
                    payout_id=payout.payout_id,
                    attempt=attempts,
                    alert=attempts >= ALERT_AFTER,
                    reason_code=refused.code[:100],
                ),
                sequence=escrow.version,
            )
            tx.audit("payout.fail", escrow.escrow_id, reason=refused.code, attempt=attempts)

    await database.run(write, Cause(payout.escrow_id, actor="provider"))
