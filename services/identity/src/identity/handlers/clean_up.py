"""Forgetting what is over."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage.database import Transaction

from identity.store import links, sessions

EVERY = timedelta(minutes=10)
LINKS_KEPT = timedelta(days=1)
SESSIONS_KEPT = timedelta(days=30)


async def clean_up(tx: Transaction) -> int:
    """Forget what ended long enough ago; how many rows. An ended link is explained for a day."""
    now = tx.now()
    gone = await links.clean_up(tx, now - LINKS_KEPT)
    return gone + await sessions.clean_up(tx, now - SESSIONS_KEPT)
