"""Messages in: each is claimed, applied and committed in one transaction, and only then acked.

A handler says by its annotations what it takes. Events: ``(transaction, event)``. Commands:
``(transaction, actor, command)``. Work that must reach the outside world before the transaction
goes into ``prepare``; what it gives back is the handler's last argument.

What fails for now waits (1 s, 5 s, 30 s, 2 min, 10 min) and is parked after that with the error's
text; what can never succeed is parked at once. A refused command is answered, not parked.
"""

from __future__ import annotations

import asyncio
import json
import typing
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import aio_pika
import structlog
from contracts_schema.events.rejected import BY_SERVICE
from contracts_schema.message import DiscordActor, Message
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from pydantic import TypeAdapter, ValidationError

from chassis import principals
from chassis.database import Cause, Database, Transaction
from chassis.failpoints import failpoint
from chassis.inbox import first_delivery
from chassis.problems import Problem, Rules, as_problem
from chassis.publisher import Publisher
from chassis.telemetry import CONSUMED, HANDLING, carried, tracer

WAITS = ("1s", "5s", "30s", "2m", "10m")
AWAY_WAITS = 3
"""For who is away, the waits stop growing at the third: the answer comes soon after the return."""
LARGEST_BODY = 256 * 1024
CANARY = "chassis.canary"
ATTEMPT, ERROR = "x-attempt", "x-error"

Handler = Callable[..., Awaitable[Any]]
Prepare = Callable[..., Awaitable[Any]]
H = TypeVar("H", bound=Handler)

log = structlog.get_logger(__name__)
_ACTOR = TypeAdapter(DiscordActor)


class Poison(Exception):
    """A message that can never be applied."""


class Away(Exception):
    """Somebody outside cannot be reached for now: the message waits for as long as that lasts."""


class TooEarly(Exception):
    """What this message stands on is not known here yet; it is tried again."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message, taken apart."""

    queue: str
    message_id: UUID
    topic: str
    headers: dict[str, Any]
    body: bytes

    @property
    def cause(self) -> Cause:
        """What follows from this message was caused by it."""
        return Cause(
            str(self.headers.get("correlationid", "")),
            str(self.message_id),
            trigger_id=str(self.headers.get("causationid", "")),
        )


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with messages of one topic on one queue."""

    model: type[Message]
    handler: Handler
    prepare: Prepare | None
    needs_actor: bool


class Consumers:
    """The queues of one service and what it does with each message on them."""

    def __init__(self, service: str) -> None:
        """Consumers of this service; its name begins each of its queues' names."""
        self.service = service
        self.routes: dict[str, dict[str, Route]] = {}
        self.prefetch: dict[str, int] = {}

    def event(
        self, queue: str, *, prepare: Prepare | None = None, prefetch: int = 0
    ) -> Callable[[H], H]:
        """Apply events from this queue; the handler's second annotation says which."""
        return self._register(queue, 1, prepare, prefetch)

    def command(
        self, queue: str, *, prepare: Prepare | None = None, prefetch: int = 0
    ) -> Callable[[H], H]:
        """Fulfil commands from this queue; the handler's third annotation says which."""
        return self._register(queue, 2, prepare, prefetch)

    def _register(
        self, queue: str, position: int, prepare: Prepare | None, prefetch: int
    ) -> Callable[[H], H]:
        if not queue.startswith(self.service + "."):
            raise ValueError(f"{queue} is not a queue of {self.service}")

        def register(handler: H) -> H:
            hints = typing.get_type_hints(handler)
            names = [name for name in hints if name != "return"]
            annotation = hints[names[position]]
            for model in typing.get_args(annotation) or (annotation,):
                known = self.routes.setdefault(queue, {})
                if model.topic in known:
                    raise ValueError(f"{queue} handles {model.topic} twice")
                known[model.topic] = Route(model, handler, prepare, position == 2)
            self.prefetch[queue] = max(prefetch, self.prefetch.get(queue, 0))
            return handler

        return register


