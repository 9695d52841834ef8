"""A virtual host that is lent to one test after the other is as good as a fresh one."""

import aio_pika
import pytest
from holdfast import topology
from holdfast.testbed import Brokers

QUEUE, WAITING = "escrow.commands", "holdfast.wait.10m"
SOON_S = 1.0


@pytest.fixture
def brokers(rabbitmq_url, rabbitmq_management_url):
    made = Brokers(rabbitmq_url, rabbitmq_management_url, SOON_S)
    yield made
    made.close()


async def fill(channel, *queues):
    for name in queues:
        message = aio_pika.Message(b"{}", delivery_mode=2)
        await channel.default_exchange.publish(message, name)


async def left_in(broker):
    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel()
        names = [it["name"] for it in broker.management.ask("GET", "/queues/{vhost}?columns=name")]
        found = [(await channel.get_queue(name)).declaration_result for name in names]
        assert len(found) > 10
        return sum(it.message_count + it.consumer_count for it in found)


async def test_what_one_left_behind_the_next_does_not_find(brokers):
    with brokers.lent() as lend:
        first = lend("escrow")
        connection = await aio_pika.connect(first.operator_url)
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            await fill(channel, QUEUE, QUEUE, f"{QUEUE}.parked", WAITING)
            held = await (await channel.get_queue(QUEUE)).get()
            assert not held.processed

    with brokers.lent() as lend:
        second = lend("escrow")
        assert second.vhost == first.vhost
        assert await left_in(second) == 0


async def test_two_at_once_and_other_services_get_others(brokers):
    with brokers.lent() as lend:
        lent = [lend("escrow"), lend("escrow"), lend("escrow", "notifier")]

    assert len({it.vhost for it in lent}) == 3


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_one_with_other_queues_is_not_lent_again(brokers, method):
    name = "one.more" if method == "PUT" else QUEUE
    with brokers.lent() as lend:
        first = lend("escrow")
        first.management.ask(method, f"/queues/{{vhost}}/{name}", {} if method == "PUT" else None)

    with brokers.lent() as lend:
        second = lend("escrow")
        assert second.vhost != first.vhost
        assert list(second.management.differences(topology.read().only(["escrow"]))) == []


async def test_one_that_somebody_still_listens_to_is_not_lent_again(brokers):
    with brokers.lent() as lend:
        first = lend("escrow")
        connection = await aio_pika.connect(first.operator_url)
        channel = await connection.channel()
        await (await channel.get_queue(QUEUE)).consume(fill)

    with brokers.lent() as lend:
        assert lend("escrow").vhost != first.vhost
    await connection.close()


async def test_nothing_is_left_when_it_is_closed(rabbitmq_url, rabbitmq_management_url):
    brokers = Brokers(rabbitmq_url, rabbitmq_management_url)
    with brokers.lent() as lend:
        lent = lend("escrow")
    brokers.close()

    assert lent.vhost not in {it["name"] for it in lent.management.ask("GET", "/vhosts")}
