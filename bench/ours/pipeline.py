"""An event's way by our chassis: outbox, relay, broker, inbox. Two processes, as services are.

`publish N RATE` commits N state changes, each with its event, as fast as it can or RATE a second,
and ends when the relay has published them; `consume N` applies N events and ends, and `consume N
bulk` does so by a bulk handler. Both tell when they began and ended. Everything is the chassis as
services use it, with its usual settings.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from chassis import clock
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.ops import telemetry
from chassis.settings import ServiceSettings
from chassis.storage import database
from chassis.storage.database import Database, Transaction
from chassis.storage.ends import insertion
from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.ids import new_id
from faststream.rabbit import RabbitBroker
from sqlalchemy import Column, MetaData, Table, Text

from bench import protocol
from bench.workload import repeat

QUEUE = "notifier.events"
ROW = insertion(Table("bench_rows", MetaData(), Column("id", Text, primary_key=True)))
"""The state that changes: a new row, which services too write in one statement with its event."""


@asynccontextmanager
async def opened(service: str) -> AsyncIterator[tuple[ServiceSettings, Database, Publisher]]:
    """The parts that every service stands on."""
    settings = ServiceSettings()
    telemetry.set_up(service, settings)
    url, now = settings.database_url.get_secret_value(), clock.from_settings(settings)
    publisher = Publisher(settings.broker_url.get_secret_value(), service)
    async with database.connect(url, now, service, settings.pool_size) as db:
        try:
            yield settings, db, publisher
        finally:
            await publisher.close()


async def publish(count: int, rate: float) -> dict[str, float]:
    """Commit the changes and see them published."""
    async with opened("escrow") as (settings, db, publisher):
        await publisher.channel()
        relay = asyncio.ensure_future(Relay(db, publisher).forever())

        async def change(number: int) -> None:
            user_id = new_id("usr")

            async def work(tx: Transaction) -> None:
                await tx.add(ROW, id=user_id)
                tx.stage(PayoutAccountReady(user_id=user_id), sequence=1)

            await db.run(work)

        began, cpu = time.time(), time.process_time()
        await repeat(count, change, workers=settings.pool_size, rate=rate)
        while await db.value("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        ended = time.time()
        relay.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relay
        return {"began": began, "ended": ended, "cpu_s": time.process_time() - cpu}


async def consume(count: int, bulk: bool) -> dict[str, float]:
    """Apply the events, each in a transaction of its own or many in one."""
    async with opened("notifier") as (settings, db, publisher):
        consumers, all_seen, seen = Consumers("notifier"), asyncio.Event(), 0

        async def apply(tx: Transaction, event: PayoutAccountReady) -> None:
            nonlocal seen
            await tx.add(ROW, id=event.user_id)
            seen += 1
            if seen >= count:
                all_seen.set()

        consumers.events(QUEUE, apply)
        if bulk:
            consumers.in_bulk(QUEUE)
        broker = RabbitBroker(
            settings.broker_url.get_secret_value(), apply_types=False, logger=None
        )
        Consuming(consumers, db, publisher, {}).attach(broker, settings.prefetch)
        await broker.start()
        protocol.tell(ready=True)
        cpu = time.process_time()
        await all_seen.wait()
        while await db.value("SELECT count(*) FROM inbox") < count:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        ended = time.time()
        await broker.stop()
        return {"ended": ended, "cpu_s": time.process_time() - cpu}


def main() -> None:
    """Play the part that the arguments name."""
    part, count, more = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    work: Any
    work = publish(count, float(more[0])) if part == "publish" else consume(count, "bulk" in more)
    protocol.tell(**uvloop.run(work))


if __name__ == "__main__":
    main()
