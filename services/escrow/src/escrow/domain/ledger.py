"""Double entry: every movement of money is a balanced set of postings, one entry per moment.

A posting's amount is signed: debits are positive, credits negative. What a moment debits and
credits is written here once; the database refuses whatever does not balance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from contracts_schema.money import Currency, Money


class Kind(StrEnum):
    """What an account stands for. Those in DEBIT grow by debits, the others by credits."""

    RAIL = "rail"
    ESCROW = "escrow"
    PAYABLE_SELLER = "payable:seller"
    PAYABLE_BUYER = "payable:buyer"
    FEE_INCOME = "fee_income"
    PROVIDER_FEES = "provider_fees"
    SURPLUS = "surplus"
    RECEIVABLE = "receivable"
    CHARGEBACK_LOSS = "chargeback_loss"


DEBIT = frozenset({Kind.RAIL, Kind.PROVIDER_FEES, Kind.RECEIVABLE, Kind.CHARGEBACK_LOSS})

UNFLOORED = frozenset({Kind.RAIL})
"""The provider keeps its fee on refunds and takes chargebacks at once: its balance may go below."""


class Moment(StrEnum):
    """Why money moved."""

    FUNDS_HELD = "funds_held"
    SURPLUS = "surplus"
    PAID_LATE = "paid_late"
    RELEASE = "release"
    REFUND = "refund"
    SURPLUS_RETURNED = "surplus_returned"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    PROVIDER_FEE = "provider_fee"
    PROVIDER_FEE_RETURNED = "provider_fee_returned"
    CHARGEBACK = "chargeback"
    CHARGEBACK_WON = "chargeback_won"


@dataclass(frozen=True, slots=True)
class Account:
    """One account; its name is its identity."""

    kind: Kind
    owner: str = ""

    @property
    def name(self) -> str:
        """As the books call it: ``escrow:esc_…``, ``rail:…``, ``fee_income``."""
        return f"{self.kind}:{self.owner}" if self.owner else str(self.kind)

    @property
    def normal(self) -> str:
        """On which side it grows."""
        return "debit" if self.kind in DEBIT else "credit"

    @property
    def floor(self) -> int | None:
        """The least it may hold, on its own side."""
        return None if self.kind in UNFLOORED else 0


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry."""

    account: Account
    minor: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: balanced, in one currency, once per moment and reference."""

    escrow_id: str
    moment: Moment
    reference: str
    currency: Currency
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        """Refuse what does not balance before the database has to."""
        if sum(posting.minor for posting in self.postings) != 0:
            raise ValueError(f"{self.moment} {self.reference} does not balance")


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


class Books:
    """Writes the entries of one escrow: for each moment, what is debited and what is credited."""

    def __init__(self, escrow_id: str, rail: str, buyer_id: str, seller_id: str) -> None:
        """Name the accounts that this escrow's money passes through."""
        self.escrow_id = escrow_id
        self.rail = Account(Kind.RAIL, rail.lower())
        self.escrow = Account(Kind.ESCROW, escrow_id)
        self.to_seller = Account(Kind.PAYABLE_SELLER, escrow_id)
        self.to_buyer = Account(Kind.PAYABLE_BUYER, escrow_id)
        self.fee_income = Account(Kind.FEE_INCOME)
        self.provider_fees = Account(Kind.PROVIDER_FEES)
        self.surplus = Account(Kind.SURPLUS, buyer_id)
        self.receivable = Account(Kind.RECEIVABLE, seller_id)
        self.chargeback_loss = Account(Kind.CHARGEBACK_LOSS)

    def funds_held(self, payment_id: str, received: Money, agreed: Money, early: Money) -> Entry:
        """The payment and what came early are held as agreed; what is over is the payer's."""
        over = received + early - agreed
        return self._entry(
            *(Moment.FUNDS_HELD, payment_id, received.currency),
            (self.rail, received.minor),
            (self.surplus, early.minor),
            (self.escrow, -agreed.minor),
            (self.surplus, -over.minor),
        )

    def kept_as_surplus(self, payment_id: str, received: Money) -> Entry:
        """Money that is not, or not yet, what was agreed: it stays the payer's."""
        return self._move(Moment.SURPLUS, payment_id, received, self.rail, self.surplus)

    def paid_late(self, payment_id: str, received: Money) -> Entry:
        """Money that came after the end: owed back at once."""
        return self._move(Moment.PAID_LATE, payment_id, received, self.rail, self.to_buyer)

    def release_decided(self, reference: str, net: Money, fee: Money) -> Entry:
        """The held money is the seller's, less the fee."""
        return self._entry(
            *(Moment.RELEASE, reference, net.currency),
            (self.escrow, net.minor + fee.minor),
            (self.to_seller, -net.minor),
            (self.fee_income, -fee.minor),
        )

    def refund_decided(self, reference: str, amount: Money) -> Entry:
        """The held money is the buyer's again."""
        return self._move(Moment.REFUND, reference, amount, self.escrow, self.to_buyer)

    def surplus_returned(self, reference: str, amount: Money) -> Entry:
        """The payer gets back what was paid too much."""
        return self._move(Moment.SURPLUS_RETURNED, reference, amount, self.surplus, self.to_buyer)

    def payout_proven(self, payout_id: str, amount: Money, to_seller: bool) -> Entry:
        """The provider proved it: what was owed is paid."""
        payable = self.to_seller if to_seller else self.to_buyer
        return self._move(Moment.PAYOUT, payout_id, amount, payable, self.rail)

    def payout_returned(self, reference: str, amount: Money, to_seller: bool) -> Entry:
        """What was paid came back: it is owed again."""
        payable = self.to_seller if to_seller else self.to_buyer
        return self._move(Moment.PAYOUT_RETURNED, reference, amount, self.rail, payable)

    def provider_fee(self, reference: str, fee: Money) -> Entry:
        """The provider kept its own fee."""
        return self._move(Moment.PROVIDER_FEE, reference, fee, self.provider_fees, self.rail)

    def provider_fee_returned(self, reference: str, fee: Money) -> Entry:
        """The provider gave its own fee back, as after a chargeback that was won."""
        moment = Moment.PROVIDER_FEE_RETURNED
        return self._move(moment, reference, fee, self.rail, self.provider_fees)

    def chargeback(self, dispute_id: str, taken: Taken) -> Entry:
        """The buyer's bank took money back, from whoever bears it."""
        return self._entry(
            *(Moment.CHARGEBACK, dispute_id, taken.total.currency),
            (self.escrow, taken.held.minor),
            (self.surplus, taken.surplus.minor),
            (self.receivable, taken.seller.minor),
            (self.chargeback_loss, taken.platform.minor),
            (self.rail, -taken.total.minor),
        )

    def chargeback_won(self, dispute_id: str, taken: Taken) -> Entry:
        """The bank gave it back: the reverse of the chargeback."""
        entry = self.chargeback(dispute_id, taken)
        reverse = ((posting.account, -posting.minor) for posting in entry.postings)
        return self._entry(Moment.CHARGEBACK_WON, dispute_id, entry.currency, *reverse)

    def _move(
        self, moment: Moment, reference: str, amount: Money, debit: Account, credit: Account
    ) -> Entry:
        lines = ((debit, amount.minor), (credit, -amount.minor))
        return self._entry(moment, reference, amount.currency, *lines)

    def _entry(
        self, moment: Moment, reference: str, currency: Currency, *lines: tuple[Account, int]
    ) -> Entry:
        postings = tuple(Posting(account, minor) for account, minor in lines if minor)
        return Entry(self.escrow_id, moment, reference, currency, postings)


