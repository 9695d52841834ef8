"""What people want to be told."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from notifier.store.tables import preferences

_READ = statement(
    select(preferences.c.direct_messages, preferences.c.version).where(
        preferences.c.user_id == bindparam("user_id")
    )
)
_NEW = insert(preferences).values(parameters(preferences, "version"))
_WRITE = statement(
    _NEW.on_conflict_do_update(
        index_elements=[preferences.c.user_id],
        set_={
            "direct_messages": _NEW.excluded.direct_messages,
            "version": preferences.c.version + 1,
        },
    ).returning(preferences.c.version)
)


async def read(database: Database, user_id: str) -> tuple[bool, int]:
    """(whether direct messages are wanted, version); the default is yes, at version 0."""
    row = await database.row(_READ, user_id=user_id)
    return (row["direct_messages"], row["version"]) if row else (True, 0)


async def write(tx: Transaction, user_id: str, direct_messages: bool) -> int:
    """Write what the person wants; the new version."""
    version: int = await tx.value(_WRITE, user_id=user_id, direct_messages=direct_messages)
    return version
