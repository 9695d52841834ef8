"""Links: a user's way to link an outside account, handed out for a few minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.account import Provider
from identity.domain.errors import LinkCompleted, LinkExpired

LIFETIME = timedelta(minutes=15)
MOST_PER_LIFETIME = 10


@dataclass(frozen=True, slots=True)
class Link:
    """One user's link for one provider; its id is public, its token is not."""

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
