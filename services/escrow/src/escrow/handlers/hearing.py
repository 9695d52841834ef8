"""Webhooks: kept raw as they come, applied later from the store, by what the provider shows then.

An event only says where to look. Which escrow an object belongs to is told by the ids that were
bound when it was made, never by the event; so neither order nor repetition matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chassis.cause import Cause
from chassis.storage.database import Database, Transaction
from contracts_schema.terms import Rail

from escrow.domain.payout import PayoutState
from escrow.handlers import chargebacks, funding, onboarding, paying
from escrow.handlers.ordering import SEND
from escrow.handlers.telling import thread
from escrow.ports import About, ForeignMoney, Notice, PaymentRail, RailMissing, Rails
from escrow.store import payments, payouts, webhooks

APPLY = "webhook.apply"
FINAL = {RailMissing: "gone", ForeignMoney: "foreign"}


async def hear(
    database: Database, rail: PaymentRail, headers: Mapping[str, str], body: bytes
) -> None:
    """Verify, keep, and only then let the sender know; applying comes later."""
    notice = rail.read_webhook(headers, body, database.clock.now())

    async def keep(tx: Transaction) -> None:
        first = await webhooks.keep(tx, rail.rail, notice, body)
        if first and notice.about is not About.NOTHING:
            payload = {"rail": rail.rail, **thread(tx)}
            await tx.set_timer(APPLY, notice.event_id, tx.now(), payload)

    await database.run(keep, Cause(notice.event_id, actor=rail.rail.lower()))


async def apply(database: Database, rails: Rails, rail: Rail, event_id: str, cause: Cause) -> None:
    """Look at what the event is about and let it take effect, once.

    What the provider does not have any more, or shows in a currency that was never credited
    here, is looked at once: neither changes.
    """
    notice = await webhooks.unapplied(database, rail, event_id)
    if notice is None:
        return
    try:
        outcome = await _APPLY[notice.about](database, rails, rail, notice, cause)
    except (RailMissing, ForeignMoney) as error:
        outcome = FINAL[type(error)]

    async def done(tx: Transaction) -> None:
        await webhooks.applied(tx, rail, event_id, outcome)
        if outcome in FINAL.values():
            tx.audit(f"webhook.{outcome}", event_id, reason=notice.type, subject=notice.subject)

    await database.run(done, cause)


async def _payment(
    database: Database, rails: Rails, rail: Rail, notice: Notice, cause: Cause
) -> str:
    known = await payments.by_provider_id(database, notice.subject)
    if known is None:
        reference = await rails[rail].reference_of(notice.subject)
        known = await payments.by_reference(database, reference) if reference else None
    if known is None:
        return "not ours"
    if known.is_watched or known.received is None:
        await funding.look_at(database, rails, known, cause)
    return "looked"


async def _payout(
    database: Database, rails: Rails, rail: Rail, notice: Notice, cause: Cause
) -> str:
    """A transfer or refund: what is open of its escrow is looked at by the payouts' own job."""
    if await payouts.by_provider_id(database, notice.subject) is not None:
        return "known"
    seen = await rails[rail].look_up_payout(notice.subject)
    return await _nudge(database, seen.escrow_id, cause)


async def _returned(
    database: Database, rails: Rails, rail: Rail, notice: Notice, cause: Cause
) -> str:
    known = await payouts.by_provider_id(database, notice.subject)
    if known is None:
        return await _payout(database, rails, rail, notice, cause)
    await paying.returned(database, rails, known.payout_id, cause)
    return "looked"


async def _refunds(
    database: Database, rails: Rails, rail: Rail, notice: Notice, cause: Cause
) -> str:
    known = await payments.by_charge(database, notice.subject)
    return await _nudge(database, known.escrow_id, cause) if known else "not ours"


async def _nudge(database: Database, escrow_id: str, cause: Cause) -> str:
    waiting = [
        one.payout_id
        for one in await payouts.of_escrow(database, escrow_id)
        if one.state in (PayoutState.SENT, PayoutState.UNKNOWN)
    ]

    async def wake(tx: Transaction) -> None:
        for payout_id in waiting:
            await tx.set_timer(SEND, payout_id, tx.now(), thread(tx))

    if waiting:
        await database.run(wake, cause)
    return "nudged" if waiting else "nothing waits"


async def _account(
    database: Database, rails: Rails, rail: Rail, notice: Notice, cause: Cause
) -> str:
    ready = await onboarding.refresh(database, rails, notice.subject, cause)
    return "ready" if ready else "not ready"


async def _chargeback(
    database: Database, rails: Rails, rail: Rail, notice: Notice, cause: Cause
) -> str:
    seen = await rails[rail].look_up_chargeback(notice.subject)
    if seen.payment_id and await payments.by_charge(database, seen.charge_id) is None:
        # The payment itself may not have been told of, or not been looked at yet.
        await _payment(database, rails, rail, replace(notice, subject=seen.payment_id), cause)
    return await database.run(lambda tx: chargebacks.apply(tx, seen), cause)


_APPLY = {
    About.PAYMENT: _payment,
    About.PAYOUT: _payout,
    About.RETURNED: _returned,
    About.REFUNDS: _refunds,
    About.ACCOUNT: _account,
    About.CHARGEBACK: _chargeback,
}
