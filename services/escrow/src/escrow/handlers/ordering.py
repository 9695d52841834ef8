"""The intention to pay, committed with its key before anybody is called."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.events.escrow import Refunded, RefundStarted, ReleaseStarted
from contracts_schema.ids import derive_id
from contracts_schema.money import Money

from escrow.domain.division import Source, Tranche, draw
from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Entry
from escrow.domain.payout import Payout, PayoutKind
from escrow.domain.states import By, State
from escrow.handlers.telling import end_windows, parties, post, thread
from escrow.store import accounts, escrows, payments, payouts, webhooks

SEND = "payout.send"
CANCELLED = "cancelled"


async def release(tx: Transaction, escrow: Escrow, by: By, why: str = "") -> None:
    """Give the held money to the seller: decided now, RELEASED when the provider proves it."""
    parts = [(each, each.net) for each in escrow.undecided]
    divided = escrow.release(by, tx.now())
    [first, *_] = await _carry_out(tx, escrow, parts, PayoutKind.RELEASE)
    tx.stage(
        ReleaseStarted(
            **parties(escrow),
            payout_id=first,
            net=divided.seller,
            fee=divided.fee,
            decided_by=by,
        ),
        sequence=escrow.version,
    )
    details = {"by": by, "net": divided.seller, "fee": divided.fee}
    tx.audit("escrow.release", escrow.escrow_id, reason=why, **details)


async def refund(tx: Transaction, escrow: Escrow, by: By, reason: str, why: str = "") -> None:
    """Give the held money back to the buyer: decided now, REFUNDED when the provider proves it."""
    open_tranches = escrow.undecided
    divided = escrow.refund(by, tx.now())
    escrow.end_reason = reason
    parts = _shared(divided.buyer, open_tranches)
    made = await _carry_out(tx, escrow, parts, PayoutKind.REFUND)
    tx.audit("escrow.refund", escrow.escrow_id, by=by, reason=why or reason, amount=divided.buyer)
    if made:
        _tell_refund(tx, escrow, made[0], divided.buyer)
    else:
        await _end_by_bank(tx, escrow)


def _shared(amount: Money, tranches: tuple[Tranche, ...]) -> list[tuple[Tranche, Money]]:
    """What each tranche gives back of what is left: all that was paid for it, or less."""
    parts = []
    for each in tranches:
        part = min(amount, each.paid_in)
        parts.append((each, part))
        amount = amount - part
    return parts


async def _end_by_bank(tx: Transaction, escrow: Escrow) -> None:
    """The payer's bank has taken everything: its chargeback is the proof that the buyer has it."""
    proof = await webhooks.latest_chargeback_id(tx, escrow.escrow_id)
    escrow.all_paid()
    await escrows.save(tx, escrow)
    ended = Refunded(
        **parties(escrow),
        payout_id=derive_id("cbk", proof),
        amount=escrow.agreed,
        reason_code=reason_of(escrow),
    )
    tx.stage(ended, sequence=escrow.version)
    tx.audit("escrow.refunded", escrow.escrow_id, provider_id=proof)


async def give_back(tx: Transaction, escrow: Escrow, amount: Money) -> None:
    """Give back what came to nothing: paid after the end, or in part before it."""
    first = await _order(tx, escrow, PayoutKind.RETURN, amount, None)
    _tell_refund(tx, escrow, first, amount)


async def return_surplus(tx: Transaction, escrow: Escrow) -> Money:
    """Give back what was paid too much; the deal goes on."""
    amount = escrow.surplus
    reference = f"{escrow.escrow_id}:{escrow.version}"
    await post(tx, escrow, escrow.books.surplus_returned(reference, amount))
    await escrows.save(tx, escrow)
    await _order(tx, escrow, PayoutKind.SURPLUS, amount, None)
    return amount


def reason_of(escrow: Escrow) -> str:
    """Why money goes back, as events tell it."""
    return CANCELLED if escrow.state is State.CANCELLED else escrow.end_reason


def _tell_refund(tx: Transaction, escrow: Escrow, payout_id: str, amount: Money) -> None:
    started = RefundStarted(
        **parties(escrow), payout_id=payout_id, amount=amount, reason_code=reason_of(escrow)
    )
    tx.stage(started, sequence=escrow.version)


async def _carry_out(
    tx: Transaction, escrow: Escrow, parts: list[tuple[Tranche, Money]], kind: PayoutKind
) -> list[str]:
    """Book and order the outcome of each tranche; the payouts' ids."""
    moving = [(each, amount) for each, amount in parts if amount.minor]
    for each, amount in moving:
        await post(tx, escrow, _entry(escrow, each, amount, kind))
    await escrows.save(tx, escrow)
    await escrows.decide(tx, escrow)
    await end_windows(tx, escrow)
    return [await _order(tx, escrow, kind, amount, each.number) for each, amount in moving]


def _entry(escrow: Escrow, tranche: Tranche, amount: Money, kind: PayoutKind) -> Entry:
    reference = f"{escrow.escrow_id}:{tranche.number}"
    if kind is PayoutKind.RELEASE:
        fee = tranche.seller_fee + tranche.buyer_fee
        return escrow.books.release_decided(reference, amount, fee)
    return escrow.books.refund_decided(reference, amount)


async def _order(
    tx: Transaction, escrow: Escrow, kind: PayoutKind, amount: Money, tranche: int | None
) -> str:
    """Order the amount out of the escrow's charges, in their order; the first payout's id."""
    charges, sources = await _charges(tx, escrow)
    seller = await accounts.find(tx, escrow.terms.seller_id, escrow.rail)
    made = [
        Payout(
            payout_id=derive_id("pyo", escrow.escrow_id, kind, str(tranche or 0), part.payment_id),
            escrow_id=escrow.escrow_id,
            kind=kind,
            payment_id=part.payment_id,
            amount=part.left,
            charge_id=charges[part.payment_id],
            created_at=tx.now(),
            tranche=tranche,
            destination=seller.provider_id if seller and kind is PayoutKind.RELEASE else None,
        )
        for part in draw(amount, sources)
    ]
    for payout in made:
        await payouts.add(tx, payout, None if tranche is None else str(kind))
        await tx.set_timer(SEND, payout.payout_id, tx.now(), thread(tx))
        tx.audit(
            "payout.order",
            escrow.escrow_id,
            payout_id=payout.payout_id,
            kind=kind,
            amount=payout.amount,
        )
    return made[0].payout_id


async def _charges(tx: Transaction, escrow: Escrow) -> tuple[dict[str, str], list[Source]]:
    ordered = await payouts.of_escrow(tx, escrow.escrow_id)
    taken = await webhooks.taken_of(tx, escrow.escrow_id)
    charges, sources = {}, []
    for payment in await payments.of_escrow(tx, escrow.escrow_id):
        if payment.received is None or payment.charge_id is None:
            continue
        gone = sum(one.amount.minor for one in ordered if one.payment_id == payment.payment_id)
        left = payment.received.minor - gone - taken.get(payment.payment_id, 0)
        charges[payment.payment_id] = payment.charge_id
        sources.append(Source(payment.payment_id, Money(max(left, 0), escrow.currency)))
    return charges, sources
