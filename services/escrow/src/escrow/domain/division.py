"""Who gets what: one arithmetic for the preview and for the money that really moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee, Terms


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
        divided = Division(
            divided.seller + each.net,
            divided.buyer,
            divided.fee + each.seller_fee + each.buyer_fee,
        )
    return divided


def if_refunded(tranches: Iterable[Tranche], currency: Currency) -> Division:
    """What each side gets when these tranches are refunded: the buyer has everything back."""
    divided = Division(*(Money(0, currency),) * 3)
    for each in tranches:
        divided = Division(divided.seller, divided.buyer + each.paid_in, divided.fee)
    return divided


@dataclass(frozen=True, slots=True)
class Source:
    """A payment that money can be drawn from, and how much of it is left."""

    payment_id: str
    left: Money


@dataclass(frozen=True, slots=True)
class Taken:
    """What a chargeback took: from what is held, from the payer's surplus, or from whom else."""

    held: Money
    surplus: Money
    seller: Money
    """The seller had it, and owes it."""
    platform: Money
    """Nobody here has it: the payer had it back before, and the platform lost it."""

    @property
    def total(self) -> Money:
        """All that the bank took."""
        return self.held + self.surplus + self.seller + self.platform


def draw(amount: Money, sources: Sequence[Source]) -> list[Source]:
    """Take the amount from the payments in their order; a provider pays out of single charges."""
    drawn, missing = [], amount
    for source in sources:
        part = min(source.left, missing, key=lambda money: money.minor)
        if part.minor:
            drawn.append(Source(source.payment_id, part))
            missing = missing - part
    if missing.minor:
        raise ValueError(f"{missing} more is to be paid out than was paid in")
    return drawn


def total(moneys: Iterable[Money], currency: Currency) -> Money:
    """The sum, which of nothing is nothing."""
    return sum(moneys, start=Money(0, currency))
