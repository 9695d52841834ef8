"""Linked accounts: which account at Discord or Roblox belongs to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Provider(StrEnum):
    """Where an outside account lives."""

    DISCORD = "discord"
    ROBLOX = "roblox"


class LinkOutcome(StrEnum):
    """What became of giving an account to a user."""

    LINKED = "linked"
    TAKEN = "taken"
    HAS_ANOTHER = "has_another"


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """A linked account with the name that its last login told; empty if none did."""

    user_id: str
    provider: Provider
    provider_user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """An outside account that belongs to a user."""

    provider: Provider
    provider_user_id: str
    linked_at: datetime
