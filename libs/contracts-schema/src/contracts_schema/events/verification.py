"""What verification tells: who owns an asset, and that it changed hands."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import DealId, EntityId, EscrowId, ListingId, UserId
from contracts_schema.message import Event


class Ownership(StrEnum):
    """Through what a person controls an asset."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    DEVELOPER = "DEVELOPER"


class Purpose(StrEnum):
    """At which step of a trade ownership was checked."""

    LISTING = "listing"
    ACCEPT = "accept"
    FUNDING = "funding"
    DELIVERY = "delivery"


class _VerificationEvent(Event):
    subject_field: ClassVar[str] = "verification_id"

    verification_id: EntityId
    user_id: UserId
    asset_id: str
    kind: str = DEFAULT_KIND
    purpose: Purpose
    listing_id: ListingId | None = None
    deal_id: DealId | None = None


class AssetVerified(_VerificationEvent):
    """The user owned the asset when it was checked; a snapshot of it is stored."""

    topic: ClassVar[str] = "verification.asset_verified.v1"

    ownership: Ownership
    snapshot_id: EntityId
    snapshot_sha256: str
    asset_name: str = ""
    thumbnail_url: str = ""
    checked_at: datetime
    expires_at: datetime


class AssetRejected(_VerificationEvent):
    """The user did not own the asset when it was checked (never: it could not be checked)."""

    topic: ClassVar[str] = "verification.asset_rejected.v1"

    reason_code: str
    checked_at: datetime


class SnapshotTaken(Event):
    """What the asset looked like is stored."""

    topic: ClassVar[str] = "verification.snapshot_taken.v1"
    subject_field: ClassVar[str] = "snapshot_id"

    snapshot_id: EntityId
    asset_id: str
    kind: str = DEFAULT_KIND
    sha256: str


class OwnershipTransferred(Event):
    """Both sides are proven: the asset left the seller and the buyer has it."""

    topic: ClassVar[str] = "verification.ownership_transferred.v1"
    subject_field: ClassVar[str] = "escrow_id"

    escrow_id: EscrowId
    deal_id: DealId
    asset_id: str
    kind: str = DEFAULT_KIND
    seller_id: UserId
    buyer_id: UserId
    proof_id: EntityId
    proven_at: datetime


class OwnershipLost(Event):
    """The seller no longer has the asset and neither has the buyer."""

    topic: ClassVar[str] = "verification.ownership_lost.v1"
    subject_field: ClassVar[str] = "escrow_id"

    escrow_id: EscrowId
    deal_id: DealId
    asset_id: str
    kind: str = DEFAULT_KIND
    seller_id: UserId
    buyer_id: UserId
    seen_at: datetime
