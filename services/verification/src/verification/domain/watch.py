"""The asset of a deal whose money is held, and what looks at both sides of it prove.

An asset that its provider shows with somebody who is no part of the deal is lost after two such
looks in a row. One that it shows nothing of is unknown: it is lost only when that persisted over
at least three looks and at least ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts_schema.events.verification import Ownership
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.terms import canonical_json, sha256_hex

from verification.domain.snapshot import Snapshot


class Outcome(StrEnum):
    """What a look at seller and buyer after delivery shows."""

    NOT_YET = "NOT_YET"
    TRANSFERRED = "TRANSFERRED"
    STRANGER = "STRANGER"
    """Neither of the two has it, and somebody does."""
    UNSEEN = "UNSEEN"
    """Its provider shows nothing of it."""


def outcome(seller: Ownership | None, buyer: Ownership | None) -> Outcome:
    """Both sides proven, still with the seller, or with somebody who is not part of the deal."""
    if seller is not None:
        return Outcome.NOT_YET
    return Outcome.TRANSFERRED if buyer is not None else Outcome.STRANGER


LOOK_AGAIN_S = (2, 5, 15, 30, 60, 120, 300)
STRANGER_LOOKS = 2
"""A transfer may show in two steps; only a second look in a row calls the asset lost."""
UNSEEN_LOOKS, UNSEEN_FOR = 3, timedelta(minutes=10)
"""An empty answer may be a provider's hiccup: only one that persists says anything."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Looks in a row that did not show the asset where it should be, the present one included."""

    strangers: int = 0
    unseen: int = 0
    unseen_for: timedelta = timedelta()

    @property
    def vanished(self) -> bool:
        """Whether nothing was shown often enough, and for long enough, to believe it."""
        return self.unseen >= UNSEEN_LOOKS and self.unseen_for >= UNSEEN_FOR

    @property
    def lost(self) -> bool:
        """Whether seller and buyer can no longer be expected to have the asset."""
        return self.strangers >= STRANGER_LOOKS or self.vanished


def look_again_after(looks: int) -> int:
    """Seconds until the next look, more and more patient."""
    return LOOK_AGAIN_S[min(looks, len(LOOK_AGAIN_S) - 1)]


OPEN = ("FUNDED", "DELIVERED")
"""The states in which there is still something to look for."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The asset of a deal whose money is held."""

    escrow_id: str
    deal_id: str
    asset_id: str
    seller_id: str
    buyer_id: str
    state: str
    looks: int = 0
    looks_lost: int = 0
    until: datetime | None = None
    unseen: int = 0
    unseen_since: datetime | None = None
    kind: str = DEFAULT_KIND

    def trail(self, now: datetime) -> Trail:
        """What the looks in a row up to now showed."""
        return Trail(self.looks_lost, self.unseen, now - (self.unseen_since or now))

    def wait_after(self, seen: Outcome) -> timedelta:
        """Until the next look: long while the seller has it, else growing with each look."""
        if seen is Outcome.UNSEEN:
            return timedelta(seconds=look_again_after(self.unseen))
        if self.state == "FUNDED" and seen is not Outcome.STRANGER:
            return timedelta(hours=1)
        return timedelta(seconds=look_again_after(self.looks))


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at both sides showed."""

    seller: Ownership | None
    buyer: Ownership | None
    snapshot: Snapshot | None

    @property
    def outcome(self) -> Outcome:
        """What that proves."""
        if self.snapshot is None:
            return Outcome.UNSEEN
        return outcome(self.seller, self.buyer)


@dataclass(frozen=True, slots=True)
class Proof:
    """That an asset left the seller and reached the buyer; ``content`` is canonical JSON."""

    proof_id: str
    escrow_id: str
    deal_id: str
    asset_id: str
    content: str
    sha256: str
    proven_at: datetime
    kind: str = DEFAULT_KIND

    @classmethod
    def of(cls, proof_id: str, watched: Watch, sight: Sight, at: datetime) -> Proof:
        """What this look at this watch proves."""
        content = canonical_json(
            {
                "kind": watched.kind,
                "asset_id": watched.asset_id,
                "deal_id": watched.deal_id,
                "escrow_id": watched.escrow_id,
                "seller": {"user_id": watched.seller_id, "ownership": sight.seller},
                "buyer": {"user_id": watched.buyer_id, "ownership": sight.buyer},
                "seen": sight.snapshot.sha256 if sight.snapshot else None,
                "at": at.isoformat(),
            }
        )
        return cls(
            proof_id,
            watched.escrow_id,
            watched.deal_id,
            watched.asset_id,
            content.decode(),
            sha256_hex(content),
            at,
            watched.kind,
        )
