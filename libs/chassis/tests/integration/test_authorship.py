"""Each service's own broker user tries to say each message there is, in every way that it can.

Twice: by the permissions as they are, and with a broker that forbids nothing, so that only the
consumers' own look at who said it stands between a forger and an effect.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from chassis.messaging.consumers import CANARY, Consumers
from chassis.ops.telemetry import FORGED
from chassis.storage.database import Database, Transaction
from chassis_builders import consuming, until
from contracts_schema import schemas
from contracts_schema.events.identity import RoleChanged
from contracts_schema.examples import example
from contracts_schema.message import DiscordActor, Message
from contracts_schema.speakers import SPEAKERS
from contracts_schema.wiring import Wire, wiring
from holdfast import topology
from holdfast.dlq import ParkedQueue

WHOLE = topology.read()
WIRES = wiring({"queues": [
    {"name": it.name, "exchange": it.exchange.removeprefix("holdfast."), "bindings": it.bindings}
    for it in WHOLE.queues
]})  # fmt: skip
SCHEMAS = schemas.generated()
VICTIM = "identity.role_changed.v1"
ids = count(1)


def body_of(wire: Wire) -> bytes:
    """A message that its consumer can read."""
    return json.dumps(example(SCHEMAS[wire.message.topic])).encode()


@dataclass
class Forger:
    """One broker user that publishes what it wants, and what became of it."""

    connection: AbstractConnection
    channel: AbstractChannel | None = None

    async def says(self, wire: Wire, key: str = "", exchange: str = "", **more: Any) -> UUID:
        """Publish and return the message's id; raises what the broker refuses it with."""
        if self.channel is None or self.channel.is_closed:
            self.channel = await self.connection.channel(on_return_raises=False)
        message_id = UUID(int=next(ids))
        properties = {"type": wire.message.topic, "headers": {}} | more
        message = aio_pika.Message(body_of(wire), message_id=str(message_id), **properties)
        target = await self.channel.get_exchange(exchange or wire.exchange, ensure=False)
        await target.publish(message, key or wire.message.topic, mandatory=False)
        return message_id

    async def is_refused(self, wire: Wire, **more: Any) -> bool:
        """Whether the broker does not take it."""
        try:
            await self.says(wire, **more)
        except (ChannelAccessRefused, ChannelPreconditionFailed):
            return True
        return False


@asynccontextmanager
async def forger(broker: Any, service: str) -> AsyncIterator[Forger]:
    """A connection as this service's user."""
    async with await aio_pika.connect(broker.url(service)) as connection:
        yield Forger(connection)


@dataclass
class Heard:
    """What consumers on every queue there is applied, and why they put the rest aside."""

    applied: list[tuple[UUID, str]] = field(default_factory=list)
    parked: dict[UUID, str] = field(default_factory=dict)


async def heard(broker: Any, db: Database) -> Heard:
    """Let all consumers of all services, on one database, work off what is there."""
    result = Heard()
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        while await waiting(channel):
            async with AsyncExitStack() as stack:
                for service in SPEAKERS:
                    own = noting(result, service)
                    await stack.enter_async_context(consuming(own, db, broker.url(service)))
                await until(lambda: _none_waits(channel), 120)
        for queue in WHOLE.queues:
            aside = await channel.get_queue(queue.parked, ensure=False)
            while (message := await aside.get(fail=False, no_ack=True)) is not None:
                result.parked[UUID(message.message_id)] = str(message.headers["x-error"])
    return result


async def waiting(channel: AbstractChannel) -> int:
    """How many messages wait to be taken."""
    names = [it.name for it in WHOLE.queues] + [topology.wait(it) for it in WHOLE.waits]
    looks = [await channel.declare_queue(name, passive=True) for name in names]
    return sum(it.declaration_result.message_count or 0 for it in looks)


async def _none_waits(channel: AbstractChannel) -> bool:
    return await waiting(channel) == 0


def noting(result: Heard, service: str) -> Consumers:
    """What the service takes, with handlers that only note what came."""
    consumers = Consumers(service)

    def note(transaction: Transaction, message: Message) -> None:
        result.applied.append((UUID(transaction.cause.causation_id), message.topic))

    async def event(transaction: Transaction, message: Message) -> None:
        note(transaction, message)

    def command(model: type[Message]) -> Any:
        async def ask(transaction: Transaction, caller: DiscordActor, message: Message) -> None:
            note(transaction, message)

        ask.__annotations__ = {"transaction": Transaction, "caller": DiscordActor, "message": model}
        return ask

    for queue in (it for it in WHOLE.queues if it.service == service):
        models = [it.message for it in WIRES if queue.name in it.queues]
        if queue.exchange == topology.EVENTS:
            consumers.events(queue.name, event, of=models)
        else:
            consumers.commands(queue.name, *map(command, models))
    return consumers


@pytest.fixture
def broker(broker_for):
    return broker_for()


@pytest.fixture
def open_broker(broker):
    """A broker that lets every service write anything anywhere, though not in another's name."""
    for service in SPEAKERS:
        place = "{vhost}/" + service
        everything = {"configure": "^$", "read": ".*", "write": ".*"}
        broker.management.ask("DELETE", f"/topic-permissions/{place}")
        broker.management.ask("PUT", f"/permissions/{place}", everything)
    yield broker
    broker.management.drop_vhost()
    broker.management.create_vhost()


