"""Forgetting what is over, each in its time."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage.database import Transaction
from chassis.storage.timers import Timer

from identity import store

CLEAN_UP = "identity.clean_up"
EVERY = timedelta(minutes=10)
LINKS_KEPT = timedelta(days=1)
SESSIONS_KEPT = timedelta(days=30)


async def clean_up(tx: Transaction, timer: Timer) -> None:
    """Forget what ended long enough ago, and be due again; an ended link is explained for a day."""
    now = tx.now()
    await store.oauth_state.forget(tx)
    await store.link.forget(tx, now - LINKS_KEPT)
    await store.session.forget(tx, now - SESSIONS_KEPT)
    await tx.set_timer(CLEAN_UP, timer.subject_id, now + EVERY)
