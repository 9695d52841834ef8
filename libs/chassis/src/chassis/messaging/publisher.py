"""The one way out to the broker: persistent, mandatory, confirmed, vouched for, bounded in time.

FastStream's publishers on a connection of their own, apart from the consumers': a blocked
publisher must not stop them. A time-out means unknown, never failed: the message is published
again and its inbox absorbs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPError, DeliveryError
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.publisher.usecase import RabbitPublisher
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


class _Channel(aio_pika.Channel):
    """Takes every exchange to be there, as topology makes them: no round trip asks for it."""

    async def declare_exchange(self, name: str, *_: Any, **__: Any) -> AbstractExchange:
        return await self.get_exchange(name, ensure=False)


class _Connection(aio_pika.Connection):
    """Ends when it is lost, and is not mended: what was under way on it is known to be unknown."""

    CHANNEL_CLASS = _Channel


class Publisher:
    """Publishes and waits for the broker's confirm; reconnects on the next call after a failure.

    Each message names the user of the connection, and the broker refuses any other name: whoever
    reads it can believe it.
    """

    def __init__(self, url: str, service: str) -> None:
        """Remember where; nothing connects yet."""
        self._url, self._service, self._user_id = url, service, URL(url).user
        self._broker: RabbitBroker | None = None
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._publishers: dict[str, RabbitPublisher] = {}
        self._lock = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether the last thing known of the connection is that it is open."""
        return self._channel is not None and not self._channel.is_closed

    async def publish(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Hand the message to the broker and return when it is confirmed.

        Raises Unroutable when no queue takes it, and one of BROKEN when it is not known.
        """
        publisher = await self._publisher(exchange)
        message.user_id = self._user_id
        async with asyncio.timeout(CONFIRM_WITHIN_S):
            try:
                await publisher.publish(message, routing_key=routing_key)
            except DeliveryError as error:
                raise Unroutable(f"no queue takes {routing_key} on {exchange}") from error

    async def channel(self) -> AbstractChannel:
        """The open channel, connecting if need be."""
        async with self._lock:
            if self._channel is None or self._channel.is_closed:
                await self._drop()
                async with asyncio.timeout(CONFIRM_WITHIN_S):
                    await self._connect()
            return cast(AbstractChannel, self._channel)

    async def _connect(self) -> None:
        self._connection = await aio_pika.connect(
            self._url,
            client_properties={"connection_name": f"{self._service}.relay"},
            connection_class=_Connection,
        )
        confirmed = Channel(publisher_confirms=True, on_return_raises=True)
        broker = RabbitBroker(
            self._url, default_channel=confirmed, apply_types=False, app_id=None, logger=None
        )
        broker.config.connect(cast(aio_pika.RobustConnection, self._connection))
        self._channel = await broker.config.channel_manager.get_channel()
        self._broker = broker

    async def _publisher(self, exchange: str) -> RabbitPublisher:
        if not self.connected:
            await self.channel()
        if exchange not in self._publishers:
            if self._broker is None:
                raise ConnectionError("the connection was dropped meanwhile")
            made = self._broker.publisher(exchange=exchange, mandatory=True)
            self._publishers[exchange] = made
        return self._publishers[exchange]

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._broker = None
        self._publishers.clear()
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
