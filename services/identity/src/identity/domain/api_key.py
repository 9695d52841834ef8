"""API keys and their scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts_schema.events.identity import PlatformRole

from identity.domain.errors import ExpiryRefused, ScopeRefused

MOST_LIVE = 20
USUAL_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=365)


class Scope(StrEnum):
    """What a credential may be used for."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


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
    """The scopes asked for in their order, if this role may give them all."""
    allowed, asked = scopes_of(role), set(wanted)
    for scope in sorted(asked):
        if scope not in allowed:
            raise ScopeRefused(scope=scope)
    return tuple(scope for scope in Scope if scope in asked)


def key_end(wanted: datetime | None, now: datetime) -> datetime:
    """When the key ends: as asked, within a year."""
    end = wanted or now + USUAL_LIFE
    if not now < end <= now + LONGEST_LIFE:
        raise ExpiryRefused(longest_days=LONGEST_LIFE.days)
    return end
