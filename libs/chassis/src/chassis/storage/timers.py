"""Things that are due: rows that any worker claims, so that a restart forgets nothing.

``on`` runs in the transaction that removes the timer. ``job`` is for work that reaches the
outside: it leases the timer, runs without a transaction, and removes it only when done. The lease
is renewed while the job runs, so that a job whose process died is taken up soon by another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.ops.telemetry import tracer
from chassis.storage.database import LOST, Database, Transaction

POLL_S = 0.25
BATCH = 20
LEASE = timedelta(seconds=15)
LEASE_RENEWED_S = 5.0
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

    def __init__(self, renew_s: float = LEASE_RENEWED_S) -> None:
        """Nothing yet; a running job's lease is renewed every ``renew_s``."""
        self._renew_s = renew_s
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
        due = await database.rows(_LOOK, database.clock.now(), [*self.handlers, *self.jobs], BATCH)
        fired = 0
        for _ in [row for row in due if row["kind"] in self.handlers]:
            if not await self._one_in_transaction(database):
                break
            fired += 1
        if not any(row["kind"] in self.jobs for row in due):
            return fired
        leased = await self._lease(database)
        await asyncio.gather(*(self._run(database, timer) for timer in leased))
        return fired + len(leased)

    async def _one_in_transaction(self, database: Database) -> bool:
        failed: tuple[Timer, Exception] | None = None

        async def fire(transaction: Transaction) -> bool:
            nonlocal failed
            row = await transaction.row(_TAKE, transaction.now(), list(self.handlers))
            if row is None:
                return False
            timer = Timer(**row)
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
        now = database.clock.now()
        rows = await database.rows(_LEASE, now, list(self.jobs), BATCH, now + LEASE)
        return sorted((Timer(**row) for row in rows), key=lambda timer: timer.due_at)

    async def _hold(self, database: Database, timer: Timer) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            with suppress(*LOST):
                await database.pool.execute(
                    "UPDATE timers SET leased_until = $3 WHERE timer_id = $1 AND due_at = $2",
                    timer.timer_id,
                    timer.due_at,
                    database.clock.now() + LEASE,
                )

    async def _run(self, database: Database, timer: Timer) -> None:
        held = asyncio.create_task(self._hold(database, timer))
        try:
            with tracer.start_as_current_span(f"job {timer.kind}"):
                await self.jobs[timer.kind](database, timer)
        except Exception as error:
            await self._postpone(database, timer, error)
            return
        finally:
            held.cancel()
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
due_at <= $1 AND kind = ANY($2) AND (leased_until IS NULL OR leased_until <= $1) ORDER BY due_at
"""
_SHOWN = "timers.timer_id, kind, subject_id, due_at, payload, attempts"
_LOOK = f"SELECT kind FROM timers WHERE {_DUE} LIMIT $3"  # noqa: S608
_TAKE = f"""
WITH first AS MATERIALIZED (
    SELECT timer_id FROM timers WHERE {_DUE} LIMIT 1 FOR UPDATE SKIP LOCKED)
DELETE FROM timers USING first WHERE timers.timer_id = first.timer_id
RETURNING {_SHOWN}
"""  # noqa: S608
_LEASE = f"""
WITH due AS MATERIALIZED (
    SELECT timer_id FROM timers WHERE {_DUE} LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE timers SET leased_until = $4 FROM due WHERE timers.timer_id = due.timer_id
RETURNING {_SHOWN}
"""  # noqa: S608
