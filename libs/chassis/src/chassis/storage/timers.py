"""Things that are due: rows that any worker claims, so that a restart forgets nothing.

``on`` runs in the transaction that removes the timer. ``job`` is for work that reaches the
outside: it leases the timer, runs without a transaction, and removes it only when done. The lease
is renewed while the job runs, so that a job whose process died is taken up soon by another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    delete,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import clock
from chassis.cause import Cause
from chassis.ops import tracing
from chassis.ops.failpoints import failpoint
from chassis.storage.database import LOST, Database, Transaction
from chassis.storage.sql import statement
from chassis.storage.tables import timers

LOOK_EVERY_S = 5.0
"""Unasked: a timer that another process set is seen before it is due, if it is not due sooner."""
AGAIN_AFTER_S = 1.0
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
    correlation_id: str = ""
    traceparent: str = ""

    @property
    def cause(self) -> Cause:
        """Why it is done now: the request that set the timer began it."""
        return Cause(self.correlation_id, actor="timer")

    def span(self, what: str) -> AbstractContextManager[Any]:
        """A span of the trace that set the timer."""
        return tracing.span(f"{what} {self.kind}", {"traceparent": self.traceparent})


OnDue = Callable[[Transaction, Timer], Awaitable[None]]
Job = Callable[[Database, Timer], Awaitable[None]]


class Timers:
    """What one service does when something is due."""

    def __init__(
        self, renew_s: float = LEASE_RENEWED_S, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Nothing yet; a running job's lease is renewed every ``renew_s``."""
        self._renew_s, self._look_every_s = renew_s, look_every_s
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
        """Do what is due, as it comes due: one look tells when to look again.

        A job that takes long holds up neither the looks nor other jobs.
        """
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                database.timers_set.clear()
                try:
                    due, following = await self._look(database)
                    fired = await self._fire(database, due)
                    begun = await self._begin(database, due, running)
                    if fired + begun and len(due) == BATCH:
                        continue
                except Exception as error:
                    log.warning("timers.wait", error=f"{type(error).__name__}: {error}"[:300])
                    await asyncio.sleep(AGAIN_AFTER_S)
                    continue
                await clock.wait(database.clock, following, database.timers_set, self._look_every_s)
        finally:
            for job in running:
                job.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def once(self, database: Database) -> int:
        """Do what is due now, once; how many timers fired or failed."""
        due, _ = await self._look(database)
        fired = await self._fire(database, due)
        leased = await self._lease(database) if self._has_jobs(due) else []
        await asyncio.gather(*(self._run(database, timer) for timer in leased))
        return fired + len(leased)

    async def _look(self, database: Database) -> tuple[list[str], datetime | None]:
        """The kinds of the first that are due, and when the next one will be."""
        now = database.clock.now()
        rows = await database.rows(_LOOK, now=now, kinds=[*self.handlers, *self.jobs])
        due = [row["kind"] for row in rows if row["at"] <= now]
        return due, min((row["at"] for row in rows if row["at"] > now), default=None)

    async def _fire(self, database: Database, due: list[str]) -> int:
        fired = 0
        for _ in [kind for kind in due if kind in self.handlers]:
            if not await self._one_in_transaction(database):
                break
            fired += 1
        return fired

    async def _begin(
        self, database: Database, due: list[str], running: set[asyncio.Task[None]]
    ) -> int:
        """Begin as many jobs as there is room for; one that ends makes room, and is looked past."""

        def ended(job: asyncio.Task[None]) -> None:
            running.discard(job)
            if not job.cancelled() and (error := job.exception()) is not None:
                log.warning("timers.job_left", error=f"{type(error).__name__}: {error}"[:300])
            if len(running) == BATCH - 1:
                database.timers_set.set()

        room = BATCH - len(running)
        leased = await self._lease(database, room) if room and self._has_jobs(due) else []
        for timer in leased:
            job = asyncio.create_task(self._run(database, timer))
            running.add(job)
            job.add_done_callback(ended)
        return len(leased)

    async def _one_in_transaction(self, database: Database) -> bool:
        failed: tuple[Timer, Exception] | None = None

        async def fire(transaction: Transaction) -> bool:
            nonlocal failed
            row = await transaction.row(_TAKE, now=transaction.now(), kinds=list(self.handlers))
            if row is None:
                return False
            timer = Timer(**row)
            transaction.cause = timer.cause
            try:
                with timer.span("timer"):
                    await self.handlers[timer.kind](transaction, timer)
            except Exception as error:
                failed = timer, error
                raise
            return True

        try:
            return await database.run(fire)
        except Exception:
            if failed is None:
                raise
            await self._postpone(database, *failed)
            return True

    def _has_jobs(self, due: list[str]) -> bool:
        return any(kind in self.jobs for kind in due)

    async def _lease(self, database: Database, most: int = BATCH) -> list[Timer]:
        now, kinds = database.clock.now(), list(self.jobs)
        rows = await database.rows(_LEASE, now=now, kinds=kinds, until=now + LEASE, most=most)
        return sorted((Timer(**row) for row in rows), key=lambda timer: timer.due_at)

    async def _hold(self, database: Database, timer: Timer) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            with suppress(*LOST):
                until = database.clock.now() + LEASE
                await database.execute(
                    _RENEW, timer_id=timer.timer_id, due_at=timer.due_at, until=until
                )

    async def _run(self, database: Database, timer: Timer) -> None:
        held = asyncio.create_task(self._hold(database, timer))
        try:
            with timer.span("job"):
                await self.jobs[timer.kind](database, timer)
        except Exception as error:
            await self._postpone(database, timer, error)
            return
        finally:
            held.cancel()
        failpoint(f"timers.before_done.{timer.kind}")
        await database.execute(_DONE, timer_id=timer.timer_id, due_at=timer.due_at)

    async def _postpone(self, database: Database, timer: Timer, error: Exception) -> None:
        wait = BACKOFF_S[min(timer.attempts, len(BACKOFF_S) - 1)]
        shown = f"{type(error).__name__}: {error}"[:500]
        log.warning("timer.postponed", kind=timer.kind, subject=timer.subject_id, error=shown)
        due_at = database.clock.now() + timedelta(seconds=wait)
        await database.execute(_POSTPONE, timer_id=timer.timer_id, due_at=due_at, error=shown)
        database.timers_set.set()


