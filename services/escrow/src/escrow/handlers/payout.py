"""Money goes out. Commit the intention with its key, call, commit what the provider proves.

The provider is asked before each call. Killed at any line, the
job runs again and pays once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.escrow import PayoutFailed

from escrow.domain.errors import IsFrozen
from escrow.domain.escrow import Escrow
from escrow.domain.payout import ALERT_AFTER, DECIDING, Payout, PayoutKind, PayoutState
from escrow.domain.states import PAYING
from escrow.handlers import outcome
from escrow.ports import (
    PaymentRail,
    PayoutOrder,
    PayoutSeen,
    PayoutStatus,
    RailRefused,
    Rails,
    RailUnknown,
)
from escrow.store import escrow as escrows
from escrow.store import halt as halts
from escrow.store import payout as payouts

PARTLY = "partly_returned"

T = TypeVar("T")


class ReleasesHalted(Exception):
    """The ledger's check is red: no release goes out until it is green."""


class NotProven(Exception):
    """The provider does not show the finished payment: look again later."""


async def send(database: Database, timer: Timer, *, rails: Rails) -> None:
    """Pay once, whatever happened before, and record the end only when the provider proves it."""
    payout = await payouts.find(database, timer.subject_id)
    if payout.state is PayoutState.SUCCEEDED:
        return
    seen = await _find(database, rails, payout)
    if seen is None:
        escrow, payout = await _locked(database, payout, _begin, timer.cause)
        seen = await _call(database, rails[escrow.rail], payout, timer.cause)
    await settle(database, payout, seen, timer.cause)
    if seen.status is not PayoutStatus.DONE:
        raise NotProven(f"{seen.provider_id} is {seen.status} at the provider.")


def order_of(payout: Payout) -> PayoutOrder:
    """The payout as the rail is told of it."""
    return PayoutOrder(
        payout_id=payout.payout_id,
        escrow_id=payout.escrow_id,
        amount=payout.amount,
        charge_id=payout.charge_id,
        destination=payout.destination if payout.to_seller else None,
        key=payout.key,
    )


async def _locked(
    database: Database,
    named: Payout,
    work: Callable[[Transaction, Escrow, Payout], Awaitable[T]],
    cause: Cause,
) -> T:
    """Do the work on the payout as it is once its escrow is locked."""

    async def locked(tx: Transaction) -> T:
        escrow = await escrows.lock(tx, named.escrow_id)
        return await work(tx, escrow, await payouts.find(tx, named.payout_id))

    return await database.run(locked, cause, lock=escrows.row(named.escrow_id))


async def _find(database: Database, rails: Rails, payout: Payout) -> PayoutSeen | None:
    """What the provider has of it.

    Asked before the first call too: this database may have been restored to before that.
    """
    escrow = await escrows.find(database, payout.escrow_id)
    return None if escrow is None else await rails[escrow.rail].find_payout(order_of(payout))


async def _begin(tx: Transaction, escrow: Escrow, payout: Payout) -> tuple[Escrow, Payout]:
    """The provider has nothing of it: note that the call is made now, and under which key."""
    if payout.state is PayoutState.SUCCEEDED:
        raise NotProven("It was proven a moment ago.")
    await _require_payable(tx, escrow, payout)
    payout.absent(tx.now())
    if payout.to_seller:
        payout.destination = payout.destination or escrow.seller_account
    payout.send(tx.now())
    await payouts.save(tx, payout)
    return escrow, payout


