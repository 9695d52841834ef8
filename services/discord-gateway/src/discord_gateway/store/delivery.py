"""What became of the cards, and which message stands where."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from sqlalchemy import bindparam, delete, select

from discord_gateway.domain.delivery import Posted, Shown
from discord_gateway.store.tables import deliveries, posted_messages

KEEP = timedelta(days=14)

_POSTED = statement(
    select(*(column for column in posted_messages.c if column.name != "posted_at")).where(
        posted_messages.c.target == bindparam("target"),
        posted_messages.c.card_key == bindparam("card_key"),
    )
)
_REMEMBER = statement("""
WITH made AS (
    INSERT INTO deliveries (delivery_id, outcome, reason_code, channel_id, message_id, shown_at)
    VALUES (:delivery_id, :outcome, :reason_code, :channel_id, :message_id, :now)
    ON CONFLICT DO NOTHING),
answered AS (
    UPDATE pending_interactions SET answered_at = :now
    WHERE command_id = :answers AND answered_at IS NULL)
INSERT INTO posted_messages (target, card_key, channel_id, message_id, revision, posted_at)
SELECT CAST(:target AS text), CAST(:card_key AS text), :channel_id, :message_id,
    CAST(:revision AS bigint), CAST(:now AS timestamptz)
WHERE CAST(:card_key AS text) IS NOT NULL
ON CONFLICT (target, card_key) DO UPDATE SET channel_id = excluded.channel_id,
    message_id = excluded.message_id, revision = excluded.revision, posted_at = excluded.posted_at
""")
_FORGET = statement(delete(deliveries).where(deliveries.c.shown_at < bindparam("before")))


async def posted(database: Database, target: str, card_key: str) -> Posted | None:
    """The message that stands under this key at this target."""
    row = await database.row(_POSTED, target=target, card_key=card_key)
    return Posted(**row) if row else None


async def remember(tx: Transaction, shown: Shown) -> None:
    """Write down what became of an order and which message stands there now, in one statement."""
    posted = shown.posted
    more = {
        "now": tx.now(),
        "answers": shown.answers,
        "target": posted.target if posted else None,
        "card_key": posted.card_key if posted else None,
        "revision": posted.revision if posted else None,
    }
    await tx.run(_REMEMBER, **_REMEMBER.values_of(shown.made, **more))


async def forget(database: Database) -> None:
    """Drop what is too old to matter."""
    await database.execute(_FORGET, before=database.clock.now() - KEEP)
