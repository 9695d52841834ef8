"""What one person was told of one thing, as the web and the API show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """What one person was told of one thing."""

    notification_id: str
    user_id: str
    kind: str
    title: str
    body: str
    created_at: datetime
    read_at: datetime | None = None