class Consuming:
    """The running consumers of one process."""

    def __init__(
        self, consumers: Consumers, database: Database, publisher: Publisher, rules: Rules
    ) -> None:
        """Apply messages to this database; publish retries and parkings by this publisher."""
        self.consumers, self._database = consumers, database
        self._publisher, self._rules = publisher, rules
        self.canary_seen: dict[str, float] = {}

    def attach(self, broker: RabbitBroker, prefetch: int) -> None:
        """Subscribe to every queue; declared passively, for topology is made by one migration."""
        for queue in self.consumers.routes:
            broker.subscriber(
                RabbitQueue(queue, declare=False),
                channel=Channel(prefetch_count=self.consumers.prefetch[queue] or prefetch),
                ack_policy=AckPolicy.MANUAL,
                decoder=_undecoded,
                no_reply=True,
            )(self._subscriber(queue))

    def _subscriber(self, queue: str) -> Callable[[RabbitMessage], Awaitable[None]]:
        async def consume(message: RabbitMessage) -> None:
            await self.consume(queue, message)

        return consume

    async def consume(self, queue: str, message: RabbitMessage) -> None:
        """Apply one message and ack it; whatever happens, it is never lost."""
        if message.raw_message.type == CANARY:
            self.canary_seen[queue] = asyncio.get_running_loop().time()
            await message.ack()
            return
        outcome = "failed"
        try:
            received = take_apart(queue, message)
            outcome = await self._traced(received)
        except (Poison, Problem, ValidationError) as error:
            await self._park(queue, message, error)
            outcome = "parked"
        except Exception as error:
            outcome = await self._wait_or_park(queue, message, error)
        failpoint(f"consumer.before_ack.{queue}")
        await message.ack()
        CONSUMED.labels(queue, outcome).inc()

    async def _traced(self, received: Received) -> str:
        with tracer.start_as_current_span(
            f"{received.queue} process",
            context=carried(received.headers),
            kind=SpanKind.CONSUMER,
            record_exception=False,
        ) as span:
            span.set_attribute("messaging.message.id", str(received.message_id))
            span.set_attribute("messaging.destination.name", received.topic)
            with structlog.contextvars.bound_contextvars(
                event_id=str(received.message_id), topic=received.topic
            ):
                outcome = await self._apply(received)
            trace.get_current_span().set_attribute("holdfast.outcome", outcome)
        _measure(received)
        return outcome

    async def _apply(self, received: Received) -> str:
        route = self.consumers.routes[received.queue].get(received.topic)
        if route is None:
            return "ignored"
        if route.needs_actor:
            return await self._fulfil(received, route)
        event = route.model.model_validate_json(received.body)
        prepared = [] if route.prepare is None else [await route.prepare(event)]

        async def apply(transaction: Transaction) -> str:
            if not await first_delivery(transaction, received.queue, received.message_id):
                return "repeated"
            await route.handler(transaction, event, *prepared)
            failpoint(f"consumer.before_commit.{received.queue}")
            return "applied"

        return await self._database.run(apply, received.cause)

    async def _fulfil(self, received: Received, route: Route) -> str:
        wish = json.loads(received.body)
        actor = _ACTOR.validate_python(wish["actor"])
        if await self._known(received):
            return "repeated"
        try:
            command = route.model.model_validate(wish["payload"])
            caller = await principals.by_discord_id(self._database, actor)
            prepared = [] if route.prepare is None else [await route.prepare(caller, command)]

            async def fulfil(transaction: Transaction) -> str:
                if not await first_delivery(transaction, received.queue, received.message_id):
                    return "repeated"
                await route.handler(transaction, caller, command, *prepared)
                failpoint(f"consumer.before_commit.{received.queue}")
                return "applied"

            cause = received.cause
            who = caller.user_id or f"discord:{actor.discord_user_id}"
            return await self._database.run(
                fulfil, Cause(cause.correlation_id, cause.causation_id, who)
            )
        except Exception as error:
            problem = as_problem(error, self._rules)
            if problem is None or (problem.retryable and _attempt(received.headers) <= 3):
                raise
            if self.consumers.service not in BY_SERVICE:
                raise
            await self._reject(received, actor, problem)
            return "rejected"

    async def _known(self, received: Received) -> bool:
        found = await self._database.value(
            "SELECT true FROM inbox WHERE consumer = $1 AND message_id = $2",
            received.queue,
            received.message_id,
        )
        return found is True

    async def _reject(self, received: Received, actor: DiscordActor, problem: Problem) -> None:
        async def reject(transaction: Transaction) -> None:
            if await first_delivery(transaction, received.queue, received.message_id):
                event = BY_SERVICE[self.consumers.service]
                transaction.stage(
                    event(
                        command_id=received.message_id,
                        command=received.topic,
                        discord_user_id=actor.discord_user_id,
                        problem=problem.refusal(),
                    )
                )

        await self._database.run(reject, received.cause)

    async def _wait_or_park(self, queue: str, message: RabbitMessage, error: Exception) -> str:
        attempt = _attempt(message.headers)
        away = isinstance(error, Away)
        if attempt > len(WAITS) and not away:
            await self._park(queue, message, error)
            return "parked"
        wait = WAITS[min(attempt, AWAY_WAITS if away else attempt) - 1]
        log.warning("consumer.waits", queue=queue, wait=wait, attempt=attempt, error=_shown(error))
        await self._forward(f"holdfast.wait.{wait}", queue, message, attempt + 1, error)
        return "waits"

    async def _park(self, queue: str, message: RabbitMessage, error: Exception) -> None:
        log.error("consumer.parked", queue=queue, error=_shown(error), exc_info=error)
        await self._forward("holdfast.parked", queue, message, _attempt(message.headers), error)

    async def _forward(
        self, exchange: str, queue: str, message: RabbitMessage, attempt: int, error: Exception
    ) -> None:
        raw = message.raw_message
        headers = {
            key: value for key, value in raw.headers.items() if key not in ("x-death", ATTEMPT)
        }
        headers |= {ATTEMPT: attempt, ERROR: _shown(error)}
        copy = aio_pika.Message(
            raw.body,
            headers=headers,
            content_type=raw.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=raw.message_id,
            correlation_id=raw.correlation_id,
            type=raw.type,
        )
        await self._publisher.publish(exchange, queue, copy)


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    """Hand the message itself to the subscriber: bytes are read where poison can be parked."""
    return message


def take_apart(queue: str, message: RabbitMessage) -> Received:
    """Read the envelope; raises Poison for what no publisher of ours would send."""
    raw = message.raw_message
    if len(raw.body) > LARGEST_BODY:
        raise Poison(f"the body has {len(raw.body)} bytes; {LARGEST_BODY} is the most")
    try:
        message_id = UUID(raw.message_id or "")
    except ValueError:
        raise Poison(f"the message id is no UUID: {str(raw.message_id)[:60]!r}") from None
    try:
        if not isinstance(json.loads(raw.body), dict):
            raise Poison("the body is no JSON object")
    except (ValueError, RecursionError) as error:
        raise Poison(f"the body is no JSON: {error}") from None
    return Received(queue, message_id, raw.type or "", dict(raw.headers), raw.body)


def _attempt(headers: dict[str, Any]) -> int:
    value = headers.get(ATTEMPT, 1)
    return value if isinstance(value, int) and value >= 1 else 1


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _measure(received: Received) -> None:
    with suppress(ValueError, TypeError):
        sent = datetime.fromisoformat(str(received.headers.get("cloudEvents_time")))
        HANDLING.labels(received.queue).observe(
            max(0.0, (datetime.now(UTC) - sent).total_seconds())
        )
