"""What stops releases, and why."""

from __future__ import annotations

from datetime import datetime

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from escrow.store.tables import halts

_ALL = statement(select(halts.c.name, halts.c.reason))
_SINCE = statement(select(halts.c.since).where(halts.c.name == bindparam("name")))
_ADD = statement(insert(halts).values(parameters(halts)).on_conflict_do_nothing())
_REMOVE = statement(delete(halts).where(halts.c.name == bindparam("name")))


async def in_force(reader: Transaction | Database) -> dict[str, str]:
    """What stops releases now, and why."""
    return {row["name"]: row["reason"] for row in await reader.rows(_ALL)}


async def since(tx: Transaction, name: str) -> datetime | None:
    """When releases were stopped under this name, if they are."""
    found: datetime | None = await tx.value(_SINCE, name=name)
    return found


async def add(tx: Transaction, name: str, reason: str) -> bool:
    """Stop releases; False if they were stopped under this name already."""
    return bool(await tx.run(_ADD, name=name, reason=reason, since=tx.now()))


async def remove(tx: Transaction, name: str) -> bool:
    """Let releases go on; False if they were not stopped under this name."""
    return bool(await tx.run(_REMOVE, name=name))
