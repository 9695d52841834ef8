"""A question about who owns an asset, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts_schema.events.verification import Ownership, Purpose
from contracts_schema.goods import DEFAULT_KIND

from verification.domain.asset import Asset


@dataclass(frozen=True, slots=True)
class Verification:
    """One question about one asset, and its answer."""

    verification_id: str
    user_id: str
    asset_id: str
    purpose: Purpose
    status: str = "PENDING"
    ownership: Ownership | None = None
    reason_code: str = ""
    snapshot_id: str | None = None
    listing_id: str | None = None
    deal_id: str | None = None
    checked_at: datetime | None = None
    expires_at: datetime | None = None
    kind: str = DEFAULT_KIND

    def status_at(self, now: datetime) -> str:
        """The status as it is told: a proof expires."""
        expired = self.expires_at is not None and self.expires_at <= now
        return "EXPIRED" if self.status == "VERIFIED" and expired else self.status


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look showed: the asset as it is, and how the person controls it."""

    asset: Asset | None
    ownership: Ownership | None
    reason_code: str = ""


UNKNOWN_ASSET = Finding(None, None, "asset_unknown")
NO_ACCOUNT = Finding(None, None, "no_linked_account")
