"""The one way out to the broker: persistent, mandatory, confirmed, and bounded in time.

A connection of its own, apart from the consumers': a blocked publisher must not stop them. A
time-out means unknown, never failed: the message is published again and its inbox absorbs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPError, DeliveryError
from yarl import URL

CONFIRM_WITHIN_S = 10.0

BROKEN = (
    AMQPError,
    ConnectionError,
    TimeoutError,
    asyncio.InvalidStateError,
    RuntimeError,
    OSError,
)
"""What a lost, blocked or closed broker connection shows itself as."""


class Refused(Exception):
    """The broker does not take this message; others pass."""


class Unroutable(Refused):
    """The broker took the message back: no queue is bound for it."""


class Publisher:
    """Publishes and waits for the broker's confirm; reconnects on the next call after a failure.

    Each message names the user of the connection, and the broker refuses any other name: whoever
    reads it can believe it.
    """

    def __init__(
        self, url: str, service: str, public_base_url: str = "http://127.0.0.1:8080"
    ) -> None:
        """Remember where; nothing connects yet. Schemas are found at the public address."""
        self.public_base_url = public_base_url
        self._url, self._service, self._user_id = url, service, URL(url).user
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._lock = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether the last thing known of the connection is that it is open."""
        return self._channel is not None and not self._channel.is_closed

    async def publish(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Hand the message to the broker and return when it is confirmed.

        Raises Unroutable when no queue takes it, and one of BROKEN when it is not known.
        """
        target = await self._exchange(exchange)
        message.user_id = self._user_id
        async with asyncio.timeout(CONFIRM_WITHIN_S):
            try:
                await target.publish(message, routing_key, mandatory=True)
            except DeliveryError as error:
                raise Unroutable(f"no queue takes {routing_key} on {exchange}") from error

    async def channel(self) -> AbstractChannel:
        """The open channel, connecting if need be."""
        async with self._lock:
            if self._channel is None or self._channel.is_closed:
                await self._drop()
                async with asyncio.timeout(CONFIRM_WITHIN_S):
                    self._connection = await aio_pika.connect(
                        self._url, client_properties={"connection_name": f"{self._service}.relay"}
                    )
                    self._channel = await self._connection.channel(
                        publisher_confirms=True, on_return_raises=True
                    )
            return self._channel

    async def _exchange(self, name: str) -> AbstractExchange:
        channel = await self.channel()
        if name not in self._exchanges:
            self._exchanges[name] = await channel.get_exchange(name, ensure=False)
        return self._exchanges[name]

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._exchanges.clear()
        if connection is not None and not connection.is_closed:
            try:
                async with asyncio.timeout(2):
                    await connection.close()
            except BROKEN:
                pass

    async def close(self) -> None:
        """Let go of the connection."""
        async with self._lock:
            await self._drop()


def outgoing(
    body: bytes, message_id: str, topic: str, headers: Mapping[str, Any], correlation_id: str
) -> aio_pika.Message:
    """A persistent JSON message whose properties mirror its envelope."""
    return aio_pika.Message(
        body,
        headers=dict(headers),
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
        correlation_id=correlation_id,
        type=topic,
    )
