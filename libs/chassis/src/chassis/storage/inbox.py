"""Each message is applied once per consumer: a claim in the transaction of its effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, literal_column, select

from chassis.cause import Cause
from chassis.storage.database import BEGIN, Database, RowLock, Transaction
from chassis.storage.sql import statement
from chassis.storage.tables import inbox

_CLAIM = "INSERT INTO inbox (consumer, message_id) VALUES {} ON CONFLICT DO NOTHING"
_CLAIMED = "INSERT 0 1"
_HANDLED = statement(
    select(literal_column("true")).where(
        inbox.c.consumer == bindparam("consumer"), inbox.c.message_id == bindparam("message_id")
    )
)

_CLAIMED_HERE = statement("""
SELECT message_id FROM inbox WHERE consumer = :consumer
    AND message_id = ANY(CAST(:message_ids AS uuid[]))
    AND xmin = CAST(pg_current_xact_id() AS xid)
""")


async def handled(database: Database, consumer: str, message_id: UUID) -> bool:
    """Whether this consumer handled the message before."""
    found = await database.value(_HANDLED, consumer=consumer, message_id=message_id)
    return found is True


@dataclass(frozen=True, slots=True)
class Claim:
    """One message for one consumer, and the row that its work is about."""

    consumer: str
    message_id: UUID
    lock: RowLock | None = None


def claiming(claims: Sequence[Claim]) -> str:
    """The statement that claims them, for the round trip of BEGIN; it tells how many were new.

    They are claimed in the order of their ids, so that two that claim the same wait in turn.
    """
    rows = sorted(
        "('{}', '{}')".format(each.consumer.replace("'", "''"), UUID(str(each.message_id)))
        for each in claims
    )
    return _CLAIM.format(", ".join(rows))


async def claimed(transaction: Transaction, claims: Sequence[Claim]) -> set[UUID]:
    """Which of these messages of one consumer the transaction was opened with, and not repeated."""
    ids = {each.message_id for each in claims}
    if transaction.opened == f"INSERT 0 {len(ids)}":
        return ids
    consumer = claims[0].consumer
    rows = await transaction.rows(_CLAIMED_HERE, consumer=consumer, message_ids=list(ids))
    return {row["message_id"] for row in rows}


async def apply_once(
    database: Database,
    claim: Claim,
    work: Callable[[Transaction], Awaitable[None]],
    cause: Cause,
) -> bool:
    """Run the work in the transaction that claims the message; False if it was handled before.

    The claim travels with BEGIN, and so does the lock of the row that the work is about, in one
    round trip: consuming is round trips more than anything.
    """

    async def first(transaction: Transaction) -> bool:
        if transaction.opened != _CLAIMED:
            return False
        await work(transaction)
        return True

    return await database.run(
        first, cause, opening=f"{BEGIN}; {claiming([claim])}", lock=claim.lock
    )
