"""Interactions that became commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
