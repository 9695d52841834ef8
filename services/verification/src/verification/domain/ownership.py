"""Through what a person controls an asset, and what looks at both sides of a deal prove.

An asset that Roblox shows with somebody who is no part of the deal is lost after two such looks in
a row. One that Roblox shows nothing of is unknown: it is lost only when that persisted over at
least three looks and at least ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from contracts_schema.events.verification import Ownership

GROUP_OWNER_RANK = 255
ADMIN_RANK = 200


class CreatorKind(StrEnum):
    """Who can own a game at Roblox."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True)
class Asset:
    """A game as Roblox shows it."""

    asset_id: str
    name: str
    creator_kind: CreatorKind
    creator_id: int
    details: tuple[tuple[str, str], ...] = ()
    thumbnail_url: str = ""


@dataclass(frozen=True, slots=True)
class GroupRole:
    """A person's place in a group: its rank (1 to 255) and the role's name."""

    rank: int
    name: str


def ownership(asset: Asset, roblox_user_id: int, role: GroupRole | None) -> Ownership | None:
    """How this person controls the asset; ``role`` is theirs in the group that owns it."""
    if asset.creator_kind is CreatorKind.USER:
        return Ownership.OWNER if asset.creator_id == roblox_user_id else None
    if role is None:
        return None
    if role.rank >= GROUP_OWNER_RANK:
        return Ownership.OWNER
    if role.rank >= ADMIN_RANK or "admin" in role.name.lower():
        return Ownership.ADMIN
    if "developer" in role.name.lower():
        return Ownership.DEVELOPER
    return None


class Outcome(StrEnum):
    """What a look at seller and buyer after delivery shows."""

    NOT_YET = "NOT_YET"
    TRANSFERRED = "TRANSFERRED"
    STRANGER = "STRANGER"
    """Neither of the two has it, and somebody does."""
    UNSEEN = "UNSEEN"
    """Roblox shows nothing of it."""


def outcome(seller: Ownership | None, buyer: Ownership | None) -> Outcome:
    """Both sides proven, still with the seller, or with somebody who is not part of the deal."""
    if seller is not None:
        return Outcome.NOT_YET
    return Outcome.TRANSFERRED if buyer is not None else Outcome.STRANGER


LOOK_AGAIN_S = (2, 5, 15, 30, 60, 120, 300)
STRANGER_LOOKS = 2
"""A transfer may show in two steps; only a second look in a row calls the asset lost."""
UNSEEN_LOOKS, UNSEEN_FOR = 3, timedelta(minutes=10)
"""An empty answer may be a hiccup of Roblox's: only one that persists says anything."""


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
