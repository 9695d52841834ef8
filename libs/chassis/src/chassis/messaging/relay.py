"""Keeps the outbox's promises: claims unpublished rows, publishes them, marks what was confirmed.

Rows are claimed with SKIP LOCKED, never by "id > last": ids are taken before commit, so a later
one can be seen first. Two relays share the work without a word to each other.
"""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, select

from chassis.messaging.publisher import BROKEN, Publisher, Unroutable, outgoing
from chassis.ops.failpoints import failpoint
from chassis.ops.telemetry import PUBLISHED, UNPUBLISHED
from chassis.storage.database import BEGIN_UNHURRIED, LOST, Database
from chassis.storage.sql import statement
from chassis.storage.tables import outbox

BATCH = 200
LOOK_EVERY_S = 2.5
AGAIN_AFTER_S = 0.5
KEEP = timedelta(days=14)
STALLS_BEFORE_EXIT = 3

_CLAIM = statement(
    select(outbox)
    .where(outbox.c.published_at.is_(None))
    .order_by(outbox.c.position)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_PUBLISHED = statement("""
UPDATE outbox SET published_at = :now
WHERE position = ANY(CAST(:positions AS bigint[])) AND published_at IS NULL
""")
_PRUNE = (
    statement("DELETE FROM outbox WHERE created_at < :before AND published_at < :before"),
    statement("DELETE FROM inbox WHERE received_at < :before"),
    statement("DELETE FROM idempotency_keys WHERE created_at < :before"),
)

log = structlog.get_logger(__name__)


class Relay:
    """The background work that empties one service's outbox."""

    def __init__(
        self, database: Database, publisher: Publisher, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Empty this database's outbox through this publisher; unasked, look now and then."""
        self._database, self._publisher, self._look_every_s = database, publisher, look_every_s
        self._stalls = 0
        self.healthy = True

    async def forever(self) -> None:
        """Publish as rows come; a broker that is away is waited for, a stalled one is dropped.

        Three stalls in a row end the process, visibly, so that the supervisor starts it afresh.
        """
        while True:
            self._database.outbox_filled.clear()
            try:
                while await self.once() == BATCH:
                    pass
                self.healthy, self._stalls = True, 0
            except TimeoutError:
                await self._stalled()
            except Exception as error:  # broker, database or row: it must never just end
                self.healthy = False
                log.warning("relay.waiting", error=f"{type(error).__name__}: {error}"[:300])
                await asyncio.sleep(AGAIN_AFTER_S)
            await self._wait()

    async def once(self) -> int:
        """Publish the oldest unpublished rows at once; how many were confirmed.

        Rows that the broker refused stay unpublished, and the first refusal is raised after the
        others are marked. A mark that is lost means a repetition, which the inboxes absorb.
        """
        failure: BaseException | None = None
        async with self._database.transaction(opening=BEGIN_UNHURRIED) as transaction:
            rows = await transaction.rows(_CLAIM, most=BATCH)
            if not rows:
                UNPUBLISHED.set(0)
                return 0
            failpoint("relay.after_claim")
            results = await asyncio.gather(
                *(self._publish(row) for row in rows), return_exceptions=True
            )
            failpoint("relay.after_confirm")
            done = [
                row["position"] for row, result in zip(rows, results, strict=True) if not result
            ]
            failure = next((result for result in results if result), None)
            if done:
                now = self._database.clock.now()
                await transaction.run(_PUBLISHED, positions=done, now=now)
        oldest = (self._database.clock.now() - rows[0]["created_at"]).total_seconds()
        UNPUBLISHED.set(oldest if failure else 0)
        if failure is not None:
            raise failure
        return len(done)

    async def drain(self) -> None:
        """Before the end: publish what is left, if the broker takes it at once."""
        try:
            async with asyncio.timeout(3):
                while await self.once():
                    pass
        except (*BROKEN, *LOST, Unroutable) as error:
            log.info("relay.left_rows", error=str(error)[:200])

    async def _publish(self, row: Any) -> None:
        headers = json.loads(row["headers"])
        message = outgoing(
            row["body"],
            str(row["message_id"]),
            row["topic"],
            headers,
            str(headers.get("correlationid", "")),
        )
        await self._publisher.publish(row["exchange"], row["topic"], message)
        PUBLISHED.labels(row["exchange"]).inc()

    async def _stalled(self) -> None:
        self.healthy = False
        self._stalls += 1
        log.error("relay.stalled", stalls=self._stalls)
        await self._publisher.close()
        if self._stalls >= STALLS_BEFORE_EXIT:
            log.critical("relay.gives_up", next_step="the supervisor starts this process again")
            os._exit(70)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._look_every_s):
                await self._database.outbox_filled.wait()
        except TimeoutError:
            pass


async def prune(database: Database) -> int:
    """Forget published rows and inbox claims older than the archive time; how many rows went."""
    before = database.clock.now() - KEEP
    return sum([await database.execute(each, before=before) for each in _PRUNE])