async def _require_payable(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    """Asked only where nothing went out yet: what was paid already is recorded in any case."""
    if payout.to_seller and (halted := await halts.in_force(tx)):
        raise ReleasesHalted("; ".join(halted.values()))
    if escrow.amounts.debt if payout.to_seller else escrow.amounts.loss:
        raise IsFrozen("taken_back")


async def _call(database: Database, rail: PaymentRail, payout: Payout, cause: Cause) -> PayoutSeen:
    failpoint("escrow.before_transfer")
    try:
        call = rail.pay_out if payout.to_seller else rail.refund
        provider_id = await call(order_of(payout))
    except RailRefused as refusal:
        await _locked(database, payout, _refused(refusal), cause)
        raise
    except RailUnknown as doubt:
        await _locked(database, payout, _doubted(doubt), cause)
        raise
    failpoint("escrow.after_transfer_before_store")
    return await rail.look_up_payout(provider_id)


def _refused(refusal: RailRefused) -> Callable[[Transaction, Escrow, Payout], Awaitable[None]]:
    async def note(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
        if payout.state is PayoutState.SENT:
            await _fail(tx, escrow, payout, refusal.code, f"{refusal.code}: {refusal.reason}")

    return note


def _doubted(doubt: RailUnknown) -> Callable[[Transaction, Escrow, Payout], Awaitable[None]]:
    async def note(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
        if payout.state is PayoutState.SENT:
            payout.doubt(doubt.reason, doubt.answered)
            await payouts.save(tx, payout)

    return note


async def settle(database: Database, payout: Payout, seen: PayoutSeen, cause: Cause) -> None:
    """Let what the provider shows of the payout take effect: proven, refused, or not yet."""

    async def apply(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
        if payout.state is PayoutState.SUCCEEDED:
            return
        if seen.status is PayoutStatus.FAILED:
            await _fail(tx, escrow, payout, seen.reason or "failed")
        elif seen.status is PayoutStatus.DONE:
            require_proof(payout, seen)
            await _prove(tx, escrow, payout, seen.provider_id)
            await _returned(seen)(tx, escrow, payout)

    await _locked(database, payout, apply, cause)


def require_proof(payout: Payout, seen: PayoutSeen) -> None:
    """Amount, charge and receiver are those that were ordered, or it proves nothing."""
    asked = order_of(payout)
    expected = (asked.escrow_id, asked.amount, asked.charge_id, asked.destination)
    proven = (seen.escrow_id, seen.amount, seen.charge_id, seen.destination)
    if proven != expected:
        raise NotProven(f"{seen.provider_id} is not what was ordered: {proven}")


async def _prove(tx: Transaction, escrow: Escrow, payout: Payout, provider_id: str) -> None:
    if payout.state is not PayoutState.SENT:
        payout.send(tx.now())
    payout.prove(provider_id)
    await payouts.save(tx, payout)
    reference = f"{payout.payout_id}:{payout.failures}"
    escrow.book(escrow.books.payout_proven(reference, payout.amount, payout.to_seller))
    tx.audit("payout.prove", escrow.escrow_id, payout_id=payout.payout_id, provider_id=provider_id)
    if payout.kind is PayoutKind.RETURN:
        outcome.stage_refunded(tx, escrow, payout)
    if await _is_last(tx, escrow, payout):
        await outcome.finish(tx, escrow, payout)
    else:
        await escrows.book(tx, escrow)


async def _is_last(tx: Transaction, escrow: Escrow, payout: Payout) -> bool:
    """Whether it was the last proof of the decision.

    Not where it was paid again after the provider had given it back: the end was told before.
    """
    if payout.kind not in DECIDING or escrow.state not in PAYING:
        return False
    every = await payouts.of_escrow(tx, escrow.escrow_id)
    return all(one.state is PayoutState.SUCCEEDED for one in every if one.kind in DECIDING)


async def _fail(tx: Transaction, escrow: Escrow, payout: Payout, code: str, why: str = "") -> None:
    """Refused by the provider: the escrow stays as it is, and it is tried again."""
    if payout.state is not PayoutState.SENT:
        payout.send(tx.now())
    payout.fail(why or code)
    await payouts.save(tx, payout)
    if payout.failures <= ALERT_AFTER:
        _stage_failed(tx, escrow, payout, code, alert=payout.is_alarming)
    tx.audit("payout.fail", escrow.escrow_id, payout_id=payout.payout_id, reason=why or code)


async def returned(database: Database, rail: PaymentRail, payout: Payout, cause: Cause) -> None:
    """A payout that was proven may have come back, whole or in part: what did is owed again.

    Somebody is told. It is not paid again by itself: who sent it back had a reason.
    """
    if payout.provider_id is None:
        return
    seen = await rail.look_up_payout(payout.provider_id)
    if seen.returned.minor:
        await _locked(database, payout, _returned(seen), cause)


def _returned(seen: PayoutSeen) -> Callable[[Transaction, Escrow, Payout], Awaitable[None]]:
    async def note(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
        if payout.state is not PayoutState.SUCCEEDED or seen.returned <= payout.returned:
            return  # told before
        reference = f"{payout.payout_id}:{payout.failures}:{seen.returned.minor}"
        reason = seen.reason or (
            "returned" if seen.returned == payout.amount else "partly_returned"
        )
        back = payout.take_back(seen.returned, reason)
        escrow.book(escrow.books.payout_returned(reference, back, payout.to_seller))
        await escrows.book(tx, escrow)
        await payouts.save(tx, payout)
        _stage_failed(tx, escrow, payout, reason, alert=True)
        details = {"payout_id": payout.payout_id, "amount": back}
        tx.audit("payout.return", escrow.escrow_id, reason=reason, **details)

    return note


def _stage_failed(
    tx: Transaction, escrow: Escrow, payout: Payout, code: str, *, alert: bool
) -> None:
    failed = PayoutFailed(
        **escrow.facts,
        payout_id=payout.payout_id,
        attempt=payout.failures,
        alert=alert,
        reason_code=code,
    )
    tx.stage(failed, sequence=escrow.version)
