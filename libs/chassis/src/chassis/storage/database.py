"""PostgreSQL by asyncpg: a pool, and transactions that carry state, outbox, audit and timers."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import asyncpg
from contracts_schema.ids import uuid7
from contracts_schema.message import Command, DiscordActor, Event

from chassis.cause import Cause
from chassis.clock import Clock
from chassis.storage import outbox

T = TypeVar("T")
Row = asyncpg.Record

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
)
"""The narrower part of it that is nobody's mistake: the same thing may be asked again."""
MAX_TRIES = 5
BEGIN, COMMIT, ROLLBACK = "BEGIN", "COMMIT", "ROLLBACK"
BEGIN_UNHURRIED = "BEGIN; SET LOCAL synchronous_commit TO off"
"""For what is found out again where the database server dies right after the commit and forgets it.

It spares the wait for the disk; a later commit that does wait takes this one along.
"""


_FLUSH = """
WITH told AS (
    INSERT INTO outbox (message_id, exchange, topic, headers, body, created_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[],
                         $6::timestamptz[])),
noted AS (
    INSERT INTO audit_entries
        (entry_id, at, actor, action, subject_id, reason, request_id, details)
    SELECT * FROM unnest($7::uuid[], $8::timestamptz[], $9::text[], $10::text[], $11::text[],
                         $12::text[], $13::text[], $14::text[]))
INSERT INTO timers (timer_id, kind, subject_id, due_at, payload)
SELECT * FROM unnest($15::text[], $16::text[], $17::text[], $18::timestamptz[], $19::jsonb[])
ON CONFLICT (timer_id) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,
    attempts = 0, leased_until = NULL
"""
_AUDIT_COLUMNS, _TIMER_COLUMNS = 8, 5


class NotCommitted(Exception):
    """A statement failed, the failure was swallowed, and PostgreSQL undid the transaction."""


