"""Money that the payer's bank takes back, or gives back again: who bears it, and who gets it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts_schema.money import Money

from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Taken
from escrow.domain.states import HOLDING


@dataclass(frozen=True, slots=True)
class Chargeback:
    """Money a bank took back, as it was booked."""

    provider_id: str
    escrow_id: str
    payment_id: str
    parts: Taken
    fee: Money
    reason: str
    taken: bool
    """Whether the bank has it now."""


def borne(escrow: Escrow, amount: Money) -> Taken:
    """Who bears a chargeback: what is still here first, then who had it, then the platform."""
    had = escrow.amounts.released + escrow.amounts.fees + escrow.amounts.debt
    held = min(amount, escrow.held)
    surplus = min(amount - held, escrow.surplus)
    seller = min(amount - held - surplus, Money(max(had, 0), escrow.currency))
    return Taken(held, surplus, seller, amount - held - surplus - seller)


def given_back(escrow: Escrow, taken: Taken) -> Taken:
    """Who gets what a bank gives back: who bore it, and the payer where the deal is over."""
    if escrow.state in HOLDING:
        return taken
    return replace(taken, held=taken.held - taken.held, surplus=taken.surplus + taken.held)
