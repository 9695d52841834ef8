"""PostgreSQL by asyncpg: a pool, and transactions that carry state, outbox, audit and timers."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg

from chassis.cause import Cause
from chassis.clock import Clock
from chassis.storage.outbox import Fresh
from chassis.storage.sql import Statement, bind
from chassis.storage.transaction import BEGIN, Row, RowLock, Transaction

__all__ = ["BEGIN", "Database", "Row", "RowLock", "Transaction", "connect"]

T = TypeVar("T")

RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a database that is away, or ended the connection, shows itself as.

The driver's internal error is among them: it is what a statement meets on a connection whose end
was announced and is not yet seen.
"""
AWAY = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
    asyncpg.LockNotAvailableError,
)
"""The narrower part of it that is nobody's mistake: the same thing may be asked again.

A lock that somebody held for longer than ``lock_timeout`` is one.
"""
MAX_TRIES = 5
COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"
BEGIN_UNHURRIED = "BEGIN; SET LOCAL synchronous_commit TO off"
"""For what is found out again where the database server dies right after the commit and forgets it.

It spares the wait for the disk; a later commit that does wait takes this one along.
"""


class NotCommitted(Exception):
    """A statement failed, the failure was swallowed, and PostgreSQL undid the transaction."""


class Database:
    """The pool of one service, and the wake-up calls that follow a commit."""

    def __init__(self, pool: Any, clock: Clock, service: str) -> None:
        """Wrap an open pool."""
        self.pool, self.clock, self.service = pool, clock, service
        self.outbox_filled = asyncio.Event()
        self.timers_set = asyncio.Event()
        self.audit_written = asyncio.Event()
        self.woken = asyncio.Event()
        self.fresh: Fresh | None = None
        """Where a relay of this process takes what was committed, if there is one."""

    @asynccontextmanager
    async def transaction(
        self, cause: Cause | None = None, *, opening: str = BEGIN, lock: RowLock | None = None
    ) -> AsyncIterator[Transaction]:
        """Commit with everything staged if the block ends well, else leave no trace.

        It begins with its first statement; or at once, by an ``opening`` that carries one along,
        or by the ``lock`` of the row that it is about, which goes with BEGIN.
        """
        async with self.pool.acquire() as connection:
            work = Transaction(connection, self.clock, self.service, cause or Cause(), lock=lock)
            if lock is not None:
                opening = f"{BEGIN}; {lock.text}{opening.removeprefix(BEGIN)}"
            try:
                if opening != BEGIN:
                    await work.open(opening)
                yield work
                if work.staged and self.fresh is not None:
                    work.handed_over = self.fresh.has_room(work.staged)
                await work.flush()
                if work.opened and await connection.execute(COMMIT) != COMMIT:
                    raise NotCommitted("a failed statement was swallowed; nothing was saved")
            except BaseException:
                await _roll_back(connection)
                raise
        self.wake(work)

    def wake(self, work: Transaction) -> None:
        """Tell relay, timers and audit chain at once that there is something to do."""
        if work.handed_over and self.fresh is not None:
            self.fresh.put(work.staged)
        elif work.staged:
            self.outbox_filled.set()
        if timed := work.due_soon:
            self.timers_set.set()
        if work.audited:
            self.audit_written.set()
        if work.staged or timed or work.audited:
            self.woken.set()

    async def run(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        cause: Cause | None = None,
        *,
        opening: str = BEGIN,
        lock: RowLock | None = None,
    ) -> T:
        """Run the work in a transaction, again if the database asks for it (40001, 40P01)."""
        for attempt in range(1, MAX_TRIES + 1):
            try:
                async with self.transaction(cause, opening=opening, lock=lock) as transaction:
                    return await work(transaction)
            except RETRIED:
                if attempt == MAX_TRIES:
                    raise
                await asyncio.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    async def row(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> Row | None:
        """Read one row outside any transaction."""
        sql, bound = bind(asked, arguments, values)
        found: Row | None = await self.pool.fetchrow(sql, *bound)
        return found

    async def rows(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> list[Row]:
        """Read rows outside any transaction."""
        sql, bound = bind(asked, arguments, values)
        found: list[Row] = await self.pool.fetch(sql, *bound)
        return found

    async def value(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> Any:
        """Read one value outside any transaction."""
        sql, bound = bind(asked, arguments, values)
        return await self.pool.fetchval(sql, *bound)

    async def execute(self, asked: Statement, /, **values: Any) -> int:
        """Run one statement as a transaction of its own; how many rows it touched."""
        status: str = await self.pool.execute(asked.text, *asked.arguments(values))
        return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0


async def _set_up(connection: Any) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )


async def _roll_back(connection: Any) -> None:
    """End a transaction that is still open; where there is none, this is no round trip."""
    # A lost connection has rolled back by itself; what lost it is the error worth telling.
    with suppress(*LOST):
        if connection.is_in_transaction():
            await connection.execute(ROLLBACK)


@asynccontextmanager
async def connect(
    url: str, clock: Clock, service: str, size: int = 8, name: str = ""
) -> AsyncIterator[Database]:
    """Open the service's pool and close it in the end; the server knows its connections by name.

    A connection that comes back is not reset: that is a round trip, and nothing here leaves
    session state behind.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=2,
        max_size=size,
        init=_set_up,
        reset=_roll_back,
        command_timeout=20,
        server_settings={"application_name": name} if name else None,
    )
    try:
        yield Database(pool, clock, service)
    finally:
        await pool.close()
