"""What escrow needs of a rail: how money comes and goes. Each rail is one adapter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from contracts_schema.money import Money


class PaymentState(StrEnum):
    """How far a payment is, as the provider says."""

    OPEN = "OPEN"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """Ask the payer for this much; ``key`` makes a repetition harmless."""

    escrow_id: str
    title: str
    amount: Money
    key: str
    done_url: str


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """Where the payer pays, and until when."""

    reference: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as the provider shows it now."""

    state: PaymentState
    charge_reference: str = ""
    source_reference: str = ""
    received: Money | None = None
    provider_fee: Money | None = None
    failure_code: str = ""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """Pay this much to somebody, out of what this source brought in."""

    payout_id: str
    escrow_id: str
    amount: Money
    destination: str
    source_reference: str
    key: str


@dataclass(frozen=True, slots=True)
class PayoutSeen:
    """A payout that exists at the provider; ``final`` when it is proven and not taken back."""

    reference: str
    amount: Money
    destination: str
    final: bool


@dataclass(frozen=True, slots=True)
class ChargebackSeen:
    """A payment that the payer's bank took back, or tries to."""

    source_reference: str
    amount: Money
    taken: bool
    """Whether the money has left the rail (it comes back when the bank decides for us)."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A webhook's event: what kind it is, and which object it is about."""

    event_id: str
    kind: str
    object_id: str
    group: str = ""


class PaymentRail(Protocol):
    """How money comes and goes.

    Every method that talks to the provider raises RailUnavailable when the outcome is unknown
    and RailRefused when the provider said no.
    """

    async def open(self, order: PaymentOrder) -> OpenPayment:
        """Give the payer a page of the provider's own."""
        ...

    async def look_up_payment(self, reference: str) -> PaymentSeen:
        """What became of a payment."""
        ...

    async def find_payment(self, charge_reference: str) -> str | None:
        """The reference of the payment that this charge belongs to."""
        ...

    async def close(self, reference: str) -> None:
        """Let nobody pay there any more."""
        ...

    async def pay_out(self, order: PayoutOrder) -> PayoutSeen:
        """Send money to the destination."""
        ...

    async def refund(self, order: PayoutOrder) -> PayoutSeen:
        """Send money back to where it came from."""
        ...

    async def find_payout(self, order: PayoutOrder, *, refund: bool) -> PayoutSeen | None:
        """The payout of this id at the provider, if there is one."""
        ...

    async def look_up_chargeback(self, reference: str) -> ChargebackSeen:
        """What became of a chargeback."""
        ...

    async def open_account(self, user_id: str, key: str) -> str:
        """A new account that payouts can go to; its reference."""
        ...

    async def can_be_paid(self, account: str) -> bool:
        """Whether the account's owner has finished onboarding."""
        ...

    async def onboarding_url(self, account: str, done_url: str, again_url: str) -> str:
        """A page of the provider's own where the owner finishes onboarding."""
        ...

    def read_webhook(self, body: bytes, signature: str, now: datetime) -> ProviderEvent:
        """The event that these raw bytes carry; raises ForgedWebhook."""
        ...


class ForgedWebhook(Exception):
    """The signature does not fit, or its time is too far from ours."""


class WebhooksOff(Exception):
    """No webhook secret is configured, so no webhook can be believed."""
