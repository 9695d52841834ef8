"""Money goes out. Commit the intention with its key, call, commit what the provider proves.

After doubt of any kind the provider is asked before it is called again. Killed at any line, the
job runs again and pays once.
"""

from __future__ import annotations

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from contracts_schema.events.escrow import PayoutFailed, Refunded, Released

from escrow.domain.division import if_released
from escrow.domain.errors import IsFrozen
from escrow.domain.escrow import Escrow
from escrow.domain.payout import ALERT_AFTER, Payout, PayoutKind, PayoutState
from escrow.domain.states import State
from escrow.handlers.ordering import reason_of
from escrow.handlers.telling import locked, parties, post
from escrow.ports import (
    PaymentRail,
    PayoutOrder,
    PayoutSeen,
    PayoutStatus,
    RailRefused,
    Rails,
    RailUnknown,
)
from escrow.store import accounts, books, escrows, payouts

DECIDING = frozenset({PayoutKind.RELEASE, PayoutKind.REFUND})
PAYING = frozenset({State.RELEASING, State.REFUNDING, State.SETTLING})


class ReleasesHalted(Exception):
    """The ledger's check is red: no release goes out until it is green."""


class NotProven(Exception):
    """The provider does not show the finished payment: look again later."""


async def send(database: Database, rails: Rails, payout_id: str, cause: Cause) -> None:
    """Pay once, whatever happened before, and record the end only when the provider proves it."""
    begun = await database.run(lambda tx: _intend(tx, payout_id), cause)
    if begun is None:
        return
    escrow, payout = begun
    rail = rails[escrow.rail]
    seen = await rail.find_payout(order_of(payout)) if payout.needs_look_up else None
    if seen is None:
        payout = await database.run(lambda tx: _begin(tx, payout_id), cause)
        seen = await _call(database, rail, payout, cause)
    found = seen
    await database.run(lambda tx: settle(tx, payout_id, found), cause)
    if found.status is not PayoutStatus.DONE:
        raise NotProven(f"{found.provider_id} is {found.status} at the provider.")


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


async def _intend(tx: Transaction, payout_id: str) -> tuple[Escrow, Payout] | None:
    escrow, payout = await _both(tx, payout_id)
    return None if payout.state is PayoutState.SUCCEEDED else (escrow, payout)


