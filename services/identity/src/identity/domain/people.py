"""A person as identity knows them, and what a team member may change about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts_schema.events.identity import PlatformRole, Tier

from identity.domain.errors import OwnAccount
from identity.domain.tier import TierAction, decided


class Provider(StrEnum):
    """Where an outside account lives."""

    DISCORD = "discord"
    ROBLOX = "roblox"


@dataclass(frozen=True, slots=True)
class Account:
    """An outside account that belongs to a user."""

    provider: Provider
    provider_user_id: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """The terms a person agreed to, and when."""

    terms_version: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """One person; ``version`` counts the changes."""

    user_id: str
    discord_id: str
    created_at: datetime
    tier: Tier = Tier.TIER_0
    role: PlatformRole = PlatformRole.USER
    suspended: bool = False
    locale: str = "en"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """What a team member wishes to change; None leaves a thing as it is."""

    reason: str
    tier: Tier | None = None
    role: PlatformRole | None = None
    suspended: bool | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The user after a change, and by which tier action."""

    before: User
    after: User
    tier_action: TierAction | None = None


def change(user: User, wish: Change, by_user_id: str, *, has_roblox: bool) -> Changed:
    """Apply the wish by the rules; the version moves only if something else did."""
    if by_user_id == user.user_id:
        raise OwnAccount
    tier = user.tier if wish.tier is None else wish.tier
    action = None if tier == user.tier else decided(user.tier, tier, has_roblox=has_roblox)
    after = replace(
        user,
        tier=tier,
        role=wish.role or user.role,
        suspended=user.suspended if wish.suspended is None else wish.suspended,
    )
    if after != user:
        after = replace(after, version=user.version + 1)
    return Changed(user, after, action)
