"""A draft: frozen terms on their way to a contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What the documents of a contract are made from; it is gone once they are stored."""

    contract_id: str
    terms: str
    """Canonical JSON; its hash is what both parties will sign."""
    template_version: int
    drafted_at: datetime
    accounts: str | None = None
    """Who the parties are outside, once it was told: kept first, so that every try prints it."""
