"""Webhooks: kept raw as they come, applied later from the store, by what the provider shows then.

An event only says where to look. Which escrow an object belongs to is told by the ids that were
bound when it was made, never by the event; so neither order nor repetition matters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from chassis.cause import Cause
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.terms import Rail
from prometheus_client import Counter

from escrow.domain.payout import PayoutState
from escrow.handlers import chargeback, payment, payout, payout_account
from escrow.handlers.payout_order import SEND
from escrow.ports import About, ForeignMoney, Notice, PaymentRail, RailMissing, Rails
from escrow.store import escrow as escrows
from escrow.store import payment as payments
from escrow.store import payout as payouts
from escrow.store import webhook as webhooks

APPLY = "webhook.apply"
MISSING_FOR = timedelta(hours=6)
"""How long an object that the provider says it does not have is asked for before a person is told.

A provider's answers lag behind its events, and its outages answer 404 too.
"""
GIVEN_UP = Counter(
    "holdfast_webhooks_given_up", "Events that had no effect in the end", ["rail", "outcome"]
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Applying:
    """What one event says to look at, and where to look."""

    database: Database
    rails: Rails
    rail: PaymentRail
    cause: Cause
    subject: str


async def receive(
    database: Database, rail: PaymentRail, headers: Mapping[str, str], body: bytes
) -> None:
    """Verify, keep, and only then let the sender know; applying comes later."""
    notice = rail.read_webhook(headers, body, database.clock.now())

    async def keep(tx: Transaction) -> None:
        first = await webhooks.keep(tx, rail.rail, notice, body)
        if first and notice.about is not About.NOTHING:
            await tx.set_timer(APPLY, notice.event_id, tx.now(), {"rail": rail.rail})

    await database.run(keep, Cause(notice.event_id, actor=rail.rail.lower()))


async def apply(database: Database, timer: Timer, *, rails: Rails) -> None:
    """Look at what the event is about and let it take effect, once.

    What the provider does not have is asked for again for hours. What it shows in a currency that
    was never credited here is looked at once: that does not change.
    """
    rail, event_id = Rail(timer.payload["rail"]), timer.subject_id
    kept = await webhooks.unapplied(database, rail, event_id)
    if kept is None:
        return
    notice, cause = kept.notice, replace(timer.cause, actor=rail.lower())
    try:
        look = _APPLY[notice.about]
        outcome = await look(Applying(database, rails, rails[rail], cause, notice.subject))
    except RailMissing:
        if database.clock.now() < kept.received_at + MISSING_FOR:
            raise
        await _give_up(database, rail, notice, "gone", cause)
    except ForeignMoney:
        await _give_up(database, rail, notice, "foreign", cause)
    else:
        await webhooks.set_applied(database, rail, event_id, outcome)


async def _give_up(
    database: Database, rail: Rail, notice: Notice, outcome: str, cause: Cause
) -> None:
    """The event has no effect: that is written down, and an alarm."""

    async def note(tx: Transaction) -> None:
        await webhooks.set_applied(tx, rail, notice.event_id, outcome)
        tx.audit(f"webhook.{outcome}", notice.event_id, reason=notice.type, subject=notice.subject)

    await database.run(note, cause)
    GIVEN_UP.labels(rail.lower(), outcome).inc()
    log.error("webhook.given_up", event_id=notice.event_id, type=notice.type, outcome=outcome)


async def _payment(to: Applying) -> str:
    known = await payments.by_provider_id(to.database, to.subject)
    if known is None:
        reference = await to.rail.reference_of(to.subject)
        known = await payments.by_reference(to.database, reference) if reference else None
    if known is None:
        return "not ours"
    if known.is_watched or known.received is None:
        await payment.look_at(to.database, to.rail, known, to.cause)
    return "looked"


async def _charge(to: Applying) -> str:
    """The provider's fee may be known now. Of a payment that is not known, it will be shown."""
    known = await payments.by_charge(to.database, to.subject)
    if known is None:
        return "not ours"
    if not known.is_watched:
        return "known"
    await payment.look_at(to.database, to.rail, known, to.cause)
    return "looked"


async def _payout(to: Applying) -> str:
    """A transfer or refund: what is open of its escrow is looked at by the payouts' own job."""
    if await payouts.by_provider_id(to.database, to.subject) is not None:
        return "known"
    seen = await to.rail.look_up_payout(to.subject)
    return await _nudge(to, seen.escrow_id)


async def _returned(to: Applying) -> str:
    known = await payouts.by_provider_id(to.database, to.subject)
    if known is None:
        return await _payout(to)
    await payout.returned(to.database, to.rail, known, to.cause)
    return "looked"


async def _refunds(to: Applying) -> str:
    known = await payments.by_charge(to.database, to.subject)
    return await _nudge(to, known.escrow_id) if known else "not ours"


async def _nudge(to: Applying, escrow_id: str) -> str:
    waiting = [
        one.payout_id
        for one in await payouts.of_escrow(to.database, escrow_id)
        if one.state in (PayoutState.SENT, PayoutState.UNKNOWN)
    ]

    async def wake(tx: Transaction) -> None:
        for payout_id in waiting:
            await tx.set_timer(SEND, payout_id, tx.now())

    if waiting:
        await to.database.run(wake, to.cause)
    return "nudged" if waiting else "nothing waits"


async def _account(to: Applying) -> str:
    ready = await payout_account.refresh(to.database, to.rails, to.subject, to.cause)
    return "ready" if ready else "not ready"


async def _chargeback(to: Applying) -> str:
    seen = await to.rail.look_up_chargeback(to.subject)
    paid = await payments.by_charge(to.database, seen.charge_id)
    if paid is None and seen.payment_id:
        # The payment itself may not have been told of, or not been looked at yet.
        await _payment(replace(to, subject=seen.payment_id))
        paid = await payments.by_charge(to.database, seen.charge_id)
    if paid is None:
        return "not ours"
    apply_to, row = paid, escrows.row(paid.escrow_id)
    return await to.database.run(
        lambda tx: chargeback.apply(tx, apply_to, seen), to.cause, lock=row
    )


_APPLY: Mapping[About, Callable[[Applying], Awaitable[str]]] = {
    About.PAYMENT: _payment,
    About.PAYOUT: _payout,
    About.RETURNED: _returned,
    About.CHARGE: _charge,
    About.REFUNDS: _refunds,
    About.ACCOUNT: _account,
    About.CHARGEBACK: _chargeback,
}
