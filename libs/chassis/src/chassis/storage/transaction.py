"""One unit of work: state, outbox, audit and timers are committed together, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from contracts_schema.ids import uuid7
from contracts_schema.message import Command, DiscordActor, Event

from chassis.cause import Cause
from chassis.clock import Clock
from chassis.ops.tracing import carry
from chassis.storage import outbox
from chassis.storage.ends import ENDS, Insertion
from chassis.storage.sql import Statement, bind

Row = asyncpg.Record
BEGIN = "BEGIN"
SOON = timedelta(seconds=6)
"""A timer due sooner wakes the workers; their own looks find a later one in time."""
_ADDED = "INSERT 0 1"

HELD = timedelta(seconds=2)
"""So long has a relay of this process for what it was handed, before any relay may read it."""


@dataclass(frozen=True, slots=True)
class RowLock:
    """The row that a transaction is about, and the statement that locks it along with BEGIN."""

    row_id: str
    text: str
    seen: int | None = None
    """The version of it that the caller saw; None: they name none."""


@dataclass(slots=True)
class Transaction:
    """One unit of work: what it stages, audits and times is committed with its state, or not.

    It begins with its first statement. One that only adds a row, or only stages, is one statement
    and needs no BEGIN and COMMIT.
    """

    connection: Any
    clock: Clock
    service: str
    cause: Cause = field(default_factory=Cause)
    staged: list[outbox.Staged] = field(default_factory=list)
    audited: list[tuple[Any, ...]] = field(default_factory=list)
    timers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    opened: str = ""
    """What the database answered to the statements that opened the transaction, once it is open."""
    first: tuple[Insertion, list[Any]] | None = None
    """The row that is added first, as long as nothing else was asked of the database."""
    lock: RowLock | None = None
    """The row that was locked with BEGIN."""
    dropped: list[tuple[str, str]] = field(default_factory=list)
    handed_over: bool = False
    """Whether what is staged goes to a relay of this process as soon as it is committed."""

    def holds(self, row_id: str) -> bool:
        """Whether the row of this id was locked with BEGIN."""
        return self.lock is not None and self.lock.row_id == row_id

    def now(self) -> datetime:
        """The present moment by the service's clock."""
        return self.clock.now()

    async def open(self, opening: str = BEGIN) -> None:
        """Begin, if it did not begin yet; ``opening`` may carry a first statement along."""
        if self.opened:
            return
        self.opened = await self.connection.execute(opening)
        if self.first is not None:
            (new, values), self.first = self.first, None
            if await self.connection.execute(new.row.text, *values) != _ADDED:
                raise asyncpg.UniqueViolationError("the row that was to be added is there already")

    async def row(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> Row | None:
        """The first row, if any."""
        sql, bound = bind(asked, arguments, values)
        await self.open()
        found: Row | None = await self.connection.fetchrow(sql, *bound)
        return found

    async def rows(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> list[Row]:
        """All rows."""
        sql, bound = bind(asked, arguments, values)
        await self.open()
        found: list[Row] = await self.connection.fetch(sql, *bound)
        return found

    async def value(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> Any:
        """The first column of the first row."""
        sql, bound = bind(asked, arguments, values)
        await self.open()
        return await self.connection.fetchval(sql, *bound)

    async def run(self, asked: Statement | str, /, *arguments: Any, **values: Any) -> int:
        """Run a statement; how many rows it touched."""
        sql, bound = bind(asked, arguments, values)
        await self.open()
        status: str = await self.connection.execute(sql, *bound)
        return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0

    async def add(self, new: Insertion, **values: Any) -> bool:
        """Write a new row; False if it was there already.

        As the first thing a transaction does it waits for the next, or for the end: a row that was
        there already fails the transaction then.
        """
        if self.opened or self.first is not None:
            return await self.run(new.row, **values) == 1
        self.first = new, new.row.arguments(values)
        return True

    async def run_many(self, asked: Statement, values: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of values, in one round trip."""
        await self.open()
        await self.connection.executemany(asked.text, [asked.arguments(each) for each in values])

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
        """Fire ``kind`` for this subject at that time; the same kind and subject has one timer.

        What it does then belongs to the request and the trace that set it.
        """
        timer_id = f"{kind}:{subject_id}"
        trace = carry().get("traceparent", "")
        timer = (timer_id, kind, subject_id, due_at, payload or {}, self.cause.correlation_id)
        self.timers[timer_id] = (*timer, trace)

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
        self.dropped += [(subject_id, kind) for kind in kinds or ("",)]

    async def flush(self) -> None:
        """Write what was staged, audited and timed, as one statement before the commit."""
        ends, values = ENDS, list[Any]()
        if self.first is not None:
            ends, values = self.first[0].ends, list(self.first[1])
        parts = (bool(self.staged), bool(self.audited), bool(self.dropped), bool(self.timers))
        if parts not in ends:
            return
        if self.staged:
            values += (HELD if self.handed_over else timedelta(), *outbox.columns(self.staged))
        values += zip(*self.audited, strict=True)
        if self.dropped:
            values += (*zip(*self.dropped, strict=True), list(self.timers))
        values += zip(*(self.timers[timer_id] for timer_id in sorted(self.timers)), strict=True)
        await self.connection.execute(ends[parts].text, *values)

    @property
    def due_soon(self) -> bool:
        """Whether a timer was set that is due before the workers look by themselves."""
        soon = self.now() + SOON
        return any(due_at <= soon for _, _, _, due_at, *_ in self.timers.values())
