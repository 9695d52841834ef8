"""Cards that wait for their recipient's turn."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from contracts_schema.commands.discord import Deliver
from contracts_schema.message import DiscordActor
from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from discord_gateway.domain.backlog import Kept, Waiting
from discord_gateway.store.tables import waiting_deliveries

MOST = 1000
"""So many of one line are looked at together."""

_C = waiting_deliveries.c
_THESE = _C.delivery_id == func.any(bindparam("delivery_ids", type_=ARRAY(Text)))
_ACTOR = TypeAdapter(DiscordActor)

_KEEP = statement("""
INSERT INTO waiting_deliveries (delivery_id, line, card_key, revision, summary_key, reader,
    command, correlation_id, causation_id)
SELECT * FROM unnest(
    CAST(:delivery_ids AS text[]), CAST(:lines AS text[]), CAST(:card_keys AS text[]),
    CAST(:revisions AS bigint[]), CAST(:summary_keys AS text[]), CAST(:readers AS text[]),
    CAST(:commands AS text[]), CAST(:correlation_ids AS text[]), CAST(:causation_ids AS text[]))
ON CONFLICT (delivery_id) DO NOTHING
""")
_LINES = statement(select(_C.line).distinct())
_WAITING = statement(
    select(_C.delivery_id, _C.card_key, _C.revision, _C.summary_key, _C.told)
    .where(_C.line == bindparam("line"))
    .order_by(_C.told, _C.revision, _C.position)
    .limit(MOST)
)
_FIND = statement(
    select(_C.line, _C.reader, _C.command, _C.correlation_id, _C.causation_id, _C.told).where(
        _C.delivery_id == bindparam("delivery_id")
    )
)
_TELL = statement(update(waiting_deliveries).values(told=True).where(_THESE))
_REMOVE = statement(delete(waiting_deliveries).where(_THESE))


async def keep(tx: Transaction, kept: Sequence[Kept]) -> None:
    """Write down cards that have to wait; one that waits already waits once."""
    await tx.run(
        _KEEP,
        delivery_ids=[each.asked.delivery_id for each in kept],
        lines=[each.line for each in kept],
        card_keys=[each.asked.card_key for each in kept],
        revisions=[each.asked.revision for each in kept],
        summary_keys=[each.asked.summary.key if each.asked.summary else "" for each in kept],
        readers=[_ACTOR.dump_json(each.reader).decode() for each in kept],
        commands=[each.asked.model_dump_json() for each in kept],
        correlation_ids=[each.correlation_id for each in kept],
        causation_ids=[each.causation_id for each in kept],
    )


async def lines(database: Database) -> list[str]:
    """The lines in which cards wait."""
    return [row["line"] for row in await database.rows(_LINES)]


async def waiting(database: Database, line: str) -> list[Waiting]:
    """The first cards of a line, in the order they are shown: what was told already comes last."""
    return [Waiting(**row) for row in await database.rows(_WAITING, line=line)]


async def find(database: Database, delivery_id: str) -> Kept:
    """The card, with all that it takes to show it."""
    row = await database.row(_FIND, delivery_id=delivery_id)
    if row is None:
        raise LookupError(f"{delivery_id} does not wait")
    return Kept(
        row["line"],
        _ACTOR.validate_json(row["reader"]),
        Deliver.model_validate_json(row["command"]),
        row["correlation_id"],
        row["causation_id"],
        row["told"],
    )


async def tell(tx: Transaction, delivery_ids: Sequence[str]) -> None:
    """A summary tells of these."""
    await tx.run(_TELL, delivery_ids=list(delivery_ids))


async def remove(tx: Transaction, delivery_ids: Sequence[str]) -> None:
    """These wait no longer."""
    await tx.run(_REMOVE, delivery_ids=list(delivery_ids))
