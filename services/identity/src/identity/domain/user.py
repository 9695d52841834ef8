"""A person as identity knows them, and what an administrator may change about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from contracts_schema.events.identity import PlatformRole, Tier

from identity.domain.errors import OwnAccount
from identity.domain.terms import TermsOfService
from identity.domain.tier import TierAction, decided


@dataclass(frozen=True, slots=True)
class Consent:
    """The terms a person agreed to, and when.

    Without a hash: agreed to before the terms were a text of their own.
    """

    terms_version: str
    terms_sha256: str | None
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Joining:
    """What counts for whoever joins: the terms, and which Discord accounts administer."""

    terms: TermsOfService
    admins: frozenset[str] = frozenset()


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


def as_in_discord(user: User) -> User:
    """The person with what they may do in Discord, where nobody is an administrator."""
    return replace(user, role=PlatformRole.USER) if user.role is PlatformRole.ADMIN else user


@dataclass(frozen=True, slots=True)
class Change:
    """What an administrator asks to change; None leaves a thing as it is."""

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


def makes_administrator(user: User, asked: Change) -> bool:
    """Whether somebody acts as an administrator by it who does not now."""
    is_now = user.role is PlatformRole.ADMIN and not user.suspended
    role = asked.role or user.role
    suspended = user.suspended if asked.suspended is None else asked.suspended
    return role is PlatformRole.ADMIN and not suspended and not is_now


def change(user: User, asked: Change, by_user_id: str, *, has_roblox: bool) -> Changed:
    """Apply the change by the rules; the version moves only if something else did."""
    if by_user_id == user.user_id:
        raise OwnAccount
    tier = user.tier if asked.tier is None else asked.tier
    action = None if tier == user.tier else decided(user.tier, tier, has_roblox=has_roblox)
    after = replace(
        user,
        tier=tier,
        role=asked.role or user.role,
        suspended=user.suspended if asked.suspended is None else asked.suspended,
    )
    if after != user:
        after = replace(after, version=user.version + 1)
    return Changed(user, after, action)
