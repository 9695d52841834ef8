"""The running consumers of one process: each message is applied once, and only then acked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage
from contracts_schema.events.rejected import BY_SERVICE
from contracts_schema.message import DiscordActor, Message, subject_of
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from pydantic import TypeAdapter, ValidationError

from chassis import principals
from chassis.cause import Cause
from chassis.messaging.authorship import Forged, comes_back, proven_topic
from chassis.messaging.batches import Batches, Work
from chassis.messaging.consumers import Consumers, Route
from chassis.messaging.publisher import BROKEN, Publisher, Unroutable
from chassis.messaging.received import CANARY, Poison, Received, attempt, take_apart
from chassis.messaging.retries import Retries
from chassis.ops import tracing
from chassis.ops.failpoints import failpoint
from chassis.ops.telemetry import CONSUMED, FORGED
from chassis.ops.tracing import SpanKind
from chassis.principals import Principal
from chassis.problems import Problem, Rules, as_problem
from chassis.quotas import Quotas
from chassis.storage.database import Database, Transaction
from chassis.storage.inbox import Claim, apply_once, handled

FORWARD_AGAIN_AFTER_S = 1.0
RETRYABLE_TRIES = 3
"""So often a refusal that may pass is tried again before the person is told of it."""

TOO_MANY = 429

log = structlog.get_logger(__name__)
_ACTOR = TypeAdapter(DiscordActor)


class Consuming:
    """The running consumers of one process."""

    def __init__(
        self,
        consumers: Consumers,
        database: Database,
        publisher: Publisher,
        rules: Rules,
        quotas: Quotas | None = None,
    ) -> None:
        """Apply messages to this database; publish retries and parkings by this publisher.

        People's commands are counted by the quotas, if there are any.
        """
        self._quotas = quotas
        self.consumers, self._database, self._rules = consumers, database, rules
        self._retries = Retries(publisher)
        self._asks = {queue: consumers.takes_commands(queue) for queue in consumers.routes}
        self._batches = {queue: Batches(database) for queue in consumers.bulk}
        self.heard: dict[str, float] = {}
        """When a message, or a canary, came last from each queue."""

    def attach(self, broker: RabbitBroker, prefetch: int) -> None:
        """Subscribe to every queue; declared passively, for topology is made by one migration."""
        for queue in self.consumers.routes:
            broker.subscriber(
                RabbitQueue(queue, declare=False),
                channel=Channel(prefetch_count=self.consumers.prefetch[queue] or prefetch),
                ack_policy=AckPolicy.MANUAL,
                decoder=_undecoded,
                no_reply=True,
                title=queue,
            )(self._subscriber(queue))

    def _subscriber(self, queue: str) -> Callable[[RabbitMessage], Awaitable[None]]:
        async def consume(message: Any) -> None:
            await self.consume(queue, message.raw_message)

        # FastStream hands over the message as it came; what its AsyncAPI says travels is this.
        models = tuple(route.model for route in self.consumers.routes[queue].values())
        consume.__annotations__["message"] = reduce(or_, models)
        return consume

    async def consume(self, queue: str, message: AbstractIncomingMessage) -> None:
        """Apply one message and ack it; whatever happens, it is never lost."""
        self.heard[queue] = asyncio.get_running_loop().time()
        if message.type == CANARY and comes_back(queue, message):
            await message.ack()
            return
        try:
            outcome = await self._outcome(queue, message)
        except (*BROKEN, Unroutable) as error:
            await self._give_back(queue, message, error)
            return
        failpoint(f"consumer.before_ack.{queue}")
        await message.ack()
        CONSUMED.labels(queue, outcome).inc()

    async def _outcome(self, queue: str, message: AbstractIncomingMessage) -> str:
        try:
            topic = proven_topic(queue, message, self._asks[queue])
            return await self._traced(take_apart(queue, topic, message))
        except Forged as error:
            return await self._refuse(queue, message, error)
        except (Poison, Problem, ValidationError) as error:
            return await self._retries.park(queue, message, error)
        except Exception as error:
            return await self._retries.wait_or_park(queue, message, error)

    async def _refuse(self, queue: str, message: AbstractIncomingMessage, error: Forged) -> str:
        """Raise the alarm: somebody speaks for another."""
        FORGED.labels(queue, error.reason).inc()
        log.error(
            "consumer.forged",
            queue=queue,
            reason=error.reason,
            author=message.user_id,
            published_as=message.routing_key,
            type=message.type,
            error=str(error),
            next_step="./holdfast dlq show; whose broker password leaked, and change it",
        )
        await self._retries.set_aside(queue, message, error)
        return "forged"

    async def _give_back(
        self, queue: str, message: AbstractIncomingMessage, error: Exception
    ) -> None:
        """Nobody takes the copy that should wait: the broker keeps the message itself."""
        log.warning("consumer.gives_back", queue=queue, error=str(error)[:300])
        await asyncio.sleep(FORWARD_AGAIN_AFTER_S)
        with suppress(*BROKEN):
            await message.nack(requeue=True)

    async def _traced(self, received: Received) -> str:
        about = {
            "messaging.message.id": str(received.message_id),
            "messaging.destination.name": received.topic,
        }
        name, kind = f"{received.queue} process", SpanKind.CONSUMER
        with tracing.span(name, received.headers, kind=kind, attributes=about) as span:
            with structlog.contextvars.bound_contextvars(
                event_id=str(received.message_id), topic=received.topic
            ):
                outcome = await self._apply(received)
            span.set_attribute("holdfast.outcome", outcome)
        received.measure()
        return outcome

    async def _apply(self, received: Received) -> str:
        route = self.consumers.routes[received.queue].get(received.topic)
        if route is None:
            received.content()
            return "ignored"
        if route.caller is not None:
            return await self._fulfil(received, route)
        event = _event(received, route)
        ordering = {"sequence": received.sequence} if route.takes_sequence else {}

        async def apply(transaction: Transaction) -> None:
            await route.handler(transaction, event, **ordering)
            failpoint(f"consumer.before_commit.{received.queue}")

        claim = received.claim(route.lock and route.lock(event))
        return await self._once(claim, apply, received.cause)

    async def _once(self, claim: Claim, work: Work, cause: Cause) -> str:
        if (batches := self._batches.get(claim.consumer)) is not None:
            first = await batches.apply_once(claim, work, cause)
        else:
            first = await apply_once(self._database, claim, work, cause)
        return "applied" if first else "repeated"

    async def _fulfil(self, received: Received, route: Route) -> str:
        content = received.content()
        actor = _ACTOR.validate_python(content.get("actor"))
        looks_first = route.prepare is not None and route.prepares_once
        if looks_first and await handled(self._database, received.queue, received.message_id):
            return "repeated"
        try:
            return await self._commanded(received, route, actor, content.get("payload"))
        except Exception as error:
            problem = as_problem(error, self._rules)
            # Who asks too often is told so, and asks again: trying for them would be no limit.
            again = problem is not None and problem.retryable and problem.status != TOO_MANY
            if problem is None or (again and attempt(received.headers) <= RETRYABLE_TRIES):
                raise
            if self.consumers.service not in BY_SERVICE:
                raise
            about = subject_of(content.get("payload"))
            return await self._reject(received, actor, problem, about)

    async def _commanded(
        self, received: Received, route: Route, actor: DiscordActor, payload: Any
    ) -> str:
        command = route.model.model_validate(payload)
        caller: DiscordActor | Principal = actor
        if route.caller is Principal:
            caller = await principals.by_discord_id(self._database, actor)
            if self._quotas is not None and caller.user_id and attempt(received.headers) == 1:
                self._quotas.take_command(caller.user_id)
        who = getattr(caller, "user_id", "") or f"discord:{actor.discord_user_id}"
        async with _prepared(route, self._database, caller, command) as prepared:

            async def fulfil(transaction: Transaction) -> None:
                await route.handler(transaction, caller, command, *prepared)
                failpoint(f"consumer.before_commit.{received.queue}")

            claim = received.claim(route.lock and route.lock(command))
            cause = replace(received.cause, actor=who)
            return await self._once(claim, fulfil, cause)

    async def _reject(
        self, received: Received, actor: DiscordActor, problem: Problem, about: str
    ) -> str:
        rejected = BY_SERVICE[self.consumers.service](
            command_id=received.message_id,
            command=received.topic,
            discord_user_id=actor.discord_user_id,
            problem=problem.refusal(),
            about=about,
        )

        async def reject(transaction: Transaction) -> None:
            transaction.stage(rejected)

        outcome = await self._once(received.claim(), reject, received.cause)
        return "rejected" if outcome == "applied" else outcome


@asynccontextmanager
async def _prepared(route: Route, *asked: Any) -> AsyncIterator[list[Any]]:
    if route.prepare is None:
        yield []
        return
    async with route.prepare(*asked) as prepared:
        yield [prepared] if route.takes_prepared else []


def _event(received: Received, route: Route) -> Message:
    try:
        return route.model.model_validate_json(received.body)
    except ValidationError:
        received.content()  # says it better when it is no JSON object at all
        raise


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    """Hand the message itself to the subscriber: bytes are read where poison can be parked."""
    return message
