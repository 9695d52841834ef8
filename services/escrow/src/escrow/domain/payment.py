"""A payment that was asked for, and what the provider says became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts_schema.money import Money


class PaymentState(StrEnum):
    """Where one attempt to collect the money stands."""

    PREPARING = "PREPARING"
    OPEN = "OPEN"
    PAID = "PAID"
    CLOSED = "CLOSED"
    MISMATCH = "MISMATCH"


UNDER_WAY = frozenset({PaymentState.PREPARING, PaymentState.OPEN})


@dataclass(slots=True)
class Payment:
    """One attempt; the provider's objects are bound to it by their ids, never by metadata."""

    payment_id: str
    escrow_id: str
    attempt: int
    asked: Money
    created_at: datetime
    expires_at: datetime
    state: PaymentState = PaymentState.PREPARING
    reference: str | None = None
    """The provider's page or address that the buyer pays at."""
    provider_id: str | None = None
    charge_id: str | None = None
    received: Money | None = None
    provider_fee: Money | None = None
    foreign_fee: str = ""
    """The provider's fee in another currency than the escrow's: noted, not booked."""
    last_failure: str = ""

    @property
    def key(self) -> str:
        """The idempotency key of opening it."""
        return f"escrow:{self.escrow_id}:open:{self.attempt}"

    @property
    def is_watched(self) -> bool:
        """Whether the provider may still have news of it."""
        if self.state is PaymentState.PAID:
            return self.provider_fee is None and not self.foreign_fee
        return self.state in UNDER_WAY
