"""Who follows which listing."""

from __future__ import annotations

from chassis.storage.database import Database
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from listings.store.tables import watches

_ADD = statement(insert(watches).values(parameters(watches)).on_conflict_do_nothing())
_DROP = statement(
    delete(watches).where(
        watches.c.user_id == bindparam("user_id"),
        watches.c.listing_id == bindparam("listing_id"),
    )
)


async def add(database: Database, user_id: str, listing_id: str) -> None:
    """Follow a listing; following twice is following once."""
    now = database.clock.now()
    await database.execute(_ADD, user_id=user_id, listing_id=listing_id, created_at=now)


async def drop(database: Database, user_id: str, listing_id: str) -> None:
    """Follow a listing no longer."""
    await database.execute(_DROP, user_id=user_id, listing_id=listing_id)