@dataclass(slots=True)
class Transaction:
    """One unit of work: what it stages, audits and times is committed with its state, or not."""

    connection: Any
    clock: Clock
    service: str
    cause: Cause = field(default_factory=Cause)
    staged: list[outbox.Staged] = field(default_factory=list)
    audited: list[tuple[Any, ...]] = field(default_factory=list)
    timers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    opened: str = BEGIN
    """What the database answered to the statements that opened the transaction."""

    def now(self) -> datetime:
        """The present moment by the service's clock."""
        return self.clock.now()

    async def row(self, sql: str, *arguments: Any) -> Row | None:
        """The first row, if any."""
        found: Row | None = await self.connection.fetchrow(sql, *arguments)
        return found

    async def rows(self, sql: str, *arguments: Any) -> list[Row]:
        """All rows."""
        found: list[Row] = await self.connection.fetch(sql, *arguments)
        return found

    async def value(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        return await self.connection.fetchval(sql, *arguments)

    async def run(self, sql: str, *arguments: Any) -> int:
        """Run a statement; how many rows it touched."""
        status: str = await self.connection.execute(sql, *arguments)
        return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0

    def stage(self, event: Event, *, sequence: int = 0) -> None:
        """Promise to publish the event if, and only if, this transaction commits."""
        self.staged.append(outbox.staged_event(event, self._origin(), sequence))

    def stage_command(self, command: Command, actor: DiscordActor, command_id: Any) -> None:
        """Promise to send the command, under the id that makes a repetition harmless."""
        self.staged.append(outbox.staged_command(command, actor, command_id, self._origin()))

    def _origin(self) -> outbox.Origin:
        return outbox.Origin(self.service, self.cause, self.now())

    def audit(self, action: str, subject_id: str, *, reason: str = "", **details: Any) -> None:
        """Record who did what to which thing, in the append-only log."""
        self.audited.append(
            (
                uuid7(),
                self.now(),
                self.cause.actor,
                action,
                subject_id,
                reason,
                self.cause.correlation_id,
                json.dumps(details, default=str, sort_keys=True),
            )
        )

    async def set_timer(
        self, kind: str, subject_id: str, due_at: datetime, payload: dict[str, Any] | None = None
    ) -> None:
        """Fire ``kind`` for this subject at that time; the same kind and subject has one timer."""
        timer_id = f"{kind}:{subject_id}"
        self.timers[timer_id] = (timer_id, kind, subject_id, due_at, payload or {})

    async def drop_timers(self, subject_id: str, *kinds: str) -> None:
        """Forget the timers of this subject: those kinds, or all.

        One that fires at this very moment is left to end by itself: who fires it holds the timer
        and waits for the subject, so that waiting for the timer here would be a deadlock.
        """
        self.timers = {
            timer_id: timer
            for timer_id, timer in self.timers.items()
            if timer[2] != subject_id or (kinds and timer[1] not in kinds)
        }
        await self.run(
            "DELETE FROM timers WHERE timer_id IN (SELECT timer_id FROM timers"
            " WHERE subject_id = $1 AND (cardinality($2::text[]) = 0 OR kind = ANY($2))"
            " FOR UPDATE SKIP LOCKED)",
            subject_id,
            list(kinds),
        )

    async def flush(self) -> None:
        """Write what was staged, audited and timed, as one statement before the commit."""
        if self.staged or self.audited or self.timers:
            timers = [self.timers[timer_id] for timer_id in sorted(self.timers)]
            await self.connection.execute(
                _FLUSH,
                *outbox.columns(self.staged),
                *_columns(self.audited, _AUDIT_COLUMNS),
                *_columns(timers, _TIMER_COLUMNS),
            )

    @property
    def due_soon(self) -> bool:
        """Whether a timer was set that fires within a second."""
        soon = self.now() + timedelta(seconds=1)
        return any(due_at <= soon for _, _, _, due_at, _ in self.timers.values())


class Database:
    """The pool of one service, and the wake-up calls that follow a commit."""

    def __init__(self, pool: Any, clock: Clock, service: str) -> None:
        """Wrap an open pool."""
        self.pool, self.clock, self.service = pool, clock, service
        self.outbox_filled = asyncio.Event()
        self.timers_set = asyncio.Event()
        self.audit_written = asyncio.Event()
        self.woken = asyncio.Event()

    @asynccontextmanager
    async def transaction(
        self, cause: Cause | None = None, *, opening: str = BEGIN
    ) -> AsyncIterator[Transaction]:
        """Begin; commit with everything staged if the block ends well, else leave no trace.

        ``opening`` is BEGIN, and may carry a first statement along in the same round trip.
        """
        async with self.pool.acquire() as connection:
            work = Transaction(connection, self.clock, self.service, cause or Cause())
            try:
                work.opened = await connection.execute(opening)
                yield work
                await work.flush()
                if await connection.execute(COMMIT) != COMMIT:
                    raise NotCommitted("a failed statement was swallowed; nothing was saved")
            except BaseException:
                await _roll_back(connection)
                raise
        self.wake(work)

    def wake(self, work: Transaction) -> None:
        """Tell relay, timers and audit chain at once that there is something to do."""
        if work.staged:
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
    ) -> T:
        """Run the work in a transaction, again if the database asks for it (40001, 40P01)."""
        for attempt in range(1, MAX_TRIES + 1):
            try:
                async with self.transaction(cause, opening=opening) as transaction:
                    return await work(transaction)
            except RETRIED:
                if attempt == MAX_TRIES:
                    raise
                await asyncio.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    async def row(self, sql: str, *arguments: Any) -> Row | None:
        """Read one row outside any transaction."""
        found: Row | None = await self.pool.fetchrow(sql, *arguments)
        return found

    async def rows(self, sql: str, *arguments: Any) -> list[Row]:
        """Read rows outside any transaction."""
        found: list[Row] = await self.pool.fetch(sql, *arguments)
        return found

    async def value(self, sql: str, *arguments: Any) -> Any:
        """Read one value outside any transaction."""
        return await self.pool.fetchval(sql, *arguments)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    """The rows as the arrays that unnest takes; as many empty ones where there are no rows."""
    return list(zip(*rows, strict=True)) or [()] * width


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
async def connect(url: str, clock: Clock, service: str, size: int = 8) -> AsyncIterator[Database]:
    """Open the service's pool and close it in the end.

    A connection that comes back is not reset: that is a round trip, and nothing here leaves
    session state behind.
    """
    pool = await asyncpg.create_pool(
        url, min_size=2, max_size=size, init=_set_up, reset=_roll_back, command_timeout=20
    )
    try:
        yield Database(pool, clock, service)
    finally:
        await pool.close()
