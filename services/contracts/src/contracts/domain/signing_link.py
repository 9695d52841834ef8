"""A signing link: one person's way to sign one contract on the web, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.domain.contract import Contract
from contracts.domain.errors import LinkSpent

LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SigningLink:
    """Who may sign what with this link, and until when; its secret is kept nowhere."""

    link_id: str
    contract_id: str
    user_id: str
    expires_at: datetime
    used_at: datetime | None = None

    def check_open(self, contract: Contract, at: datetime) -> None:
        """Refuse a link that was used or is too old."""
        if self.used_at is not None:
            raise LinkSpent("link_used", **contract.next_step())
        if self.expires_at <= at:
            raise LinkSpent("link_too_old")


def link_end(contract: Contract, now: datetime) -> datetime:
    """When a link made now ends: after its lifetime, or with the time to sign."""
    return min(now + LIFETIME, contract.sign_before)
