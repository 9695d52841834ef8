"""Forgets what was published, applied and answered long ago."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage.database import Database
from chassis.storage.sql import statement

KEEP = timedelta(days=14)

_PRUNE = (
    statement("DELETE FROM outbox WHERE created_at < :before AND published_at < :before"),
    statement("DELETE FROM inbox WHERE received_at < :before"),
    statement("DELETE FROM idempotency_keys WHERE created_at < :before"),
)


async def prune(database: Database) -> int:
    """Forget published rows and inbox claims older than the archive time; how many rows went."""
    before = database.clock.now() - KEEP
    return sum([await database.execute(each, before=before) for each in _PRUNE])
