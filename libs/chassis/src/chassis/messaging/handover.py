"""From a commit to the broker in one process: published from memory, marked a moment later.

What is handed over is read from the table only if it could not be published. A process that is
killed repeats what was confirmed in its last tenth of a second; the inboxes absorb it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from contracts_schema.envelope import PREFIX, schema_url

from chassis.messaging.publisher import Publisher, outgoing
from chassis.ops.failpoints import failpoint
from chassis.ops.telemetry import PUBLISHED
from chassis.storage.database import Database
from chassis.storage.outbox import Fresh, Staged
from chassis.storage.sql import statement

MARK_EVERY_S = 0.1
AGAIN_AFTER_S = 0.5
CORRELATION, DATASCHEMA = f"{PREFIX}correlationid", f"{PREFIX}dataschema"

_PUBLISHED = statement("""
WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true))
UPDATE outbox SET published_at = :now FROM unhurried
WHERE message_id = ANY(CAST(:message_ids AS uuid[])) AND published_at IS NULL
""")

log = structlog.get_logger(__name__)


async def publish(publisher: Publisher, row: Staged) -> None:
    """Publish one message of the outbox and return when it is confirmed."""
    headers = {**row.headers, DATASCHEMA: schema_url(publisher.public_base_url, row.topic)}
    correlation_id = str(headers.get(CORRELATION, ""))
    message = outgoing(row.body, str(row.message_id), row.topic, headers, correlation_id)
    await publisher.publish(row.exchange, row.topic, message)
    PUBLISHED.labels(row.exchange).inc()


class Handover:
    """What a relay does with the messages that its own process commits."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        failed: Callable[[Exception], Awaitable[None]],
    ) -> None:
        """Publish by this publisher; tell ``failed`` what went wrong with a message."""
        self._database, self._publisher, self._failed = database, publisher, failed
        self._flights: set[asyncio.Task[None]] = set()
        self._confirmed: list[UUID] = []
        self._any_confirmed = asyncio.Event()
        self.fresh = Fresh()

    async def forever(self) -> None:
        """Publish each message as soon as it is committed."""
        if self._database.fresh is None:
            self._database.fresh = self.fresh
        try:
            while True:
                await self.fresh.filled.wait()
                self._take_off()
        finally:
            if self._database.fresh is self.fresh:
                self._database.fresh = None

    async def mark_forever(self) -> None:
        """Mark what was confirmed, all of a short while in one statement."""
        while True:
            await self._any_confirmed.wait()
            await asyncio.sleep(MARK_EVERY_S)
            try:
                await self._mark()
            except Exception as error:
                log.warning("relay.marks_later", error=f"{type(error).__name__}: {error}"[:300])
                await asyncio.sleep(AGAIN_AFTER_S)

    async def settle(self) -> None:
        """Before the end: see what was handed over confirmed, and marked."""
        self._take_off()
        if self._flights:
            await asyncio.wait(self._flights)
        await self._mark()

    def _take_off(self) -> None:
        rows = self.fresh.take()
        if rows:
            failpoint("relay.after_claim")
        for row in rows:
            flight = asyncio.create_task(self._fly(row))
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

    async def _fly(self, row: Staged) -> None:
        """Publish one message; one that fails is read again when it is due."""
        try:
            await publish(self._publisher, row)
        except Exception as error:
            self.fresh.settle([row.message_id])
            await self._failed(error)
            return
        self._confirmed.append(row.message_id)
        self._any_confirmed.set()

    async def _mark(self) -> None:
        self._any_confirmed.clear()
        done, self._confirmed = self._confirmed, []
        if not done:
            return
        failpoint("relay.after_confirm")
        try:
            now = self._database.clock.now()
            await self._database.execute(_PUBLISHED, message_ids=done, now=now)
        except BaseException:
            self._confirmed += done
            self._any_confirmed.set()
            raise
        self.fresh.settle(done)