async def _require_payable(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    """Asked only where nothing went out yet: what was paid already is recorded in any case."""
    if payout.to_seller and (halted := await books.halts(tx)):
        raise ReleasesHalted("; ".join(halted.values()))
    if escrow.amounts.debt if payout.to_seller else escrow.amounts.loss:
        raise IsFrozen("The buyer's bank took the payment back: it is not paid out as well.")


async def _begin(tx: Transaction, payout_id: str) -> Payout:
    """The provider has nothing of it: note that the call is made now, and under which key."""
    escrow, payout = await _both(tx, payout_id)
    if payout.state is PayoutState.SUCCEEDED:
        raise NotProven("It was proven a moment ago.")
    await _require_payable(tx, escrow, payout)
    if payout.needs_look_up:
        payout.absent(tx.now())
    if payout.to_seller and payout.destination is None:
        account = await accounts.find(tx, escrow.terms.seller_id, escrow.rail)
        payout.destination = account.provider_id if account else None
    payout.send(tx.now())
    await payouts.save(tx, payout)
    return payout


async def _call(database: Database, rail: PaymentRail, payout: Payout, cause: Cause) -> PayoutSeen:
    failpoint("escrow.before_transfer")
    try:
        call = rail.pay_out if payout.to_seller else rail.refund
        provider_id = await call(order_of(payout))
    except RailRefused as refusal:
        code, why = refusal.code, f"{refusal.code}: {refusal}"
        await database.run(lambda tx: _failed(tx, payout.payout_id, code, why), cause)
        raise
    except RailUnknown as doubt:
        shown, answered = str(doubt), doubt.answered
        await database.run(lambda tx: _doubted(tx, payout.payout_id, shown, answered), cause)
        raise
    failpoint("escrow.after_transfer_before_store")
    return await rail.look_up_payout(provider_id)


async def returned(database: Database, rails: Rails, payout_id: str, cause: Cause) -> None:
    """A payout that was proven may have come back: then it is owed again, and somebody is told.

    It is not paid again by itself: who sent it back had a reason.
    """
    payout = await payouts.find(database, payout_id)
    if payout is None or payout.provider_id is None:
        return
    escrow = await escrows.find(database, payout.escrow_id)
    if escrow is None:
        return
    seen = await rails[escrow.rail].look_up_payout(payout.provider_id)
    if seen.status is PayoutStatus.FAILED:
        await database.run(lambda tx: _return(tx, payout_id, seen), cause)


async def _return(tx: Transaction, payout_id: str, seen: PayoutSeen) -> None:
    escrow, payout = await _both(tx, payout_id)
    if payout.state is not PayoutState.SUCCEEDED:
        return
    reference = f"{payout.payout_id}:{payout.failures}"
    entry = escrow.books.payout_returned(reference, payout.amount, payout.to_seller)
    await post(tx, escrow, entry)
    payout.fail(seen.reason or "returned")
    await payouts.save(tx, payout)
    failed = PayoutFailed(
        **parties(escrow),
        payout_id=payout_id,
        attempt=payout.failures,
        alert=True,
        reason_code=seen.reason or "returned",
    )
    tx.stage(failed, sequence=escrow.version)
    tx.audit("payout.return", escrow.escrow_id, payout_id=payout_id, reason=seen.reason)


async def settle(tx: Transaction, payout_id: str, seen: PayoutSeen) -> None:
    """Let what the provider shows of the payout take effect: proven, refused, or not yet."""
    escrow, payout = await _both(tx, payout_id)
    if payout.state is PayoutState.SUCCEEDED:
        return
    if seen.status is PayoutStatus.FAILED:
        await _fail(tx, escrow, payout, seen.reason or "failed")
        return
    if seen.status is PayoutStatus.DONE:
        require_proof(payout, seen)
        await _prove(tx, escrow, payout, seen.provider_id)


def require_proof(payout: Payout, seen: PayoutSeen) -> None:
    """Amount, charge and receiver are those that were ordered, or it proves nothing."""
    expected = order_of(payout)
    proven = (seen.escrow_id, seen.amount, seen.charge_id, seen.destination)
    if proven != (
        expected.escrow_id,
        expected.amount,
        expected.charge_id,
        expected.destination,
    ):
        raise NotProven(f"{seen.provider_id} is not what was ordered: {proven}")


async def _prove(tx: Transaction, escrow: Escrow, payout: Payout, provider_id: str) -> None:
    if payout.state is not PayoutState.SENT:
        payout.send(tx.now())
    payout.prove(provider_id)
    await payouts.save(tx, payout)
    reference = f"{payout.payout_id}:{payout.failures}"
    entry = escrow.books.payout_proven(reference, payout.amount, payout.to_seller)
    await post(tx, escrow, entry)
    tx.audit("payout.prove", escrow.escrow_id, payout_id=payout.payout_id, provider_id=provider_id)
    if payout.kind is PayoutKind.RETURN:
        _tell_refunded(tx, escrow, payout)
    if payout.kind in DECIDING:
        await _finish(tx, escrow, payout)


async def _finish(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    """The last proof of the decision is the end of the escrow."""
    if escrow.state not in PAYING:
        return  # Paid again after the provider had given it back: the end was told before.
    every = await payouts.of_escrow(tx, escrow.escrow_id)
    if any(one.kind in DECIDING and one.state is not PayoutState.SUCCEEDED for one in every):
        return
    escrow.all_paid()
    await escrows.save(tx, escrow)
    if payout.kind is PayoutKind.RELEASE:
        _tell_released(tx, escrow, payout)
    else:
        _tell_refunded(tx, escrow, payout)
    tx.audit(f"escrow.{escrow.state.lower()}", escrow.escrow_id)


def _tell_released(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    divided = if_released(escrow.tranches, escrow.currency)
    tx.stage(
        Released(
            **parties(escrow),
            payout_id=payout.payout_id,
            paid=escrow.agreed,
            net=divided.seller,
            fee=divided.fee,
        ),
        sequence=escrow.version,
    )


def _tell_refunded(tx: Transaction, escrow: Escrow, payout: Payout) -> None:
    deciding = payout.kind in DECIDING
    tx.stage(
        Refunded(
            **parties(escrow),
            payout_id=payout.payout_id,
            amount=escrow.agreed if deciding else payout.amount,
            reason_code=reason_of(escrow),
        ),
        sequence=escrow.version,
    )


async def _failed(tx: Transaction, payout_id: str, code: str, why: str) -> None:
    escrow, payout = await _both(tx, payout_id)
    if payout.state is PayoutState.SENT:
        await _fail(tx, escrow, payout, code, why)


async def _fail(tx: Transaction, escrow: Escrow, payout: Payout, code: str, why: str = "") -> None:
    """Refused by the provider: the escrow stays as it is, and it is tried again."""
    if payout.state is not PayoutState.SENT:
        payout.send(tx.now())
    payout.fail(why or code)
    await payouts.save(tx, payout)
    if payout.failures <= ALERT_AFTER:
        _tell_failed(tx, escrow, payout, code)
    tx.audit("payout.fail", escrow.escrow_id, payout_id=payout.payout_id, reason=why or code)


def _tell_failed(tx: Transaction, escrow: Escrow, payout: Payout, code: str) -> None:
    tx.stage(
        PayoutFailed(
            **parties(escrow),
            payout_id=payout.payout_id,
            attempt=payout.failures,
            alert=payout.is_alarming,
            reason_code=code,
        ),
        sequence=escrow.version,
    )


async def _doubted(tx: Transaction, payout_id: str, shown: str, answered: bool) -> None:
    _, payout = await _both(tx, payout_id)
    if payout.state is PayoutState.SENT:
        payout.doubt(shown, answered)
        await payouts.save(tx, payout)


async def _both(tx: Transaction, payout_id: str) -> tuple[Escrow, Payout]:
    """The payout, read after its escrow was locked."""
    named = await payouts.find(tx, payout_id)
    if named is None:
        raise LookupError(f"no payout {payout_id}")
    escrow = await locked(tx, named.escrow_id)
    payout = await payouts.find(tx, payout_id)
    return escrow, payout or named
