"""Parked messages: what could not be handled, waiting for a person's decision."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from yarl import URL

from holdfast.broker import Management

ERROR, ATTEMPT = "x-error", "x-attempt"
AUTHOR, PUBLISHED_AS = "x-author", "x-published-as"
_SUFFIX = ".parked"
_TIMEOUT_S = 10.0
_BOOKKEEPING = frozenset({ERROR, ATTEMPT, "x-death", "x-delivery-count"})


class NoSuchQueue(LookupError):
    """No queue of this name has a parked queue."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked message, as shown to a person."""

    message_id: str
    type: str
    attempt: str
    error: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages a queue has parked."""

    queue: str
    messages: int


def counts(management: Management) -> list[Count]:
    """Every queue that can park, and how many it has (as of some seconds ago)."""
    totals = "disable_stats=true&enable_queue_totals=true&columns=name,messages"
    rows = management.ask("GET", f"/queues/{{vhost}}?{totals}")
    return sorted(
        (
            Count(it["name"].removesuffix(_SUFFIX), it.get("messages", 0))
            for it in rows
            if it["name"].endswith(_SUFFIX)
        ),
        key=lambda it: it.queue,
    )


Treatment = Callable[[AbstractChannel, AbstractIncomingMessage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ParkedQueue:
    """The parked queue of one queue."""

    url: str
    queue: str

    @classmethod
    def of(cls, url: str, queue: str, management: Management) -> ParkedQueue:
        """The parked queue of a queue that exists; its own name is understood too."""
        name = queue.removesuffix(_SUFFIX)
        known = [it.queue for it in counts(management)]
        if name not in known:
            raise NoSuchQueue(f"no queue {name!r}; there are: {', '.join(known)}")
        return cls(url, name)

    async def show(self, limit: int) -> list[Parked]:
        """The oldest messages, left where they are."""
        found: list[Parked] = []
        async with self._channel() as channel:
            async for message in _messages(channel, self.queue + _SUFFIX):
                if len(found) == limit:
                    break
                found.append(_described(message))
        return found  # closing the channel gives them all back

    async def retry(self, chosen: Callable[[str], bool]) -> int:
        """Send the chosen messages to their queue again; each leaves only once it has arrived.

        The operator's user sends them; who published them first is kept, and looked at again.
        """
        operator = URL(self.url).user

        async def again(channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
            kept = {k: v for k, v in message.headers.items() if _is_ours(k)}
            copy = aio_pika.Message(
                message.body,
                headers={**self._first_published(message), **kept},
                user_id=operator,
                message_id=message.message_id,
                correlation_id=message.correlation_id,
                type=message.type,
                content_type=message.content_type,
                content_encoding=message.content_encoding,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            async with asyncio.timeout(_TIMEOUT_S):
                await channel.default_exchange.publish(copy, self.queue, mandatory=True)

        return await self._take(chosen, again)

    def _first_published(self, message: AbstractIncomingMessage) -> dict[str, str]:
        """Who published, and as what, a message that the broker itself moved here."""
        deaths: Any = message.headers.get("x-death")
        key = str(deaths[-1]["routing-keys"][0]) if deaths else self.queue
        if key == self.queue:
            return {}
        return {AUTHOR: message.user_id or "", PUBLISHED_AS: key}

    async def drop(self, chosen: Callable[[str], bool]) -> int:
        """Remove the chosen messages for good."""

        async def nothing(channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
            del channel, message

        return await self._take(chosen, nothing)

    async def _take(self, chosen: Callable[[str], bool], treat: Treatment) -> int:
        taken = 0
        async with self._channel() as channel:
            async for message in _messages(channel, self.queue + _SUFFIX):
                if chosen(message.message_id or ""):
                    await treat(channel, message)
                    await message.ack()
                    taken += 1
            # The rest goes back when the channel closes.
        return taken

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        connection = await aio_pika.connect(self.url, timeout=_TIMEOUT_S)
        async with connection:
            yield await connection.channel(publisher_confirms=True, on_return_raises=True)


async def _messages(channel: AbstractChannel, name: str) -> AsyncIterator[AbstractIncomingMessage]:
    """The messages the queue holds now, each once, none acknowledged."""
    queue = await channel.get_queue(name, ensure=True)
    for _ in range(queue.declaration_result.message_count or 0):
        message = await queue.get(no_ack=False, fail=False, timeout=_TIMEOUT_S)
        if message is None:
            return
        yield message


def _described(message: AbstractIncomingMessage) -> Parked:
    headers = {key: _text(value) for key, value in message.headers.items()}
    return Parked(
        message_id=message.message_id or "",
        type=message.type or "",
        attempt=headers.get(ATTEMPT, ""),
        error=headers.get(ERROR, _death(message)),
        headers={key: value for key, value in headers.items() if _is_ours(key)},
        body=message.body.decode("utf-8", errors="replace"),
    )


def _death(message: AbstractIncomingMessage) -> str:
    """Why the broker itself moved the message here, for such has no error text."""
    reason = message.headers.get("x-first-death-reason")
    return f"dead-lettered by the broker: {_text(reason)}" if reason else ""


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_ours(header: str) -> bool:
    return header not in _BOOKKEEPING and not header.startswith("x-first-death")
