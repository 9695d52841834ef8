"""Keeps the outbox's promises: publishes what was committed, and marks what the broker confirmed.

What its own process commits a relay is handed in memory, and publishes at once. What nobody holds
in memory it reads from the table when that is due: messages of processes that have no relay, of one
that died, and those that the broker did not take. Rows are read with SKIP LOCKED, never by "id >
last": ids are taken before commit, so a later one can be seen first. So several relays share the
work without a word to each other.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from aio_pika.exceptions import ChannelClosed
from sqlalchemy import bindparam, func, select

from chassis.messaging.handover import AGAIN_AFTER_S, Handover, publish
from chassis.messaging.publisher import BROKEN, CONFIRM_WITHIN_S, Publisher, Refused
from chassis.ops.failpoints import failpoint
from chassis.ops.telemetry import UNPUBLISHED
from chassis.storage.database import BEGIN_UNHURRIED, LOST, Database
from chassis.storage.outbox import Staged
from chassis.storage.sql import statement
from chassis.storage.tables import outbox

BATCH = 200
LOOK_EVERY_S = 2.5
SETTLED_WITHIN_S = 3.0
STALLS_BEFORE_EXIT = 3

_UNPUBLISHED = outbox.c.published_at.is_(None)
_NEXT = statement(
    select(outbox.c.created_at, (outbox.c.due_at <= func.now()).label("is_due"))
    .where(_UNPUBLISHED)
    .order_by(outbox.c.due_at)
    .limit(1)
)
_CLAIM = statement(
    select(outbox)
    .where(_UNPUBLISHED, outbox.c.due_at <= func.now())
    .where(outbox.c.message_id != func.all(bindparam("held")))
    .order_by(outbox.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_PUBLISHED = statement("""
UPDATE outbox SET published_at = :now
WHERE message_id = ANY(CAST(:message_ids AS uuid[])) AND published_at IS NULL
""")
_LATER = statement("""
UPDATE outbox SET due_at = now()
    + least(greatest(:now - created_at, CAST('1 second' AS interval)), CAST('5 min' AS interval))
