"""A small service of the tests' own: it publishes as escrow and consumes as notifier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.problems import Rules
from chassis.storage.database import Database
from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.ids import new_id
from contracts_schema.speakers import speakers_of
from faststream.rabbit import RabbitBroker

QUEUE = "notifier.events"


def an_event() -> PayoutAccountReady:
    """Some event that escrow may publish and notifier listens to."""
    return PayoutAccountReady(user_id=new_id("usr"))


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


async def is_empty(broker: Any) -> bool:
    """Whether nothing waits in the queue any more."""
    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(QUEUE, passive=True)
        return declared.declaration_result.message_count == 0


async def parked(broker: Any) -> list[AbstractIncomingMessage]:
    """The first message that was put aside, as soon as there is one."""
    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(f"{QUEUE}.parked", ensure=False)
        found: list[AbstractIncomingMessage] = []
        async with asyncio.timeout(30):
            while not found:
                message = await queue.get(fail=False, no_ack=True)
                if message is not None:
                    found.append(message)
                else:
                    await asyncio.sleep(0.05)
        return found


class EveryService:
    """Publishes each message as the broker user of the service whose it is."""

    def __init__(self, broker: Any) -> None:
        """Connect to this virtual host, as each service when it first has something to say."""
        self._broker = broker
        self._publishers: dict[str, Publisher] = {}

    async def publish(self, exchange: str, topic: str, message: aio_pika.Message) -> None:
        """Publish and return when it is confirmed."""
        service = next(speakers_of(topic, is_event=exchange == "holdfast.events"))
        if service not in self._publishers:
            self._publishers[service] = Publisher(self._broker.url(service), service)
        await self._publishers[service].publish(exchange, topic, message)

    async def close(self) -> None:
        """Let go of all connections."""
        for publisher in self._publishers.values():
            await publisher.close()


@asynccontextmanager
async def relaying(database: Database, url: str, service: str = "escrow") -> AsyncIterator[Relay]:
    """A relay that runs while the block does."""
    publisher = Publisher(url, service)
    relay = Relay(database, publisher)
    task = asyncio.ensure_future(relay.forever())
    try:
        yield relay
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await publisher.close()


@asynccontextmanager
async def consuming(
    consumers: Consumers,
    database: Database,
    url: str,
    publish_by: str = "",
    rules: Rules = MappingProxyType({}),
) -> AsyncIterator[Consuming]:
    """Consumers that run while the block does; retries may go another way."""
    publisher = Publisher(publish_by or url, consumers.service)
    running = Consuming(consumers, database, publisher, rules)
    broker = RabbitBroker(url, apply_types=False, logger=None, reconnect_interval=2.0)
    running.attach(broker, 10)
    await broker.start()
    try:
        yield running
    finally:
        await broker.stop()
        await publisher.close()
