"""Double entry: accounts, legs and balanced entries. A correction is a reversed entry.

Amounts are signed integers in minor units: a debit is positive, a credit negative, and the legs
of an entry sum to zero. The accounts and moments are those of the product's own chart: rail,
escrow, payables, fee income, provider fees, surplus, receivables.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts_schema.money import Currency, Money

FEE_INCOME = "fee_income"
PROVIDER_FEES = "provider_fees"


class Unbalanced(ValueError):
    """An entry whose legs do not sum to zero."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: an account and a signed amount."""

    account: str
    minor: int
    currency: Currency

    @classmethod
    def debit(cls, account: str, amount: Money) -> Leg:
        """More of what we have, less of what we owe."""
        return cls(account, amount.minor, amount.currency)

    @classmethod
    def credit(cls, account: str, amount: Money) -> Leg:
        """Less of what we have, more of what we owe."""
        return cls(account, -amount.minor, amount.currency)


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement of money: what it was, and its balanced legs."""

    moment: str
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        """Refuse an entry that does not balance, before the database does."""
        for currency in {leg.currency for leg in self.legs}:
            total = sum(leg.minor for leg in self.legs if leg.currency is currency)
            if total != 0:
                raise Unbalanced(f"{self.moment}: the legs sum to {total} {currency}, not to 0")
        if len(self.legs) < 2 or any(leg.minor == 0 for leg in self.legs):
            raise Unbalanced(f"{self.moment}: an entry has two legs or more, none of them 0")

    def reversed(self) -> Entry:
        """The same movement taken back."""
        legs = (Leg(leg.account, -leg.minor, leg.currency) for leg in self.legs)
        return Entry(f"reversal of {self.moment}", tuple(legs))


def rail_account(rail: str) -> str:
    """What lies at the provider."""
    return f"rail:{rail.lower()}"


def escrow_account(escrow_id: str) -> str:
    """What is held for one escrow."""
    return f"escrow:{escrow_id}"


def seller_payable(user_id: str) -> str:
    """What is owed to a seller."""
    return f"payable:seller:{user_id}"


def buyer_payable(user_id: str) -> str:
    """What is owed back to a buyer."""
    return f"payable:buyer:{user_id}"


def surplus(user_id: str) -> str:
    """What a payer sent beyond the price; refundable on request."""
    return f"surplus:{user_id}"


def receivable(user_id: str) -> str:
    """What a seller owes us after a chargeback."""
    return f"receivable:{user_id}"


def move(moment: str, debit: str, credit: str, amount: Money) -> Entry:
    """The simplest entry: one amount from one account to another."""
    return Entry(moment, (Leg.debit(debit, amount), Leg.credit(credit, amount)))
