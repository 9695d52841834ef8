"""What a service's broker user may do, on the real broker: read its own queues, say its own."""

import aio_pika
import pytest
from aio_pika.exceptions import ChannelClosed
from aiormq.exceptions import ChannelAccessRefused
from holdfast import topology
from holdfast.services import SERVICES

NAMES = [it.name for it in SERVICES]
EXCHANGES = ("holdfast.events", "holdfast.commands")
OWN = "escrow.commands"


@pytest.fixture
def broker(broker_for):
    return broker_for()


def queues(broker):
    """Every queue there is: those that are consumed, those that wait, and the dead letters."""
    return sorted(it["name"] for it in broker.management.ask("GET", "/queues/{vhost}"))


async def refused(connection, attempt):
    """Whether the broker refuses what is attempted on a channel of its own."""
    channel = await connection.channel(publisher_confirms=True)
    try:
        await attempt(channel)
    except ChannelAccessRefused:
        return True
    except ChannelClosed as other:
        raise AssertionError(f"closed for another reason: {other}") from other
    await channel.close()
    return False


def reading(name):
    """An attempt to take a message from this queue."""

    async def attempt(channel):
        queue = await channel.get_queue(name, ensure=False)
        await queue.get(fail=False, no_ack=True)

    return attempt


@pytest.mark.abuse("B2")
@pytest.mark.parametrize("service", NAMES)
async def test_a_service_reads_its_own_queues_and_no_other(broker, service):
    own = {it.name for it in topology.read().queues if it.service == service}
    everything = queues(broker)

    async with await aio_pika.connect(broker.url(service)) as connection:
        readable = {name for name in everything if not await refused(connection, reading(name))}

    assert own <= set(everything)
    assert readable == own


CHANGES = {
    "declare a queue": lambda channel: channel.declare_queue("escrow.made", durable=True),
    "declare an exchange": lambda channel: channel.declare_exchange("holdfast.made"),
    "delete its own queue": lambda channel: channel.queue_delete(OWN),
    "delete an exchange": lambda channel: channel.exchange_delete("holdfast.events"),
    "bind its own queue to more": lambda channel: _bind(channel, OWN, "holdfast.events"),
    "unbind its own queue": lambda channel: _unbind(channel, OWN, "holdfast.commands"),
    "hear everything": lambda channel: _bind(channel, OWN, "amq.rabbitmq.trace"),
    "send past the exchanges": lambda channel: channel.default_exchange.publish(
        aio_pika.Message(b"{}"), "listings.commands"
    ),
}


async def _bind(channel, queue, exchange):
    it = await channel.get_queue(queue, ensure=False)
    await it.bind(exchange, "#")


async def _unbind(channel, queue, exchange):
    it = await channel.get_queue(queue, ensure=False)
    await it.unbind(exchange, "escrow.#")


@pytest.mark.abuse("B2")
@pytest.mark.parametrize("change", CHANGES)
async def test_a_service_changes_nothing_of_the_topology(broker, change):
    async with await aio_pika.connect(broker.url("escrow")) as connection:
        assert await refused(connection, CHANGES[change])

    assert list(broker.management.differences(topology.read())) == []
