"""Hears every event on the broker, so that a driver can wait for one instead of sleeping."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from contracts_schema.envelope import attributes

PATIENCE_S = 60.0
FORGOTTEN_AFTER_MS = 120_000
PARTED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it passed."""

    type: str
    id: str
    time: str
    service: str
    sequence: int
    trace_id: str
    body: dict[str, Any]
    causation_id: str = ""


class NotHeard(AssertionError):
    """An event that was waited for did not come in time; the text says what came instead."""


@dataclass(slots=True)
class EventListener:
    """What has been heard so far, and a way to wait for more."""

    heard: list[Heard] = field(default_factory=list)
    patience_s: float = PATIENCE_S
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait(self, topic: str, **facts: Any) -> Heard:
        """The first event of this topic with these facts, heard already or still to come."""

        def found() -> Heard | None:
            return next((event for event in self.heard if _fits(event, topic, facts)), None)

        try:
            async with asyncio.timeout(self.patience_s), self._more:
                while (event := found()) is None:
                    await self._more.wait()
                return event
        except TimeoutError:
            came = [event.type for event in self.heard[-12:]]
            raise NotHeard(
                f"no {topic} with {facts} in {self.patience_s} s; last came {came}"
            ) from None

    def of(self, topic: str, **facts: Any) -> list[Heard]:
        """Every event of this topic with these facts, so far; each event once."""
        found = {event.id: event for event in self.heard if _fits(event, topic, facts)}
        return list(found.values())

    async def hear(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Take an event in."""
        headers = attributes(message.headers)
        event = Heard(
            type=str(message.type),
            id=str(message.message_id),
            time=str(headers.get("time", "")),
            service=str(headers.get("source", "")).rpartition("/")[2],
            sequence=int(str(headers.get("sequence", 0))),
            trace_id=str(headers.get("traceparent", "--")).split("-")[1],
            body=json.loads(message.body),
            causation_id=str(headers.get("causationid", "")),
        )
        async with self._more:
            self.heard.append(event)
            self._more.notify_all()
        await message.ack()


def _fits(event: Heard, topic: str, facts: dict[str, Any]) -> bool:
    return event.type == topic and all(event.body.get(name) == fact for name, fact in facts.items())


@asynccontextmanager
async def listening(amqp_url: str) -> AsyncIterator[EventListener]:
    """Listen to every event while the block runs, also to those told while the broker was away.

    The queue outlives the connection, and goes with the block, or a while after a driver that died
    or lost the broker for good.
    """
    listener = EventListener()
    connection = await aio_pika.connect_robust(amqp_url)
    try:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=500)
        exchange = await channel.get_exchange("holdfast.events", ensure=False)
        name = f"listener.{secrets.token_hex(6)}"
        queue = await channel.declare_queue(
            name, durable=True, arguments={"x-expires": FORGOTTEN_AFTER_MS}
        )
        await queue.bind(exchange, "#")
        consumer = await queue.consume(listener.hear)
        yield listener
        # A robust channel waits for ever for a broker that is gone.
        with suppress(TimeoutError, *CONNECTION_EXCEPTIONS):
            async with asyncio.timeout(PARTED_WITHIN_S):
                await queue.cancel(consumer)
                await queue.delete(if_unused=False, if_empty=False)
    finally:
        await connection.close()
