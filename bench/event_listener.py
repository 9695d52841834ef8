"""Receives every event and keeps when it came; made for many trades at once."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from holdfast.demo.event_listener import PATIENCE_S, EventListener, Heard, NotHeard

Key = tuple[str, str, Any]


class IndexedListener(EventListener):
    """A listener that finds an event by any of its facts without looking through all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.received_at: dict[str, float] = {}
        self._known: dict[Key, list[Heard]] = defaultdict(list)
        self._waiting: dict[Key, list[asyncio.Future[None]]] = defaultdict(list)

    async def hear(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Keep an event, and wake those who wait for one like it."""
        now = time.time()
        await super().hear(message)
        event = next(it for it in reversed(self.heard) if it.id == message.message_id)
        self.received_at[event.id] = now
        for name, fact in event.body.items():
            if isinstance(fact, str):
                key = (event.type, name, fact)
                self._known[key].append(event)
                for waiting in self._waiting.pop(key, ()):
                    if not waiting.done():
                        waiting.set_result(None)

    async def wait(self, topic: str, **facts: Any) -> Heard:
        """The first event of this topic with these facts, received already or still to come."""
        name, fact = next(iter(facts.items()))
        key = (topic, name, fact)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (event := self._find(key, facts)) is None:
                    more: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting[key].append(more)
                    await more
                return event
        except TimeoutError:
            raise NotHeard(f"no {topic} with {facts} in {PATIENCE_S} s") from None

    def _find(self, key: Key, facts: dict[str, Any]) -> Heard | None:
        known = self._known.get(key, ())
        return next((it for it in known if facts.items() <= it.body.items()), None)


@asynccontextmanager
async def listening(amqp_url: str) -> AsyncIterator[IndexedListener]:
    """Receive every event while the block runs."""
    listener = IndexedListener()
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=500)
        exchange = await channel.get_exchange("holdfast.events", ensure=False)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(exchange, "#")
        await queue.consume(listener.hear)
        yield listener
