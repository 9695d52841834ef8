"""Links and OAuth states: what is handed out for a few minutes, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.errors import LinkCompleted, LinkExpired
from identity.domain.people import Provider

LINK_LIFE = timedelta(minutes=15)
STATE_LIFE = timedelta(minutes=10)
LINKS_PER_WINDOW = 10


@dataclass(frozen=True, slots=True)
class Link:
    """A user's wish to link an account; its id is public, its token is not."""

    link_id: str
    user_id: str
    provider: Provider
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None = None
    completed_at: datetime | None = None

    def require_open(self, now: datetime) -> None:
        """Refuse what is over."""
        if self.completed_at is not None:
            raise LinkCompleted
        if self.expires_at <= now:
            raise LinkExpired


class Purpose(StrEnum):
    """What an OAuth round trip is for."""

    LINK = "link"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class State:
    """One OAuth round trip under way, bound to a browser and, when linking, to a user."""

    purpose: Purpose
    provider: Provider
    verifier: str
    expires_at: datetime
    user_id: str | None = None
    link_id: str | None = None
    terms_version: str | None = None
    redirect_to: str | None = None
