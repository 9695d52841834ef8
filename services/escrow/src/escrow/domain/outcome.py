"""Who gets what: one arithmetic for the preview and for the money that really moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee, Terms


class Outcome(StrEnum):
    """Who gets the money of a tranche."""

    RELEASE = "RELEASE"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class Tranche:
    """One part of the price, its share of the fees, and what was decided about it."""

    number: int
    amount: Money
    seller_fee: Money
    buyer_fee: Money
    outcome: str = ""

    @property
    def paid_in(self) -> Money:
        """What the buyer pays for it."""
        return self.amount + self.buyer_fee

    @property
    def net(self) -> Money:
        """What the seller gets of it."""
        return self.amount - self.seller_fee

    @property
    def fee(self) -> Money:
        """What the platform earns with it."""
        return self.seller_fee + self.buyer_fee


@dataclass(frozen=True, slots=True)
class Division:
    """The held money, divided: what goes to the seller, back to the buyer, and to the house."""

    seller: Money
    buyer: Money
    fee: Money

    @property
    def total(self) -> Money:
        """All of it; nothing is lost and nothing is added."""
        return self.seller + self.buyer + self.fee


@dataclass(frozen=True, slots=True)
class Share:
    """What is to be paid out, and for which tranche; None: for none of them."""

    tranche: int | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: who gets what, and what is to be paid out for it, tranche by tranche."""

    divided: Division
    shares: tuple[Share, ...]


def tranches_of(terms: Terms) -> tuple[Tranche, ...]:
    """The contract's tranches, each with its share of the fees; the shares add up to the fee."""
    made, before = [], Money(0, terms.price.currency)
    for part in terms.tranches:
        after = before + part.amount
        made.append(
            Tranche(
                part.number,
                part.amount,
                _between(terms.seller_fee, before, after),
                _between(terms.buyer_fee, before, after),
            )
        )
        before = after
    return tuple(made)


def _between(fee: Fee, before: Money, after: Money) -> Money:
    return fee.of(after) - fee.of(before)


def if_released(tranches: Iterable[Tranche], currency: Currency) -> Division:
    """What each side gets when these tranches are released: the fee is the terms' formula."""
    divided = Division(*(Money(0, currency),) * 3)
    for each in tranches:
        divided = Division(divided.seller + each.net, divided.buyer, divided.fee + each.fee)
    return divided


def if_refunded(tranches: Iterable[Tranche], currency: Currency) -> Division:
    """What each side gets when these tranches are refunded: the buyer has everything back."""
    divided = Division(*(Money(0, currency),) * 3)
    for each in tranches:
        divided = Division(divided.seller, divided.buyer + each.paid_in, divided.fee)
    return divided


def shares_of_buyer(amount: Money, tranches: Iterable[Tranche]) -> tuple[Share, ...]:
    """What goes back for each tranche: all that was paid for it, or what is left of the amount."""
    shares = []
    for each in tranches:
        part = min(amount, each.paid_in)
        if part.minor:
            shares.append(Share(each.number, part))
        amount = amount - part
    return tuple(shares)


def total(moneys: Iterable[Money], currency: Currency) -> Money:
    """The sum, which of nothing is nothing."""
    return sum(moneys, start=Money(0, currency))
