"""Interactions that wait for an answer, with their tokens, which are nowhere else."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage import pruning
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from discord_gateway.domain.interaction import Pending
from discord_gateway.store.tables import pending_interactions

TOKEN_LIVES = timedelta(minutes=15)
KEEP = timedelta(days=14)

_ADD = statement(
    insert(pending_interactions)
    .values(parameters(pending_interactions, "answered_at"))
    .on_conflict_do_nothing()
)
_BLOT_OUT = statement(
    update(pending_interactions)
    .values(token="")
    .where(
        pending_interactions.c.token != "", pending_interactions.c.created_at < bindparam("before")
    )
)
_OLD = pruning.first_before(pending_interactions.c.created_at)


async def add(tx: Transaction, pending: Pending) -> bool:
    """Remember the interaction; False means that it was taken in before."""
    return await tx.run(_ADD, **_ADD.values_of(pending)) == 1


async def forget(database: Database) -> None:
    """Blot out tokens that have expired, and drop what is too old to matter."""
    await database.execute(_BLOT_OUT, before=database.clock.now() - TOKEN_LIVES)
    await pruning.prune(database, [_OLD], keep=KEEP)
