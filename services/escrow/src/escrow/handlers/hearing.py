"""What providers tell: stored first, applied later, and only as the provider confirms it.

The order and the content of webhooks decide nothing. An event names an object; the object is
fetched, and the table of bound ids says which escrow it belongs to.
"""

from __future__ import annotations

from chassis.database import Cause, Database, Transaction
from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.ids import derive_uuid

from escrow.domain.escrow import State
from escrow.domain.ledger import escrow_account, move, rail_account, receivable
from escrow.handlers import paying
from escrow.ledger import book
from escrow.ports import PaymentRail, ProviderEvent
from escrow.store import escrows, payments, webhooks
from escrow.store.payments import Payment

APPLY = "webhook.apply"


async def keep(tx: Transaction, provider: str, event: ProviderEvent, body: bytes) -> bool:
    """Store an event whose signature was good, and let a worker apply it."""
    if not await webhooks.keep(tx, provider, event, body):
        return False
    await tx.set_timer(APPLY, f"{provider}/{event.event_id}", tx.now())
    return True


async def apply(database: Database, rail: PaymentRail, subject: str) -> None:
    """Apply a stored event; applying it twice is applying it once."""
    provider, _, event_id = subject.partition("/")
    stored = await webhooks.find(database, provider, event_id)
    if stored is None or stored.applied:
        return
    event = stored.event
    if event.kind.startswith("charge.dispute."):
        await _chargeback(database, rail, event)
    elif event.kind.startswith(("payment_intent.", "checkout.session.")):
        await _payment(database, rail, event.object_id)
    elif event.kind.startswith(("transfer.", "charge.", "refund.")):
        await _payouts(database, event)
    elif event.kind == "account.updated":
        await refresh_account(database, rail, event.object_id)
    async with database.transaction() as tx:
        await webhooks.done(tx, provider, event_id)


async def _payment(database: Database, rail: PaymentRail, reference: str) -> None:
    if (payment := await _bound(database, rail, reference)) is not None:
        await paying.settle(database, rail, payment)


async def _bound(database: Database, rail: PaymentRail, reference: str) -> Payment | None:
    """Our payment for this object: bound already, or through what the provider says of it."""
    payment = await payments.payment_at(database, reference)
    if payment is None and (found := await rail.find_payment(reference)) is not None:
        payment = await payments.payment_at(database, found)
    return payment


async def _payouts(database: Database, event: ProviderEvent) -> None:
    """Something about a payout moved: look at each that is not proven, now."""
    payment = await payments.payment_at(database, event.object_id)
    escrow_id = payment.escrow_id if payment else event.group
    async with database.transaction() as tx:
        for payout in await payments.payouts_of(tx, escrow_id):
            if payout.attempts and payout.provider_reference is None:
                await tx.set_timer(paying.SEND, payout.payout_id, tx.now())


async def _chargeback(database: Database, rail: PaymentRail, event: ProviderEvent) -> None:
    """The payer's bank took money back: a debt is booked, the state stays as it is."""
    seen = await rail.look_up_chargeback(event.object_id)
    payment = await payments.payment_at(database, seen.source_reference)
    if payment is None or not seen.taken:
        return

    async def write(tx: Transaction) -> None:
        escrow = await escrows.lock(tx, payment.escrow_id)
        if escrow is None or not await webhooks.book_chargeback(
            tx, event.object_id, payment.escrow_id, seen.amount
        ):
            return
        rail_side = rail_account(escrow.rail)
        holding = escrow.state in {State.FUNDS_HELD, State.DELIVERED, State.DISPUTED}
        account = escrow_account(escrow.escrow_id) if holding else receivable(escrow.seller_id)
        entry = move("chargeback", account, rail_side, seen.amount)
        await book.book(tx, escrow.escrow_id, entry, event.object_id)
        tx.audit("escrow.chargeback", escrow.escrow_id, amount=seen.amount, held=holding)

    await database.run(write, Cause(payment.escrow_id, actor="provider"))


async def refresh_account(database: Database, rail: PaymentRail, reference: str) -> None:
    """Ask the provider whether this account can be paid, and tell if that is news."""
    ready = await rail.can_be_paid(reference)

    async def write(tx: Transaction) -> None:
        user_id = await payments.set_account_ready(tx, reference, ready)
        if user_id is not None:
            tx.audit("payout_account.update", user_id, ready=ready)
            if ready:
                tx.stage(PayoutAccountReady(user_id=user_id))

    await database.run(write, Cause(str(derive_uuid("account", reference)), actor="provider"))


async def onboarding_url(database: Database, rail: PaymentRail, user_id: str, base_url: str) -> str:
    """Where this user sets up payouts; their account is opened the first time they ask."""
    reference, _ = await payments.account(database, user_id)
    if reference is None:
        opened = await rail.open_account(user_id, f"account:{user_id}:1")
        async with database.transaction(Cause(actor=user_id)) as tx:
            reference = await payments.add_account(tx, user_id, opened)
            tx.audit("payout_account.open", user_id, account=reference)
    pages = f"{base_url}/v1/payout-accounts"
    return await rail.onboarding_url(reference, f"{pages}/done", f"{pages}/again")