TAKING = frozenset({Moment.CHARGEBACK, Moment.CHARGEBACK_WON})
RECEIVING = frozenset({Moment.FUNDS_HELD, Moment.SURPLUS, Moment.PAID_LATE}) | TAKING
"""Moments at which the payer's money comes, or is taken back by the payer's bank."""

GIVING_BACK = frozenset({Moment.REFUND, Moment.PAID_LATE, Moment.SURPLUS_RETURNED})


@dataclass(frozen=True, slots=True)
class Amounts:
    """One escrow's money at one version, in minor units; always what its entries add up to."""

    received: int = 0
    held: int = 0
    released: int = 0
    refunded: int = 0
    fees: int = 0
    surplus: int = 0
    debt: int = 0
    """What a chargeback took and the seller owes: zero or below."""
    loss: int = 0
    """What a chargeback took and the platform lost: zero or below."""

    @property
    def balanced(self) -> bool:
        """Received = held + released + refunded + fees + surplus + debt + loss."""
        parts = (self.held, self.released, self.refunded, self.fees, self.surplus)
        return self.received == sum(parts) + self.debt + self.loss

    def after(self, entry: Entry) -> Amounts:
        """The amounts once this entry is booked."""
        amounts = self
        for posting in entry.postings:
            amounts = amounts._with(entry.moment, posting)
        return amounts

    def _with(self, moment: Moment, posting: Posting) -> Amounts:
        if (name := counted_as(moment, posting.account.kind)) is None:
            return self
        grown = posting.minor if name == "received" else -posting.minor
        return replace(self, **{name: getattr(self, name) + grown})


def counted_as(moment: Moment, kind: Kind) -> str | None:
    """Which of an escrow's amounts a posting at this moment on such an account counts towards."""
    match kind:
        case Kind.RAIL if moment in RECEIVING:
            return "received"
        case Kind.PAYABLE_SELLER if moment is Moment.RELEASE:
            return "released"
        case Kind.PAYABLE_BUYER if moment in GIVING_BACK:
            return "refunded"
        case _:
            return _ALWAYS.get(kind)


_ALWAYS = {
    Kind.ESCROW: "held",
    Kind.FEE_INCOME: "fees",
    Kind.SURPLUS: "surplus",
    Kind.RECEIVABLE: "debt",
    Kind.CHARGEBACK_LOSS: "loss",
}