def ways(wire: Wire, service: str) -> Iterator[dict[str, Any]]:
    """How a service can send what looks like this message of another's, besides plainly."""
    own = f"{SPEAKERS[service].events}.anything.v1"
    yield {"key": own, "headers": {"CC": [wire.message.topic]}}
    yield {"key": own, "headers": {"BCC": [wire.message.topic]}}
    for queue in wire.queues:
        if not queue.startswith(f"{service}."):
            back = {"exchange": "holdfast.wait.1s", "key": queue}
            yield back
            [author] = wire.publishers
            noted = {"x-author": author, "x-published-as": wire.message.topic}
            yield back | {"headers": noted}
            yield back | {"headers": noted, "exchange": "holdfast.return"}


def others(service: str) -> list[Wire]:
    """What the service may not say."""
    return [it for it in WIRES if service not in it.publishers]


def own(service: str) -> list[Wire]:
    """What it may."""
    return [it for it in WIRES if service in it.publishers]


def forged() -> float:
    """The alarm's count."""
    return sum(it.value for family in FORGED.collect() for it in family.samples)


@pytest.mark.abuse("B1")
@pytest.mark.parametrize("service", SPEAKERS)
async def test_the_broker_takes_from_each_service_only_what_it_may_say(broker, service):
    async with forger(broker, service) as user:
        for wire in own(service):
            assert not await user.is_refused(wire, user_id=service)
        for wire in others(service):
            [author] = wire.publishers
            for way in ({}, *ways(wire, service)):
                assert await user.is_refused(wire, **way), (wire.message.topic, way)
            assert await user.is_refused(own(service)[0], user_id=author)


@pytest.mark.abuse("B1")
@pytest.mark.parametrize("service", SPEAKERS)
async def test_a_consumer_believes_no_service_what_another_says(open_broker, db, service):
    sent, before = set(), forged()
    async with forger(open_broker, service) as user:
        for wire in others(service):
            for way in ({}, {"type": CANARY}, *ways(wire, service)):
                sent |= {await user.says(wire, **({"user_id": service} | way))}
            sent |= {await user.says(wire)}

    found = await heard(open_broker, db)

    assert found.applied == []
    assert sent == set(found.parked)
    assert all(it.startswith("Forged: ") for it in found.parked.values())
    assert forged() - before >= len(sent)
    assert await db.value("SELECT count(*) FROM inbox") == 0


@pytest.mark.abuse("B1")
@pytest.mark.parametrize("service", SPEAKERS)
async def test_a_consumer_believes_a_service_its_own_if_it_says_so_plainly(
    open_broker, db, service
):
    good, bad = {}, {}
    named = {"user_id": service}
    async with forger(open_broker, service) as user:
        for wire in own(service):
            topic = wire.message.topic
            other = VICTIM if topic != VICTIM else "identity.user_suspended.v1"
            good[await user.says(wire, **named)] = wire
            bad[await user.says(wire, headers={"CC": [f"{topic}.too"]}, **named)] = "CC header"
            bad[await user.says(wire, type=other, key=topic, **named)] = "calls itself"
            bad[await user.says(wire, type=None, key=topic, **named)] = "calls itself"
            bad[await user.says(wire)] = "not known"

    found = await heard(open_broker, db)

    expected = {(queue, it) for it, wire in good.items() for queue in wire.queues}
    applied = await db.rows("SELECT consumer, message_id FROM inbox")
    assert {(it["consumer"], it["message_id"]) for it in applied} == expected
    assert {it for it, _ in found.applied} == set(good)
    assert set(found.parked) == set(bad)
    assert all(why in found.parked[it] for it, why in bad.items())


@pytest.mark.abuse("B1")
async def test_what_was_parked_as_forged_is_forged_still_when_it_is_sent_again(open_broker, db):
    wire = next(it for it in WIRES if it.message.topic == VICTIM)
    async with forger(open_broker, "escrow") as user:
        sent = await user.says(wire, user_id="escrow")
        async with listening(open_broker, db, "listings"):
            queue = ParkedQueue.of(
                open_broker.operator_url, "listings.principals", open_broker.management
            )
            await until(lambda: queue.show(1))
            assert await queue.retry(lambda it: it == str(sent)) == 1
            await until(lambda: queue.show(1))

        [again] = await queue.show(10)
    assert "'escrow' may not publish" in again.error
    assert (again.headers["x-author"], again.headers["x-published-as"]) == ("escrow", VICTIM)
    assert await db.value("SELECT count(*) FROM inbox") == 0


async def test_what_failed_and_was_parked_is_applied_when_an_operator_sends_it_again(broker, db):
    wire = next(it for it in WIRES if it.message.topic == VICTIM)
    async with forger(broker, "identity") as user:
        sent = await user.says(wire, user_id="identity", headers={"x-attempt": 6})
    refusing = Consumers("listings")

    async def refuse(transaction: Transaction, event: RoleChanged) -> None:
        raise OSError("not now")

    refusing.events("listings.principals", refuse)
    queue = ParkedQueue.of(broker.operator_url, "listings.principals", broker.management)
    async with consuming(refusing, db, broker.url("listings")):
        await until(lambda: queue.show(1))
    async with listening(broker, db, "listings") as result:
        await queue.retry(lambda it: it == str(sent))
        await until(lambda: result.applied)

    assert set(result.applied) == {(sent, VICTIM)}


@asynccontextmanager
async def listening(broker: Any, db: Database, service: str) -> AsyncIterator[Heard]:
    """One service's consumers, while the block runs."""
    result = Heard()
    async with consuming(noting(result, service), db, broker.url(service)):
        yield result
