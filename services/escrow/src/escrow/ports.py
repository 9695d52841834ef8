"""What escrow needs of the world: a rail that money comes and goes by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from contracts_schema.money import Currency, Money
from contracts_schema.refusals import Refused
from contracts_schema.terms import Rail


class _Outside(Refused):
    catalogue: ClassVar[str] = "escrow"


class RailError(_Outside):
    """Something about the call to the provider."""

    def __init__(self, reason: str) -> None:
        """Say what the provider said, for who looks after the system."""
        super().__init__(reason=reason)
        self.reason = reason


class RailUnavailable(RailError):
    """Nothing was done, for now: try again later."""


class RailMissing(RailUnavailable):
    """The provider answered that it has no such object: an event about it has nothing to tell."""


class ForeignMoney(RailError):
    """The provider shows an amount in a currency that no books are kept in."""


class RailUnknown(RailError):
    """It may have been done or not: look it up before calling again."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        """``answered``: the provider answered, so the call is no longer on its way."""
        super().__init__(reason)
        self.answered = answered


class RailRefused(RailError):
    """The provider refused: nothing was done."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep the provider's own code."""
        super().__init__(reason)
        self.code = code


class BadWebhook(_Outside):
    """Not signed by the provider, or not now."""


class Unreadable(_Outside):
    """Signed by the provider, yet not what it is known to send."""


@dataclass(frozen=True, slots=True)
class PaymentAsk:
    """What a buyer is asked to pay."""

    escrow_id: str
    payment_id: str
    title: str
    amount: Money
    expires_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """Where to pay: the provider's id of it, and its address, which is told to the buyer only."""

    reference: str
    url: str | None


class PaymentStatus(StrEnum):
    """What a payment is at the provider."""

    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as the provider shows it now."""

    reference: str
    status: PaymentStatus
    url: str | None = None
    provider_id: str | None = None
    charge_id: str | None = None
    received_minor: int = 0
    currency: str = ""
    provider_fee: Money | None = None
    """None until the provider tells it, or for good where ``foreign_fee`` tells it."""
    foreign_fee: str = ""
    """The fee where the provider settles in another currency: ``12500 EUR``, in minor units."""
    failure_id: str = ""
    failure_code: str = ""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """What is to be paid: out of which charge, to whom (nobody named: back to the payer)."""

    payout_id: str
    escrow_id: str
    amount: Money
    charge_id: str
    destination: str | None
    key: str


class PayoutStatus(StrEnum):
    """What a payout is at the provider."""

    DONE = "done"
    UNDER_WAY = "under_way"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PayoutSeen:
    """A payout as the provider shows it now."""

    provider_id: str
    escrow_id: str
    status: PayoutStatus
    amount: Money
    charge_id: str | None
    destination: str | None
    returned: Money
    """How much of it came back to us: a part, where it is still done."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """A seller's account at the provider: whether it can be paid."""

    provider_id: str
    ready: bool


@dataclass(frozen=True, slots=True)
class ChargebackSeen:
    """Money that the payer's bank took back, or gave back again."""

    provider_id: str
    charge_id: str
    amount: Money
    fee: Money
    taken: bool
    reason: str
    foreign_fee: str = ""
    payment_id: str = ""
    """The provider's own id of the payment, which may not be known here yet."""


class About(StrEnum):
    """What a webhook is about."""

    PAYMENT = "payment"
    PAYOUT = "payout"
    RETURNED = "returned"
    CHARGE = "charge"
    REFUNDS = "refunds"
    ACCOUNT = "account"
    CHARGEBACK = "chargeback"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook, read: which event it is and which of the provider's objects to look at."""

    event_id: str
    type: str
    about: About
    subject: str


class PaymentRail(Protocol):
    """One way for money to come and go. Nothing here is called inside a transaction."""

    @property
    def rail(self) -> Rail:
        """Which rail this is."""
        ...

    @property
    def currencies(self) -> Collection[Currency]:
        """The currencies that it is paid in here."""
        ...

    @property
    def takes_webhooks(self) -> bool:
        """Whether the provider's events can be verified: without a secret, none is taken."""
        ...

    async def open(self, ask: PaymentAsk) -> PaymentPage:
        """Make the page to pay at; the same key makes the same page."""
        ...

    async def look_up_payment(self, reference: str) -> PaymentSeen:
        """What became of the payment."""
        ...

    async def close_payment(self, reference: str) -> PaymentSeen:
        """Let nobody pay any more; if it was paid already, that is what is seen."""
        ...

    async def reference_of(self, subject: str) -> str | None:
        """Which payment page one of the provider's payment objects came from."""
        ...

    async def pay_out(self, order: PayoutOrder) -> str:
        """Pay the seller out of the charge; the provider's id of the payout."""
        ...

    async def refund(self, order: PayoutOrder) -> str:
        """Give the payer the money of the charge back; the provider's id of the refund."""
        ...

    async def look_up_payout(self, provider_id: str) -> PayoutSeen:
        """What became of the payout or refund."""
        ...

    async def find_payout(self, order: PayoutOrder) -> PayoutSeen | None:
        """The payout made for this order under any key; None proves that there is none."""
        ...

    async def open_account(self, user_id: str, key: str) -> str:
        """Make the seller's account; the same key makes the same account."""
        ...

    async def account_link(self, account_id: str) -> str:
        """A page where the seller tells the provider who they are; for the seller only."""
        ...

    async def look_up_account(self, account_id: str) -> AccountSeen:
        """Whether the account can be paid."""
        ...

    async def look_up_chargeback(self, provider_id: str) -> ChargebackSeen:
        """What the payer's bank took back."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify the raw bytes and read them. Raises BadWebhook or Unreadable."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


Rails = Mapping[Rail, PaymentRail]
