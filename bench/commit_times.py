"""When messages were staged and when their effects were committed, as the database knows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

ENABLE = "ALTER SYSTEM SET track_commit_timestamp = on"
"""Takes effect when the server starts again."""


async def between(from_url: str, to_url: str, schemas: tuple[str, str]) -> list[float]:
    """Milliseconds from each staging in one schema to its commit in the other."""
    source, target = schemas
    staged = await _read(from_url, _staged([source]))
    applied = await _read(to_url, await _applied(to_url, target))
    at = {row["message_id"]: row["at"] for row in staged}
    return [_ms(at[it["message_id"]], it["at"]) for it in applied if it["message_id"] in at]


async def within(url: str, schemas: Sequence[str], since: datetime) -> list[float]:
    """The same for all messages between services of one database since that moment."""
    at = {
        row["message_id"]: row["at"]
        for row in await _read(url, _staged(schemas))
        if row["at"] >= since
    }
    took = []
    for schema in schemas:
        for row in await _read(url, await _applied(url, schema)):
            if row["message_id"] in at:
                took.append(_ms(at[row["message_id"]], row["at"]))
    return took


def _staged(schemas: Sequence[str]) -> str:
    """The names are our own services'."""
    return " UNION ALL ".join(
        f"SELECT message_id, created_at AS at FROM {it}.outbox"  # noqa: S608
        for it in schemas
    )


async def _applied(url: str, schema: str) -> str:
    """The commit's own time where the server keeps it, else when its transaction began."""
    (known,) = await _read(url, "SHOW track_commit_timestamp")
    at = "pg_xact_commit_timestamp(xmin)" if known[0] == "on" else "received_at"
    return f"SELECT message_id, {at} AS at FROM {schema}.inbox"  # noqa: S608


def _ms(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() * 1000


async def _read(url: str, sql: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()
