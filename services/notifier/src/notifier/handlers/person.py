"""Knows how to reach people."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.events.identity import UserRegistered

from notifier.domain import person
from notifier.handlers.notice import send
from notifier.store import person as store


async def register(tx: Transaction, event: UserRegistered) -> None:
    """Remember how to reach them, and greet them."""
    await store.add(tx, event.user_id, event.discord_id, event.locale)
    await send(tx, person.registered(event))
