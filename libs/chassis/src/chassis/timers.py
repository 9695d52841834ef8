"""Things that are due: rows that any worker claims, so that a restart forgets nothing.

``on`` runs in the transaction that removes the timer. ``job`` is for work that reaches the
outside: it leases the timer, runs without a transaction, and removes it only when done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from chassis.database import Cause, Database, Transaction
from chassis.failpoints import failpoint
from chassis.telemetry import tracer

POLL_S = 0.25
BATCH = 20
LEASE = timedelta(seconds=60)
BACKOFF_S = (1, 5, 30, 120, 600)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """One thing that is due."""

    timer_id: str
    kind: str
    subject_id: str
    due_at: datetime
    payload: dict[str, Any]
    attempts: int


OnDue = Callable[[Transaction, Timer], Awaitable[None]]
Job = Callable[[Database, Timer], Awaitable[None]]


class Timers:
    """What one service does when something is due."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.handlers: dict[str, OnDue] = {}
        self.jobs: dict[str, Job] = {}

    def on(self, kind: str) -> Callable[[OnDue], OnDue]:
        """Run the handler in the transaction that removes the timer."""

        def register(handler: OnDue) -> OnDue:
            self.handlers[kind] = handler
            return handler

        return register

    def job(self, kind: str) -> Callable[[Job], Job]:
        """Lease the timer and run the job outside any transaction; failing, it is tried again."""

        def register(handler: Job) -> Job:
            self.jobs[kind] = handler
            return handler

        return register

    async def forever(self, database: Database) -> None:
        """Do what is due, as it comes due."""
        while True:
            database.timers_set.clear()
            try:
                while await self.once(database):
                    pass
            except Exception as error:
                log.warning("timers.wait", error=f"{type(error).__name__}: {error}"[:300])
            try:
                async with asyncio.timeout(POLL_S):
                    await database.timers_set.wait()
            except TimeoutError:
                pass

    async def once(self, database: Database) -> int:
        """Do what is due now, once; how many timers fired or failed."""
        fired = 0
        for _ in range(BATCH):
            if not await self._one_in_transaction(database):
                break
            fired += 1
        leased = await self._lease(database)
        await asyncio.gather(*(self._run(database, timer) for timer in leased))
        return fired + len(leased)

    async def _one_in_transaction(self, database: Database) -> bool:
        if not self.handlers:
            return False
        failed: tuple[Timer, Exception] | None = None

        async def fire(transaction: Transaction) -> bool:
            nonlocal failed
            row = await transaction.row(_DUE, transaction.now(), list(self.handlers), 1)
            if row is None:
                return False
            timer = _timer(row)
            await transaction.run("DELETE FROM timers WHERE timer_id = $1", timer.timer_id)
            try:
                with tracer.start_as_current_span(f"timer {timer.kind}"):
                    await self.handlers[timer.kind](transaction, timer)
            except Exception as error:
                failed = timer, error
                raise
            return True

        try:
            return await database.run(fire, Cause(actor="timer"))
        except Exception:
            if failed is None:
                raise
            await self._postpone(database, *failed)
            return True

    async def _lease(self, database: Database) -> list[Timer]:
        if not self.jobs:
            return []
        async with database.pool.acquire() as connection, connection.transaction():
            now = database.clock.now()
            rows = await connection.fetch(_DUE, now, list(self.jobs), BATCH)
            await connection.execute(
                "UPDATE timers SET leased_until = $2 WHERE timer_id = ANY($1)",
                [row["timer_id"] for row in rows],
                now + LEASE,
            )
        return [_timer(row) for row in rows]

    async def _run(self, database: Database, timer: Timer) -> None:
        try:
            with tracer.start_as_current_span(f"job {timer.kind}"):
                await self.jobs[timer.kind](database, timer)
        except Exception as error:
            await self._postpone(database, timer, error)
            return
        failpoint(f"timers.before_done.{timer.kind}")
        await database.pool.execute(
            "DELETE FROM timers WHERE timer_id = $1 AND due_at = $2", timer.timer_id, timer.due_at
        )

    async def _postpone(self, database: Database, timer: Timer, error: Exception) -> None:
        wait = BACKOFF_S[min(timer.attempts, len(BACKOFF_S) - 1)]
        shown = f"{type(error).__name__}: {error}"[:500]
        log.warning("timer.postponed", kind=timer.kind, subject=timer.subject_id, error=shown)
        await database.pool.execute(
            "UPDATE timers SET due_at = $2, attempts = attempts + 1, leased_until = NULL,"
            " last_error = $3 WHERE timer_id = $1",
            timer.timer_id,
            database.clock.now() + timedelta(seconds=wait),
            shown,
        )


_DUE = """
SELECT timer_id, kind, subject_id, due_at, payload, attempts FROM timers
WHERE due_at <= $1 AND kind = ANY($2) AND (leased_until IS NULL OR leased_until <= $1)
ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
"""


def _timer(row: Any) -> Timer:
    return Timer(
        row["timer_id"],
        row["kind"],
        row["subject_id"],
        row["due_at"],
        row["payload"],
        row["attempts"],
    )
