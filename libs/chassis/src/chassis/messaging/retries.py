"""What could not be applied: it waits and comes back, or it is parked with the error's text.

The waits grow (1 s, 5 s, 30 s, 2 min, 10 min) and end in the parked queue, where an operator looks.
"""

from __future__ import annotations

from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage

from chassis.messaging.authorship import AUTHOR, COPIED, PUBLISHED_AS, first_published
from chassis.messaging.publisher import Publisher
from chassis.messaging.received import ATTEMPT, ERROR, Away, attempt
from chassis.storage import database

WAITS = ("1s", "5s", "30s", "2m", "10m")
AWAY_WAITS = 3
"""For who is away, the waits stop growing at the third: the answer comes soon after the return."""
AWAY = (Away, *database.AWAY)
"""Somebody outside, or our own database: no fault of the message, which is never parked for it."""

_WRITTEN_ANEW = frozenset({"x-death", ATTEMPT, ERROR, AUTHOR, PUBLISHED_AS, *COPIED})

log = structlog.get_logger(__name__)


class Retries:
    """Sends copies of messages to the wait and parked queues; confirmed before it returns."""

    def __init__(self, publisher: Publisher) -> None:
        """Forward by this publisher."""
        self._publisher = publisher

    async def wait_or_park(
        self, queue: str, message: AbstractIncomingMessage, error: Exception
    ) -> str:
        """Let the message wait for its next try, or park it after its last; which of the two."""
        tried, away = attempt(message.headers), isinstance(error, AWAY)
        if tried > len(WAITS) and not away:
            return await self.park(queue, message, error)
        wait = WAITS[min(tried, AWAY_WAITS if away else tried) - 1]
        log.warning("consumer.waits", queue=queue, wait=wait, attempt=tried, error=_shown(error))
        await self._forward(f"holdfast.wait.{wait}", queue, message, tried + 1, error)
        return "waits"

    async def park(self, queue: str, message: AbstractIncomingMessage, error: Exception) -> str:
        """Put the message aside for an operator, with the error's text."""
        log.error("consumer.parked", queue=queue, error=_shown(error), exc_info=error)
        return await self.set_aside(queue, message, error)

    async def set_aside(
        self, queue: str, message: AbstractIncomingMessage, error: Exception
    ) -> str:
        """Park it without a word in the log: who calls says it better."""
        await self._forward("holdfast.parked", queue, message, attempt(message.headers), error)
        return "parked"

    async def _forward(
        self,
        exchange: str,
        queue: str,
        message: AbstractIncomingMessage,
        number: int,
        error: Exception,
    ) -> None:
        kept = {key: it for key, it in message.headers.items() if key not in _WRITTEN_ANEW}
        own: dict[str, Any] = {ATTEMPT: number, ERROR: _shown(error)}
        own |= first_published(queue, message)
        copy = aio_pika.Message(
            message.body,
            headers={**kept, **own},
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            type=message.type,
        )
        await self._publisher.publish(exchange, queue, copy)


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
