"""Whether a process hears its queues is known of each one, though they share the queues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
from chaos_proxy import standing_before
from chassis.http.health import BrokerHealth
from chassis.messaging.consumers import CANARY, Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import Publisher
from chassis.storage.database import Database, Transaction
from chassis_builders import QUEUE, an_event, consuming, until
from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.ids import uuid7
from yarl import URL

CANARY_EVERY_S, SILENT_S = 0.3, 10.0


@dataclass
class Process:
    """What one process of a service knows of its queue."""

    running: Consuming
    watch: BrokerHealth
    times: int = 0
    last: float = 0.0

    def count(self) -> int:
        """How often something was seen to have come."""
        if (last := self.running.heard.get(QUEUE, 0.0)) != self.last:
            self.times, self.last = self.times + 1, last
        return self.times


def some_consumers() -> Consumers:
    consumers = Consumers("notifier")

    async def take(transaction: Transaction, event: PayoutAccountReady) -> None:
        transaction.audit("seen", event.user_id)

    consumers.events(QUEUE, take, prefetch=1)
    return consumers


@asynccontextmanager
async def a_process(
    db: Database, url: str, by: str = "", silent_s: float = SILENT_S
) -> AsyncIterator[Process]:
    """A process that consumes over one connection and publishes over another."""
    publisher = Publisher(by or url, "notifier")
    async with consuming(some_consumers(), db, url, by) as running:
        watch = BrokerHealth(running, publisher, canary_every_s=CANARY_EVERY_S, silent_s=silent_s)
        looking = asyncio.ensure_future(watch.forever())
        try:
            yield Process(running, watch)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await publisher.close()


@pytest.mark.parametrize("count", [2, 10])
async def test_no_process_of_many_calls_itself_deaf(db, broker_for, count):
    url = broker_for("notifier").url("notifier")
    faults: list[Any] = []
    async with AsyncExitStack() as stack:
        all_of_them = [await stack.enter_async_context(a_process(db, url)) for _ in range(count)]
        await until(lambda: not any(it.watch.faults for it in all_of_them))

        def each_heard_often() -> bool:
            faults.extend(it.watch.silent() or it.watch.faults for it in all_of_them)
            return all([it.count() >= 5 for it in all_of_them])

        await until(each_heard_often)

    assert not any(faults)


async def test_one_that_is_given_messages_and_no_canary_hears_all_the_same(db, broker_for):
    """The broker deals in turn: here one gets every canary, and the other every message."""
    broker = broker_for("notifier", "escrow")
    url = broker.url("notifier")
    async with (
        consuming(some_consumers(), db, url) as one,
        consuming(some_consumers(), db, url) as another,
        await aio_pika.connect(broker.operator_url) as operator,
    ):
        channel, user = await operator.channel(), URL(broker.operator_url).user
        for kind in (CANARY, PayoutAccountReady.topic) * 4:
            body = an_event().model_dump_json().encode()
            message = aio_pika.Message(body, type=kind, user_id=user, message_id=str(uuid7()))
            await channel.default_exchange.publish(message, QUEUE)

        await until(lambda: QUEUE in one.heard and QUEUE in another.heard)


@pytest.mark.invariant("V16")
async def test_one_that_is_deaf_says_so_and_the_others_do_not(db, broker_for):
    url = broker_for("notifier").url("notifier")
    async with (
        standing_before(url) as proxy,
        a_process(db, url) as one,
        a_process(db, url) as another,
        a_process(db, proxy.url, by=url, silent_s=2.0) as deaf,
    ):
        await until(lambda: deaf.count() and one.count() and another.count())
        proxy.swallow_replies = True

        await until(deaf.watch.silent)

        assert deaf.watch.silent() == [QUEUE]
        assert not one.watch.silent()
        assert not another.watch.silent()
        proxy.cut()
        proxy.back()
        await until(lambda: not deaf.watch.silent())


async def test_one_that_the_broker_gives_nothing_says_so_though_others_consume(db, broker_for):
    url = broker_for("notifier").url("notifier")
    publisher = Publisher(url, "notifier")
    unsubscribed = Consuming(some_consumers(), db, publisher, {})
    watch = BrokerHealth(unsubscribed, publisher, canary_every_s=CANARY_EVERY_S, silent_s=3.0)
    looking = asyncio.ensure_future(watch.forever())
    async with a_process(db, url) as other:
        await until(watch.silent)

        assert watch.silent() == [QUEUE]
        assert not watch.faults
        assert not other.watch.silent()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await publisher.close()
