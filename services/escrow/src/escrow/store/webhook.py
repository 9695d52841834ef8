"""The providers' webhooks, as they came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.terms import Rail
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from escrow.ports import About, Notice
from escrow.store.tables import webhooks

_KEEP = statement(
    insert(webhooks).values(parameters(webhooks, "applied_at", "outcome")).on_conflict_do_nothing()
)
_OPEN = (
    webhooks.c.provider == bindparam("provider"),
    webhooks.c.event_id == bindparam("event_id"),
    webhooks.c.applied_at.is_(None),
)
_UNAPPLIED = statement(
    select(
        webhooks.c.event_id,
        webhooks.c.type,
        webhooks.c.about,
        webhooks.c.subject,
        webhooks.c.received_at,
    ).where(*_OPEN)
)
_SET_APPLIED = statement(
    update(webhooks).values(applied_at=bindparam("now"), outcome=bindparam("outcome")).where(*_OPEN)
)


async def keep(tx: Transaction, rail: Rail, notice: Notice, body: bytes) -> bool:
    """Keep the raw event; False if it came before."""
    more = {"provider": rail, "body": body, "received_at": tx.now()}
    return bool(await tx.run(_KEEP, **_KEEP.values_of(notice, **more)))


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that was not applied yet, and when it came."""

    notice: Notice
    received_at: datetime


async def unapplied(database: Database, rail: Rail, event_id: str) -> Kept | None:
    """The event, if it has not been applied yet."""
    row = await database.row(_UNAPPLIED, provider=rail, event_id=event_id)
    if row is None:
        return None
    told = Notice(row["event_id"], row["type"], About(row["about"]), row["subject"])
    return Kept(told, row["received_at"])


async def set_applied(
    writer: Transaction | Database, rail: Rail, event_id: str, outcome: str
) -> None:
    """Note that the event was applied, and what came of it."""
    values = {"provider": rail, "event_id": event_id, "outcome": outcome}
    run = writer.run if isinstance(writer, Transaction) else writer.execute
    await run(_SET_APPLIED, **values, now=writer.clock.now())
