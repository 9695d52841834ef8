"""The intention to pay, committed with its key before anybody is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.storage.database import Transaction
from contracts_schema.events.escrow import RefundStarted
from contracts_schema.ids import derive_id
from contracts_schema.money import Money

from escrow.domain.escrow import Escrow
from escrow.domain.outcome import Share
from escrow.domain.payout import Charge, Payout, PayoutKind, draw
from escrow.domain.states import State
from escrow.store import payout as payouts

SEND = "payout.send"
CANCELLED = "cancelled"


async def order(
    tx: Transaction, escrow: Escrow, kind: PayoutKind, shares: Sequence[Share]
) -> list[Payout]:
    """Order each share out of the escrow's charges, in their order; a job sends what is ordered."""
    charges, made = await payouts.charges(tx, escrow.escrow_id), []
    for share in shares:
        drawn, charges = draw(share.amount, charges)
        made += [_payout(tx, escrow, kind, share.tranche, part) for part in drawn]
    await payouts.add(tx, made)
    for payout in made:
        await tx.set_timer(SEND, payout.payout_id, tx.now())
        details: dict[str, Any] = {"kind": kind, "amount": payout.amount}
        tx.audit("payout.order", escrow.escrow_id, payout_id=payout.payout_id, **details)
    return made


def _payout(
    tx: Transaction, escrow: Escrow, kind: PayoutKind, tranche: int | None, part: Charge
) -> Payout:
    return Payout(
        payout_id=derive_id("pyo", escrow.escrow_id, kind, str(tranche or 0), part.payment_id),
        escrow_id=escrow.escrow_id,
        kind=kind,
        payment_id=part.payment_id,
        amount=part.left,
        charge_id=part.charge_id,
        created_at=tx.now(),
        returned=Money(0, part.left.currency),
        tranche=tranche,
        destination=escrow.seller_account if kind is PayoutKind.RELEASE else None,
    )


async def give_back(tx: Transaction, escrow: Escrow, kind: PayoutKind, amount: Money) -> None:
    """Give back what is held for no tranche: paid late, in part, or too much."""
    [first, *_] = await order(tx, escrow, kind, [Share(None, amount)])
    if kind is PayoutKind.RETURN:
        stage_refund(tx, escrow, first.payout_id, amount)


def stage_refund(tx: Transaction, escrow: Escrow, payout_id: str, amount: Money) -> None:
    """Both are told that the buyer's money is on its way back."""
    started = RefundStarted(
        **escrow.facts, payout_id=payout_id, amount=amount, reason_code=reason_of(escrow)
    )
    tx.stage(started, sequence=escrow.version)


def reason_of(escrow: Escrow) -> str:
    """Why money goes back, as events tell it."""
    return CANCELLED if escrow.state is State.CANCELLED else escrow.end_reason