_NOW: BindParameter[datetime] = bindparam("now")
_KINDS = func.any(bindparam("kinds", type_=ARRAY(Text)))
_OURS = timers.c.kind == _KINDS
_LEASED = timers.c.leased_until > _NOW
_TIMER = [timers.c[each.name] for each in fields(Timer)]


def _is_due(known: FromClause) -> tuple[ColumnElement[bool], ...]:
    free = or_(known.c.leased_until.is_(None), known.c.leased_until <= _NOW)
    return known.c.due_at <= _NOW, known.c.kind == _KINDS, free


def _due(most: int | BindParameter[int]) -> ColumnElement[bool]:
    """The first that are due, taken by nobody else: decided once, before anything is changed.

    As an array, so that they are looked up one by one however many the planner expects.
    """
    due = timers.alias("due")
    found = select(due.c.timer_id).where(*_is_due(due)).order_by(due.c.due_at).limit(most)
    first = found.with_for_update(skip_locked=True).scalar_subquery()
    return timers.c.timer_id == func.any(func.array(first))


def _first(moment: Column[datetime], most: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    found = select(timers.c.kind, moment.label("at")).where(*conditions)
    return found.order_by(moment).limit(most)


_LOOK = statement(
    union_all(
        _first(timers.c.due_at, BATCH, *_is_due(timers)),
        _first(timers.c.due_at, 1, timers.c.due_at > _NOW, _OURS),
        _first(timers.c.leased_until, 1, timers.c.due_at <= _NOW, _OURS, _LEASED),
    )
)
_TAKE = statement(delete(timers).where(_due(1)).returning(*_TIMER))
_LEASE = statement(
    update(timers)
    .values(leased_until=bindparam("until"))
    .where(_due(bindparam("most")))
    .returning(*_TIMER)
)
_THIS = (timers.c.timer_id == bindparam("timer_id"), timers.c.due_at == bindparam("due_at"))
_RENEW = statement(update(timers).values(leased_until=bindparam("until")).where(*_THIS))
_DONE = statement(delete(timers).where(*_THIS))
_POSTPONE = statement(
    update(timers)
    .values(
        due_at=bindparam("due_at"),
        attempts=timers.c.attempts + 1,
        leased_until=None,
        last_error=bindparam("error"),
    )
    .where(timers.c.timer_id == bindparam("timer_id"))
)
