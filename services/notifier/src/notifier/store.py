"""People, listings' cards, notifications and preferences: the only file with SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to tell, where, and in which language."""

    user_id: str
    discord_id: str
    locale: str
    direct_messages: bool = True


@dataclass(frozen=True, slots=True)
class Notification:
    """What one person was told of one thing."""

    notification_id: str
    user_id: str
    kind: str
    title: str
    body: str


_PERSON = (
    "SELECT user_id, discord_id, locale, coalesce(direct_messages, true) AS direct_messages"
    " FROM people LEFT JOIN preferences USING (user_id)"
)


async def add_person(tx: Transaction, user_id: str, discord_id: str, locale: str) -> None:
    """Remember how to reach a user."""
    await tx.run(
        "INSERT INTO people (user_id, discord_id, locale) VALUES ($1, $2, $3)"
        " ON CONFLICT (user_id) DO UPDATE SET locale = excluded.locale",
        user_id,
        discord_id,
        locale,
    )


async def people(tx: Transaction, user_ids: list[str]) -> dict[str, Person]:
    """The people known of these users."""
    rows = await tx.rows(f"{_PERSON} WHERE user_id = ANY($1)", user_ids)
    return {row["user_id"]: Person(**row) for row in rows}


async def person_at_discord(tx: Transaction, discord_id: str) -> Person | None:
    """The person behind a Discord account."""
    row = await tx.row(f"{_PERSON} WHERE discord_id = $1", discord_id)
    return Person(**row) if row else None


async def keep_listing(tx: Transaction, facts: dict[str, Any]) -> dict[str, Any]:
    """Remember what a listing's card shows; later facts add to earlier ones. What is known now."""
    known: dict[str, Any] = await tx.value(
        "INSERT INTO listings (listing_id, seller_id, title, guild_id, channel_id, facts)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (listing_id) DO UPDATE"
        " SET title = excluded.title, facts = listings.facts || excluded.facts,"
        " channel_id = coalesce(excluded.channel_id, listings.channel_id) RETURNING facts",
        facts["listing_id"],
        facts["seller_id"],
        facts["title"],
        facts.get("guild_id"),
        facts.get("channel_id"),
        facts,
    )
    return known


async def listing(tx: Transaction, listing_id: str) -> dict[str, Any] | None:
    """What is known of a listing."""
    facts: dict[str, Any] | None = await tx.value(
        "SELECT facts FROM listings WHERE listing_id = $1", listing_id
    )
    return facts


async def move_listing(
    tx: Transaction, listing_id: str, state: str, revision: int
) -> dict[str, Any] | None:
    """Note the state unless a newer one is known; what is known now, None of no such listing."""
    facts: dict[str, Any] | None = await tx.value(
        "UPDATE listings SET facts = CASE WHEN coalesce((facts ->> 'revision')::bigint, 0) <= $3"
        " THEN facts || jsonb_build_object('state', $2::text, 'revision', $3::bigint)"
        " ELSE facts END WHERE listing_id = $1 RETURNING facts",
        listing_id,
        state,
        revision,
    )
    return facts


async def add_notifications(tx: Transaction, notifications: Sequence[Notification]) -> None:
    """Keep what people were told, for the web and the API."""
    if notifications:
        await tx.run(
            "INSERT INTO notifications (notification_id, user_id, kind, title, body, created_at)"
            " SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
            " ON CONFLICT DO NOTHING",
            *zip(*map(astuple, notifications), strict=True),
            tx.now(),
        )


async def notifications(
    database: Database, user_id: str, after: Position | None, limit: int
) -> list[dict[str, Any]]:
    """A page of what a person was told, newest first."""
    at, last_id = after or (datetime.max.replace(tzinfo=database.clock.now().tzinfo), "")
    rows = await database.rows(
        "SELECT notification_id, kind, title, body, created_at, read_at FROM notifications"
        " WHERE user_id = $1 AND (created_at, notification_id) < ($2, $3)"
        " ORDER BY created_at DESC, notification_id DESC LIMIT $4",
        user_id,
        at,
        last_id,
        limit,
    )
    return [dict(row) for row in rows]


async def mark_read(tx: Transaction, user_id: str, ids: list[str]) -> int:
    """Mark these of the person's notifications read; how many were unread."""
    return await tx.run(
        "UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND read_at IS NULL"
        " AND notification_id = ANY($2)",
        user_id,
        ids,
        tx.now(),
    )


async def preferences(database: Database, user_id: str) -> tuple[bool, int]:
    """(whether direct messages are wanted, version); the default is yes, at version 0."""
    row = await database.row(
        "SELECT direct_messages, version FROM preferences WHERE user_id = $1", user_id
    )
    return (row["direct_messages"], row["version"]) if row else (True, 0)


async def set_preferences(tx: Transaction, user_id: str, direct_messages: bool) -> int:
    """Write the wish; the new version."""
    version: int = await tx.value(
        "INSERT INTO preferences (user_id, direct_messages) VALUES ($1, $2)"
        " ON CONFLICT (user_id) DO UPDATE SET direct_messages = excluded.direct_messages,"
        " version = preferences.version + 1 RETURNING version",
        user_id,
        direct_messages,
    )
    return version
