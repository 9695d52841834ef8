"""Who gets what: computed once, shown as the preview, and booked by the same code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contracts_schema.money import Money

from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Entry, Leg, buyer_payable, escrow_account, seller_payable


class Kind(StrEnum):
    """The ways an escrow's money can go."""

    RELEASE = "release"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What each side gets; the three amounts are the whole of what is held."""

    kind: Kind
    seller: Money
    buyer: Money
    fee: Money

    def entry(self, escrow: Escrow) -> Entry:
        """The decision as a balanced entry: out of the escrow, payable to whom it is due."""
        legs = [Leg.debit(escrow_account(escrow.escrow_id), self.seller + self.buyer + self.fee)]
        if self.seller.minor:
            legs.append(Leg.credit(seller_payable(escrow.seller_id), self.seller))
        if self.buyer.minor:
            legs.append(Leg.credit(buyer_payable(escrow.buyer_id), self.buyer))
        if self.fee.minor:
            legs.append(Leg.credit("fee_income", self.fee))
        return Entry(f"{self.kind} decided", tuple(legs))


def release(escrow: Escrow, held: Money) -> Outcome:
    """The seller gets what is held, less the fee that the terms fix."""
    fee = min(escrow.seller_fee.of(escrow.price), held, key=lambda money: money.minor)
    return Outcome(Kind.RELEASE, held - fee, Money(0, held.currency), fee)


def refund(escrow: Escrow, held: Money) -> Outcome:
    """The buyer gets everything that is held; there is no fee."""
    nothing = Money(0, held.currency)
    return Outcome(Kind.REFUND, nothing, held, nothing)
