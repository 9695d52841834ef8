"""What identity tells: people, their linked accounts, tiers and roles. Ids only."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from contracts_schema.ids import EntityId, UserId
from contracts_schema.message import Event


class Tier(StrEnum):
    """How well a person is known; order is meaning."""

    TIER_0 = "TIER_0"
    TIER_1 = "TIER_1"
    TIER_2 = "TIER_2"


class PlatformRole(StrEnum):
    """What a person may do for the platform."""

    USER = "USER"
    ARBITRATOR = "ARBITRATOR"
    ADMIN = "ADMIN"


class _UserEvent(Event):
    subject_field: ClassVar[str] = "user_id"

    user_id: UserId


class UserRegistered(_UserEvent):
    """A person consented and exists at TIER_0."""

    topic: ClassVar[str] = "identity.user_registered.v1"

    discord_id: str
    locale: str = "en"


class LinkCreated(_UserEvent):
    """A single-use link for linking an account exists; its secret stays with identity."""

    topic: ClassVar[str] = "identity.link_created.v1"

    link_id: EntityId
    expires_at: datetime


class AccountLinked(_UserEvent):
    """An outside account belongs to this user now, and to no other."""

    topic: ClassVar[str] = "identity.account_linked.v1"

    provider: str
    provider_user_id: str


class AccountUnlinked(_UserEvent):
    """An outside account no longer belongs to this user."""

    topic: ClassVar[str] = "identity.account_unlinked.v1"

    provider: str
    provider_user_id: str


class ContestRole(StrEnum):
    """Whose side of a contested account is told."""

    HOLDER = "holder"
    CLAIMANT = "claimant"


class LinkContested(_UserEvent):
    """Two people have proven one outside account; each is told, and the later proof is to win."""

    topic: ClassVar[str] = "identity.link_contested.v1"

    provider: str
    role: ContestRole
    decided_at: datetime


class LinkContestEnded(_UserEvent):
    """It is decided whose the contested account is; each is told."""

    topic: ClassVar[str] = "identity.link_contest_ended.v1"

    provider: str
    role: ContestRole
    has_account: bool


class TierChanged(_UserEvent):
    """The person's tier is another one now."""

    topic: ClassVar[str] = "identity.tier_changed.v1"

    tier: Tier
    previous: Tier
    reason_code: str = ""


class RoleChanged(_UserEvent):
    """The person's platform role is another one now."""

    topic: ClassVar[str] = "identity.role_changed.v1"

    role: PlatformRole
    previous: PlatformRole


class UserSuspended(_UserEvent):
    """The person may not act until reinstated."""

    topic: ClassVar[str] = "identity.user_suspended.v1"


class UserReinstated(_UserEvent):
    """The person may act again."""

    topic: ClassVar[str] = "identity.user_reinstated.v1"
