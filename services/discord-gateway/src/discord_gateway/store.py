"""All SQL of the service: interactions that wait for an answer, and what was shown where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.storage.database import Database, Transaction

TOKEN_LIVES = timedelta(minutes=15)
KEEP = timedelta(days=14)


class Outcome(StrEnum):
    """What became of a delivery."""

    ANSWERED = "answered"
    FOLLOWED_UP = "followed_up"
    POSTED = "posted"
    EDITED = "edited"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pending:
    """An interaction that became a command and waits for its answer."""

    command_id: UUID
    interaction_id: str
    application_id: str
    token: str
    discord_user_id: str
    locale: str
    topic: str
    acknowledged: bool
    created_at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """The message that stands under a card key at a target."""

    target: str
    card_key: str
    channel_id: str
    message_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one order to show a card."""

    delivery_id: str
    outcome: Outcome
    reason_code: str = ""
    channel_id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of an order, with what has to be remembered of it."""

    made: Delivery
    posted: Posted | None = None
    answers: UUID | None = None
    """The command that the person sees answered by it."""


_PENDING = (
    "command_id, interaction_id, application_id, token, discord_user_id, locale, topic,"
    " acknowledged, created_at"
)


_REMEMBER = """
WITH made AS (
    INSERT INTO deliveries (delivery_id, outcome, reason_code, channel_id, message_id, shown_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING),
answered AS (
    UPDATE pending_interactions SET answered_at = $6 WHERE command_id = $7 AND answered_at IS NULL)
INSERT INTO posted_messages (target, card_key, channel_id, message_id, revision, posted_at)
SELECT $8, $9, $4, $5, $10::bigint, $6::timestamptz WHERE $9::text IS NOT NULL
ON CONFLICT (target, card_key) DO UPDATE SET channel_id = excluded.channel_id,
    message_id = excluded.message_id, revision = excluded.revision, posted_at = excluded.posted_at
"""


async def take_in(transaction: Transaction, pending: Pending) -> bool:
    """Remember the interaction; False means that it was taken in before."""
    taken = await transaction.value(
        f"INSERT INTO pending_interactions ({_PENDING})"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING true",
        pending.command_id,
        pending.interaction_id,
        pending.application_id,
        pending.token,
        pending.discord_user_id,
        pending.locale,
        pending.topic,
        pending.acknowledged,
        pending.created_at,
    )
    return taken is True


async def pending(database: Database, command_id: UUID) -> Pending | None:
    """The interaction behind this command, if it came through Discord."""
    row = await database.row(
        f"SELECT {_PENDING}, answered_at FROM pending_interactions"  # noqa: S608
        " WHERE command_id = $1",
        command_id,
    )
    return Pending(**dict(row)) if row else None


async def posted(database: Database, target: str, card_key: str) -> Posted | None:
    """The message that stands under this key at this target."""
    row = await database.row(
        "SELECT target, card_key, channel_id, message_id, revision FROM posted_messages"
        " WHERE target = $1 AND card_key = $2",
        target,
        card_key,
    )
    return Posted(**dict(row)) if row else None


async def remember(transaction: Transaction, shown: Shown) -> None:
    """Write down what became of an order and which message stands there now, in one statement."""
    made, posted = shown.made, shown.posted
    await transaction.run(
        _REMEMBER,
        made.delivery_id,
        made.outcome,
        made.reason_code,
        made.channel_id,
        made.message_id,
        transaction.now(),
        shown.answers,
        posted.target if posted else None,
        posted.card_key if posted else None,
        posted.revision if posted else None,
    )


async def forget(database: Database) -> None:
    """Blot out tokens that have expired, and drop what is too old to matter."""
    now = database.clock.now()
    await database.pool.execute(
        "UPDATE pending_interactions SET token = '' WHERE token <> '' AND created_at < $1",
        now - TOKEN_LIVES,
    )
    await database.pool.execute(
        "DELETE FROM pending_interactions WHERE created_at < $1", now - KEEP
    )
    await database.pool.execute("DELETE FROM deliveries WHERE shown_at < $1", now - KEEP)
