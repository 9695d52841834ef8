"""Where a seller is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts_schema.terms import Rail


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """A seller's account at a provider; without the provider's id it is still being made."""

    user_id: str
    rail: Rail
    attempt: int
    provider_id: str | None
    ready: bool
    asked_at: datetime

    @property
    def key(self) -> str:
        """The idempotency key of making it."""
        return f"account:{self.user_id}:{self.attempt}"
