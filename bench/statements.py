"""How many statements and transactions PostgreSQL runs for each service.

Statements are counted by `pg_stat_statements`, which also counts BEGIN and COMMIT; it is loaded
into a server of our own and counts only while somebody measures. Transactions are the server's own
count of commits and rollbacks, which its processes report up to ten seconds late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from holdfast.services import SERVICES

EXTENSION = "pg_stat_statements"
REPORTED_AFTER_S = 11.0
_AVAILABLE = "SELECT true FROM pg_available_extensions WHERE name = $1"
_CALLS = f"""
SELECT rolname, sum(calls)::bigint AS calls FROM {EXTENSION} JOIN pg_roles r ON r.oid = userid
WHERE toplevel AND rolname = ANY($1) GROUP BY rolname
"""  # noqa: S608
_EACH = f"""
SELECT rolname, calls, total_exec_time, regexp_replace(query, '\\s+', ' ', 'g') AS query
FROM {EXTENSION} JOIN pg_roles r ON r.oid = userid
WHERE toplevel AND rolname = ANY($1) ORDER BY calls DESC
"""  # noqa: S608
_TRANSACTIONS = """
SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()
"""
ROLES = {it.package: it.name for it in SERVICES}


@dataclass(frozen=True, slots=True)
class Count:
    """What has run so far."""

    at: float
    transactions: int
    statements: Mapping[str, int]
    """By service; empty where the server does not count them."""

    def since(self, before: Count) -> dict[str, int]:
        """The statements that ran after that other count."""
        return {name: it - before.statements.get(name, 0) for name, it in self.statements.items()}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of one service."""

    service: str
    calls: int
    total_ms: float
    sql: str


async def load(url: str) -> None:
    """Have the server load the extension at its next start, if it has it."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(_AVAILABLE, EXTENSION):
            await connection.execute(f"ALTER SYSTEM SET shared_preload_libraries = {EXTENSION}")
    finally:
        await connection.close()


class Counter:
    """Counts on one database, seen as superuser."""

    def __init__(self, connection: Any, counts_statements: bool) -> None:
        """Count through this connection."""
        self._connection, self.counts_statements = connection, counts_statements

    @classmethod
    async def opened(cls, url: str) -> Counter:
        """A counter that does not count statements yet; close it in the end."""
        connection = await asyncpg.connect(url)
        loaded = await connection.fetchval("SHOW shared_preload_libraries")
        counts = EXTENSION in loaded
        if counts:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
        counter = cls(connection, counts)
        await counter.switch(on=False)
        return counter

    async def close(self) -> None:
        """Count no more."""
        await self.switch(on=False)
        await self._connection.close()

    async def switch(self, *, on: bool) -> None:
        """Count statements from here on, or leave the server in peace."""
        if self.counts_statements:
            chosen = "top" if on else "none"
            await self._connection.execute(f"ALTER SYSTEM SET {EXTENSION}.track = {chosen}")
            await self._connection.execute("SELECT pg_reload_conf()")

    async def forget(self) -> None:
        """Count each statement from nothing."""
        await self._connection.execute(f"SELECT {EXTENSION}_reset()")

    async def each(self) -> list[Statement]:
        """Every statement that ran since, the most frequent first."""
        rows = await self._connection.fetch(_EACH, list(ROLES))
        return [
            Statement(ROLES[row["rolname"]], row["calls"], row["total_exec_time"], row["query"])
            for row in rows
        ]

    async def now(self) -> Count:
        """What has run until now."""
        found = {}
        if self.counts_statements:
            for row in await self._connection.fetch(_CALLS, list(ROLES)):
                found[ROLES[row["rolname"]]] = row["calls"]
        transactions = await self._connection.fetchval(_TRANSACTIONS)
        return Count(time.monotonic(), transactions, found)


async def reported() -> None:
    """Wait until every process of the server has reported its transactions."""
    await asyncio.sleep(REPORTED_AFTER_S)