WHERE message_id = ANY(CAST(:message_ids AS uuid[]))
""")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    """How many rows were due and taken, how many of them were confirmed, and the first failure."""

    taken: int
    confirmed: int
    failure: BaseException | None = None


class Relay:
    """The background work that empties one service's outbox."""

    def __init__(
        self, database: Database, publisher: Publisher, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Empty this database's outbox through this publisher; unasked, look now and then."""
        self._database, self._publisher, self._look_every_s = database, publisher, look_every_s
        self._handover = Handover(database, publisher, self._failed)
        self._stalls, self._stalled_at = 0, -CONFIRM_WITHIN_S
        self._under_way: asyncio.Task[_Batch] | None = None
        self.healthy = True

    async def forever(self) -> None:
        """Publish as rows come; a broker that is away is waited for, a stalled one is dropped.

        Three stalls in a row end the process, visibly, so that the supervisor starts it afresh.
        """
        own = self._handover
        try:
            async with asyncio.TaskGroup() as group:
                for loop in (own.forever, own.mark_forever, self._sweep):
                    group.create_task(loop())
        finally:
            await self._drain()

    async def _drain(self) -> None:
        """Before the end: publish what is left, if the broker takes it at once, and mark it.

        A batch under way ends first: what it has confirmed would be sent again without its marks.
        """
        try:
            async with asyncio.timeout(SETTLED_WITHIN_S):
                if self._under_way is not None:
                    await asyncio.wait({self._under_way})
                await self._handover.settle()
                await self._publish_due()
        except (*BROKEN, *LOST) as error:
            log.info("relay.left_rows", error=str(error)[:200])
        finally:
            if self._under_way is not None:
                self._under_way.cancel()

    async def once(self) -> int:
        """Publish the first rows that are due; how many were confirmed.

        Rows that the broker refused stay unpublished, and the first refusal is raised after the
        others are marked. A mark that is lost means a repetition, which the inboxes absorb.
        """
        batch = await self._batch()
        if batch.failure is not None:
            raise batch.failure
        return batch.confirmed

    async def _sweep(self) -> None:
        """Publish what is due in the table: when called, and now and then unasked."""
        called = True
        while True:
            self._database.outbox_filled.clear()
            try:
                if called or not self.healthy or await self._something_is_due():
                    await self._publish_due()
                self._recovered()
            except Exception as error:  # broker, database or row: it must never just end
                await self._failed(error)
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            called = await self._is_called()

    async def _is_called(self) -> bool:
        try:
            async with asyncio.timeout(self._look_every_s):
                await self._database.outbox_filled.wait()
        except TimeoutError:
            return False
        return True

    async def _something_is_due(self) -> bool:
        row = await self._database.row(_NEXT)
        age = self._database.clock.now() - row["created_at"] if row else timedelta()
        UNPUBLISHED.set(age.total_seconds())
        return row is not None and row["is_due"]

    async def _publish_due(self) -> None:
        await self._publisher.channel()
        while (batch := await self._whole_batch()).taken:
            if isinstance(batch.failure, Refused):
                log.error("relay.refused", error=str(batch.failure)[:300])
            elif batch.failure is not None:
                raise batch.failure
            if batch.taken < BATCH:
                return

    async def _whole_batch(self) -> _Batch:
        """A batch that goes on when whoever waits for it is told to stop."""
        self._under_way = asyncio.create_task(self._batch())
        return await asyncio.shield(self._under_way)

    async def _batch(self) -> _Batch:
        async with self._database.transaction(opening=BEGIN_UNHURRIED) as transaction:
            rows = await transaction.rows(_CLAIM, most=BATCH, held=self._handover.fresh.held)
            if not rows:
                return _Batch(0, 0)
            failpoint("relay.after_claim")
            results = await self._publish_all(rows)
            failpoint("relay.after_confirm")
            ended = list(zip(rows, results, strict=True))
            done = [row["message_id"] for row, failure in ended if failure is None]
            refused = [row["message_id"] for row, it in ended if isinstance(it, Refused)]
            now = self._database.clock.now()
            if done:
                await transaction.run(_PUBLISHED, message_ids=done, now=now)
            if refused:
                await transaction.run(_LATER, message_ids=refused, now=now)
        failures = [failure for failure in results if failure is not None]
        grave = next((it for it in failures if not isinstance(it, Refused)), None)
        return _Batch(len(rows), len(done), grave or next(iter(failures), None))

    async def _publish_all(self, rows: list[Any]) -> list[BaseException | None]:
        """Publish at once; where the broker closed the channel for one of them, find out which."""
        publishing = map(self._publish_row, rows)
        results = await asyncio.gather(*publishing, return_exceptions=True)
        return [
            await self._publish_alone(row) if isinstance(result, ChannelClosed) else result
            for row, result in zip(rows, results, strict=True)
        ]

    async def _publish_alone(self, row: Any) -> Exception | None:
        try:
            await self._publish_row(row)
        except ChannelClosed as error:
            return Refused(f"{type(error).__name__}: {error}")
        except Exception as error:
            return error
        return None

    async def _publish_row(self, row: Any) -> None:
        parts = (row["message_id"], row["exchange"], row["topic"])
        headers = json.loads(row["headers"])
        await publish(self._publisher, Staged(*parts, headers, row["body"], row["created_at"]))

    def _recovered(self) -> None:
        self.healthy, self._stalls, self._handover.fresh.closed = True, 0, False

    async def _failed(self, error: Exception) -> None:
        if isinstance(error, Refused):
            log.error("relay.refused", error=str(error)[:300])
            return
        if self.healthy:
            log.warning("relay.waiting", error=f"{type(error).__name__}: {error}"[:300])
        self.healthy, self._handover.fresh.closed = False, True
        self._database.outbox_filled.set()
        if isinstance(error, TimeoutError):
            await self._stalled()

    async def _stalled(self) -> None:
        """Drop the connection; what was under way on it fails with it, and is no further stall."""
        if time.monotonic() - self._stalled_at < CONFIRM_WITHIN_S:
            return
        self._stalled_at = time.monotonic()
        self._stalls += 1
        log.error("relay.stalled", stalls=self._stalls)
        await self._publisher.close()
        if self._stalls >= STALLS_BEFORE_EXIT:
            log.critical("relay.gives_up", next_step="the supervisor starts this process again")
            os._exit(70)
