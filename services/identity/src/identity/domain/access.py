"""Sessions, refresh tokens, API keys and their scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts_schema.events.identity import PlatformRole

from identity.domain.errors import ExpiryRefused, ScopeRefused

ACCESS_LIFE = timedelta(minutes=15)
EXCHANGED_LIFE = timedelta(minutes=5)
REFRESH_LIFE = timedelta(days=7)
SESSIONS_KEPT = 50
KEYS_KEPT = 20
KEY_LONGEST = timedelta(days=365)


class Scope(StrEnum):
    """What a credential may be used for."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class EndReason(StrEnum):
    """Why a session ended."""

    LOGOUT = "logout"
    REVOKED = "revoked"
    REFRESH_REUSED = "refresh_reused"
    SUSPENDED = "suspended"
    ROLE_CHANGED = "role_changed"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Session:
    """One login; every refresh token that came of it belongs to its family."""

    session_id: str
    user_id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A long-lived credential of one user; only the hash of its secret is kept."""

    key_id: str
    user_id: str
    name: str
    hint: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


def scopes_of(role: PlatformRole) -> tuple[Scope, ...]:
    """What a login of this role may do."""
    plain = (Scope.READ, Scope.WRITE)
    return (*plain, Scope.ADMIN) if role is PlatformRole.ADMIN else plain


def granted(wanted: Iterable[Scope], role: PlatformRole) -> tuple[Scope, ...]:
    """The wished scopes in their order, if this role may give them all."""
    allowed, asked = scopes_of(role), set(wanted)
    for scope in sorted(asked):
        if scope not in allowed:
            raise ScopeRefused(scope)
    return tuple(scope for scope in Scope if scope in asked)


def key_end(wanted: datetime | None, now: datetime) -> datetime:
    """When the key ends: as wished, within a year."""
    end = wanted or now + timedelta(days=90)
    if not now < end <= now + KEY_LONGEST:
        raise ExpiryRefused(KEY_LONGEST.days)
    return end
