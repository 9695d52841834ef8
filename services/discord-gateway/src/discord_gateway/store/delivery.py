"""What became of the cards, and which message stands where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.storage import pruning
from chassis.storage.database import Database, Row, Transaction
from chassis.storage.sql import statement
from contracts_schema.commands.discord import Deliver

from discord_gateway.domain.delivery import Known, Posted, Shown, place_of
from discord_gateway.domain.interaction import Pending
from discord_gateway.store.tables import deliveries, pending_interactions

KEEP = timedelta(days=14)

_KNOWN = statement("""
SELECT asked.delivery_id, made.delivery_id IS NOT NULL AS made,
    asked.target, asked.card_key, posted.channel_id, posted.message_id, posted.revision,
    waiting.command_id, waiting.interaction_id, waiting.application_id, waiting.token,
    waiting.discord_user_id, waiting.locale, waiting.topic, waiting.acknowledged,
    waiting.created_at, waiting.answered_at,
    (SELECT channel_id FROM posted_messages WHERE target = asked.target LIMIT 1) AS line_channel_id
FROM unnest(
    CAST(:delivery_ids AS text[]), CAST(:targets AS text[]), CAST(:card_keys AS text[]),
    CAST(:command_ids AS uuid[])) AS asked (delivery_id, target, card_key, command_id)
LEFT JOIN deliveries AS made ON made.delivery_id = asked.delivery_id
LEFT JOIN posted_messages AS posted
    ON posted.target = asked.target AND posted.card_key = asked.card_key
LEFT JOIN pending_interactions AS waiting ON waiting.command_id = asked.command_id
""")
_REMEMBER = statement("""
WITH shown AS (
    SELECT * FROM unnest(
        CAST(:delivery_ids AS text[]), CAST(:outcomes AS text[]), CAST(:reason_codes AS text[]),
        CAST(:channel_ids AS text[]), CAST(:message_ids AS text[]), CAST(:answers AS uuid[]),
        CAST(:targets AS text[]), CAST(:card_keys AS text[]), CAST(:revisions AS bigint[])
    ) AS shown (delivery_id, outcome, reason_code, channel_id, message_id, answers,
        target, card_key, revision)),
made AS (
    INSERT INTO deliveries (delivery_id, outcome, reason_code, channel_id, message_id, shown_at)
    SELECT delivery_id, outcome, reason_code, channel_id, message_id, CAST(:now AS timestamptz)
    FROM shown
    ON CONFLICT DO NOTHING),
answered AS (
    UPDATE pending_interactions SET answered_at = CAST(:now AS timestamptz) FROM shown
    WHERE command_id = shown.answers AND answered_at IS NULL)
INSERT INTO posted_messages (target, card_key, channel_id, message_id, revision, posted_at)
SELECT DISTINCT ON (target, card_key)
    target, card_key, channel_id, message_id, revision, CAST(:now AS timestamptz)
FROM shown WHERE card_key <> ''
ON CONFLICT (target, card_key) DO UPDATE SET channel_id = excluded.channel_id,
    message_id = excluded.message_id, revision = excluded.revision, posted_at = excluded.posted_at
""")
_OLD = pruning.first_before(deliveries.c.shown_at)
_PENDING = [column.name for column in pending_interactions.c]


async def known(database: Database, asked: Sequence[Deliver], reader: str) -> dict[str, Known]:
    """What is known of these deliveries, by id, in one statement."""
    rows = await database.rows(
        _KNOWN,
        delivery_ids=[each.delivery_id for each in asked],
        targets=[place_of(each, reader).key for each in asked],
        card_keys=[each.card_key for each in asked],
        command_ids=[each.target.command_id for each in asked],
    )
    now = database.clock.now()
    return {
        row["delivery_id"]: Known(
            row["made"], _posted(row), _waiting(row, now), row["line_channel_id"] or ""
        )
        for row in rows
    }


def _posted(row: Row) -> Posted | None:
    if row["message_id"] is None:
        return None
    names = ("target", "card_key", "channel_id", "message_id", "revision")
    return Posted(**{name: row[name] for name in names})


def _waiting(row: Row, now: datetime) -> Pending | None:
    if row["command_id"] is None:
        return None
    waiting = Pending(**{name: row[name] for name in _PENDING})
    return waiting if waiting.answerable(now) else None


async def remember(tx: Transaction, shown: Sequence[Shown]) -> None:
    """Write down what became of them and which messages stand there now, in one statement."""
    posted: list[Any] = [each.posted or _NOT_POSTED for each in shown]
    await tx.run(
        _REMEMBER,
        delivery_ids=[each.delivery_id for each in shown],
        outcomes=[each.outcome for each in shown],
        reason_codes=[each.reason_code for each in shown],
        channel_ids=[each.channel_id for each in shown],
        message_ids=[each.message_id for each in shown],
        answers=[each.answers for each in shown],
        targets=[each.target for each in posted],
        card_keys=[each.card_key for each in posted],
        revisions=[each.revision for each in posted],
        now=tx.now(),
    )


async def forget(database: Database) -> None:
    """Drop what is too old to matter."""
    await pruning.prune(database, [_OLD], keep=KEEP)


_NOT_POSTED = Posted("", "", "", "", 0)
