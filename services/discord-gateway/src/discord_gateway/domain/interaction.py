"""Interactions that became commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

ANSWERED_WITHIN = timedelta(minutes=14)
"""The token lives 15 minutes by Discord's clock."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An interaction that became a command and waits for its answer."""

    command_id: UUID
    interaction_id: str
    application_id: str
    token: str
    discord_user_id: str
    locale: str
    topic: str
    acknowledged: bool
    created_at: datetime
    answered_at: datetime | None = None

    def answerable(self, now: datetime) -> bool:
        """Whether Discord still takes an answer to it."""
        in_time = now - self.created_at < ANSWERED_WITHIN
        return self.acknowledged and bool(self.token) and in_time
