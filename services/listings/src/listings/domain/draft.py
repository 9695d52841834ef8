"""What a person had typed of an offer before the form was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Draft:
    """An offer that was begun: the fields as typed, good or not."""

    user_id: str
    listing_id: str
    draft: Mapping[str, str]
    expires_at: datetime
