"""Sessions: logins that go on by refresh tokens, each of which works once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.user import User

ACCESS_LIFE = timedelta(minutes=15)
EXCHANGED_LIFE = timedelta(minutes=5)
REFRESH_LIFE = timedelta(days=7)
MOST_LIVE = 50


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
class RefreshToken:
    """A refresh token as it is kept, with its session."""

    session: Session
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Login:
    """A session that goes on, and the secret that continues it."""

    user: User
    session_id: str
    refresh_token: str
